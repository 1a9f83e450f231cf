/// Which of a plan's attempts is to be made next: a cursor that only moves forwards, within the budget of attempts.
package struct AttemptCourse: Sendable {
    private var attempts: [Plan.Attempt]
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

    /// Those that could still follow the attempt that was begun.
    package var alternatives: ArraySlice<Plan.Attempt> { hasAlternative ? attempts[(index + 1)...] : [] }

    /// One of the ``alternatives`` is being made beside the attempt that was begun, and follows it no more.
    ///
    /// - Parameter offset: its place among them, from 0.
    /// - Returns: the course to go on with if it is the one that answers: the attempt that was begun has not failed, and comes next.
    package mutating func hedge(with offset: Int) -> AttemptCourse {
        let hedge = attempts.remove(at: index + 1 + offset)
        made += 1
        var other = self
        other.attempts.insert(hedge, at: index)
        other.isRetry = false
        return other
    }

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
