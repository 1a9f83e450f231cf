/// Which of a plan's attempts is to be made next: a cursor that only moves forwards, within the budget of attempts.
package struct AttemptCourse: Sendable {
    private let attempts: [Plan.Attempt]
    private let limit: Int
    private var index = 0
    private var made = 0
    /// Whether ``next`` asks a deployment that was just asked once more.
    package private(set) var isRetry = false

    /// - Parameter limit: most attempts, retries included.
    package init(_ attempts: [Plan.Attempt], limit: Int) {
        self.attempts = attempts
        self.limit = limit
    }

    /// The attempt to make; nil when the plan or the budget is used up.
    package var next: Plan.Attempt? { index < attempts.count && made < limit ? attempts[index] : nil }

    /// Whether another one could still follow the attempt that was begun.
    package var hasAlternative: Bool { index + 1 < attempts.count && made < limit }

    /// ``next`` is being made.
    package mutating func begin() { made += 1 }

    /// ``next`` cannot be made now.
    package mutating func passOver() { (index, isRetry) = (index + 1, false) }

    /// Moves on behind an attempt that failed.
    package mutating func follow(_ next: RetryRule.Next) {
        switch next {
        case .again: isRetry = true
        case .next: passOver()
        case .nextLarger: (index, isRetry) = (indexOfLarger(), false)
        case .stop: index = attempts.count
        }
    }

    private func indexOfLarger() -> Int {
        guard index < attempts.count else { return index }
        let model = attempts[index].model
        let window = model.inputWindow ?? 0
        return attempts.indices.dropFirst(index + 1).first {
            (attempts[$0].model.inputWindow ?? .max) > window && attempts[$0].model.name != model.name
        } ?? attempts.count
    }
}
