/// What follows a failed attempt while nothing has reached the caller.
package enum RetryRule {
    package enum Next: Equatable, Sendable {
        /// The same deployment once more, after this wait.
        case again(after: Duration)
        /// The plan's next attempt.
        case next
        /// The plan's next attempt whose model reads more than this one does.
        case nextLarger
        /// No attempt can help.
        case stop
    }

    /// The longest `Retry-After` that is waited out; a longer one fails over at once.
    package static let retryAfterPatience: Duration = .seconds(3)
    /// The upper end of the random wait before a retry that the provider did not time itself.
    package static let backoff: Duration = .milliseconds(250)

    /// - Parameters:
    ///   - fault: how the attempt failed.
    ///   - retryAfter: the wait that the provider asked for.
    ///   - wasRetried: whether this deployment was asked twice already: it is never asked three times.
    ///   - jitter: 0..<1; the whole wait is random ("full jitter"), so that many callers don't come back at once.
    package static func next(after fault: Fault, retryAfter: Duration?, wasRetried: Bool, jitter: Double) -> Next {
        switch fault.meaning.remedy {
        case .giveUp: return .stop
        case .goElsewhere: return .next
        case .goLarger: return .nextLarger
        case .retryHere:
            if wasRetried { return .next }
            guard let retryAfter else { return fault == .rateLimited ? .next : .again(after: backoff * jitter) }
            // Exactly as long as asked for, never shorter.
            return retryAfter <= retryAfterPatience ? .again(after: retryAfter) : .next
        }
    }
}
