/// How far one model's own count of prompt tokens is from the estimate: an average of what its provider reported, the newest
/// counting most.
package struct TokenCorrection: Sendable, Equatable {
    /// Reported tokens ÷ estimated ones; 1 while nothing was reported.
    package private(set) var factor = 1.0
    private var count = 0

    package init() {}

    /// What the factor is held to: beyond it, the estimate and the report speak of different things.
    package static let bounds = 0.5...2.0
    /// Prompts below this are mostly the provider's own framing and prove nothing.
    package static let leastTokens = 64
    /// How much a report counts once there are many; the first ones count more.
    private static let share = 0.1

    /// Notes what a provider reported for a prompt.
    package mutating func observe(estimated: Int, reported: Int) {
        guard estimated >= Self.leastTokens, reported > 0 else { return }
        let ratio = min(max(Double(reported) / Double(estimated), Self.bounds.lowerBound), Self.bounds.upperBound)
        count = min(count + 1, 1_000_000)
        factor += (ratio - factor) * max(Self.share, 1 / Double(count))
    }

    /// The estimate as this model would count it.
    package func corrected(_ estimated: Int) -> Int { Self.corrected(estimated, by: factor) }

    package static func corrected(_ estimated: Int, by factor: Double) -> Int {
        // A double counts every token of a prompt that fits any memory.
        Int((Double(estimated) * factor).rounded(.up))
    }
}
