import Glibc

/// A decaying average of latencies that follows a rise at once and a fall slowly.
///
/// The algorithm is Finagle's "peak EWMA" (twitter/finagle, `com.twitter.finagle.loadbalancer.PeakEwma`): an observation above
/// the average replaces it; one below pulls it down by `1 - exp(-elapsed / decay)`, where `elapsed` is the time since the
/// last one, because observations are not evenly spaced. A deployment that is left alone becomes cheaper with time, and so
/// gets the chance to show that it has recovered.
package struct PeakEWMA: Sendable {
    /// The mean lifetime of an observation.
    package static let decay: Duration = .seconds(10)

    /// In seconds, as of `stamp`.
    private var average: Double = 0
    private var stamp: ContinuousClock.Instant?

    package init() {}

    /// Takes a latency in seconds. Times may arrive slightly out of order; an earlier one counts as the latest one seen.
    package mutating func observe(_ seconds: Double, now: ContinuousClock.Instant) {
        guard seconds.isFinite, seconds >= 0 else { return }
        let kept = Self.kept(after: elapsed(now))
        average = seconds > average ? seconds : average * kept + seconds * (1 - kept)
        stamp = stamp.map { max($0, now) } ?? now
    }

    /// The average in seconds, decayed towards zero since the last observation; 0 before the first one.
    package func value(now: ContinuousClock.Instant) -> Double {
        average == 0 ? 0 : average * Self.kept(after: elapsed(now))
    }

    private func elapsed(_ now: ContinuousClock.Instant) -> Duration {
        stamp.map { max(.zero, $0.duration(to: now)) } ?? .zero
    }

    /// The share of an average that time has left of it.
    private static func kept(after elapsed: Duration) -> Double { exp(-(elapsed / decay)) }
}
