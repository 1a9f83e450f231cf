import Glibc

/// The slow end of how long one deployment takes to its first content: a histogram, so that its memory and its cost per call do
/// not grow with traffic, whose values fade, so that it forgets yesterday's provider.
///
/// A value of `age` has the weight 2^(-age / ``halfLife``). Weights are kept as of a fixed origin and grow with newer values, which
/// is the same and touches one bucket a value ("forward decay": Cormode, Shkapenyuk, Srivastava, Xu 2009).
package struct TailLatency: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package static let halfLife: Duration = .seconds(300)
    /// The weight of all values below which the slow end is anybody's guess.
    package static let leastWeight: Double = 16

    /// Bounds lie 9 % apart, from a millisecond to more than an hour.
    private static let bucketsPerOctave: Double = 8
    private static let bucketCount = 178
    /// Exponents beyond this are taken out of the weights, long before they leave the range of numbers.
    private static let exponentLimit: Double = 64

    /// By bucket; empty before the first value.
    private var weights: [Double] = []
    private var total: Double = 0
    private var origin: Instant?

    package init() {}

    /// Takes a time in seconds.
    package mutating func observe(_ seconds: Double, now: Instant) {
        guard seconds.isFinite, seconds >= 0 else { return }
        add(Self.bucket(of: seconds), now: now)
    }

    /// Takes that a first content was not there after so many seconds, when nobody waited longer.
    ///
    /// Whether the real time lies above or below the 95th percentile is all that counts for it. From the percentile on that is
    /// known, and leaving such values out would pull the percentile down to what is left. Of a shorter wait it is not: it says
    /// nothing.
    package mutating func observe(atLeast seconds: Double, now: Instant) {
        guard seconds.isFinite, let tail = tailBucket(now: now), Self.bucket(of: seconds) >= tail else { return }
        add(Self.bucket(of: seconds), now: now)
    }

    /// The time that 95 of 100 first contents take at most, up to 9 % more; nil while too little is known.
    package func p95(now: Instant) -> Duration? {
        tailBucket(now: now).map { .seconds(Self.upperBound(of: $0)) }
    }

    private mutating func add(_ bucket: Int, now: Instant) {
        if weights.isEmpty { weights = Array(repeating: 0, count: Self.bucketCount) }
        if origin == nil { origin = now }
        if exponent(now) > Self.exponentLimit { rebase(now) }
        let weight = exp2(exponent(now))
        weights[bucket] += weight
        total += weight
    }

    /// The same weights as of another origin.
    private mutating func rebase(_ now: Instant) {
        let factor = exp2(-exponent(now))
        for index in weights.indices { weights[index] *= factor }
        total *= factor
        origin = now
    }

    /// Half-lives since the origin.
    private func exponent(_ now: Instant) -> Double { origin.map { $0.duration(to: now) / Self.halfLife } ?? 0 }

    /// The lowest bucket that has 95 of 100 values in it or below.
    private func tailBucket(now: Instant) -> Int? {
        guard total > 0, total * exp2(-exponent(now)) >= Self.leastWeight else { return nil }
        var above: Double = 0
        for bucket in weights.indices.reversed() {
            above += weights[bucket]
            if above > total * 0.05 { return bucket }
        }
        return 0
    }

    private static func bucket(of seconds: Double) -> Int {
        guard seconds >= 0.001 else { return 0 }
        return min(Int(log2(seconds * 1000) * bucketsPerOctave) + 1, bucketCount - 1)
    }

    private static func upperBound(of bucket: Int) -> Double { exp2(Double(bucket) / bucketsPerOctave) / 1000 }
}
