/// Calls and faults of the last while: a ring of 60 buckets, so its memory and its cost per call do not grow with traffic.
///
/// A call is forgotten when its bucket leaves the ring, which is after 59 to 60 sixtieths of the length: never later than the
/// length says.
struct BreakerWindow: Sendable {
    private struct Bucket: Sendable {
        var calls = 0
        var faults = 0

        mutating func subtract(_ other: Self) {
            calls -= other.calls
            faults -= other.faults
        }
    }

    private static let bucketCount = 60

    private let bucketNanoseconds: Int64
    private var buckets = [Bucket](repeating: Bucket(), count: bucketCount)
    /// Kept beside the ring, so that no call has to add it up.
    private var total = Bucket()
    /// The time that bucket numbers count from: the first call's; nil while the window is empty.
    private var origin: ContinuousClock.Instant?
    private var newest: Int64 = 0

    init(length: Duration) {
        bucketNanoseconds = max(1, length.nanoseconds / Int64(Self.bucketCount))
    }

    mutating func record(isFault: Bool, now: ContinuousClock.Instant) {
        advance(to: now)
        if origin == nil { origin = now }
        let index = slot(newest)
        buckets[index].calls += 1
        total.calls += 1
        guard isFault else { return }
        buckets[index].faults += 1
        total.faults += 1
    }

    func counts(now: ContinuousClock.Instant) -> (calls: Int, faults: Int) {
        var sum = total
        for number in stale(now: now) { sum.subtract(buckets[slot(number)]) }
        return (sum.calls, sum.faults)
    }

    mutating func clear() {
        for index in buckets.indices { buckets[index] = Bucket() }
        total = Bucket()
        origin = nil
        newest = 0
    }

    private mutating func advance(to now: ContinuousClock.Instant) {
        for number in stale(now: now) {
            total.subtract(buckets[slot(number)])
            buckets[slot(number)] = Bucket()
        }
        newest = max(newest, bucketNumber(now))
    }

    /// The numbers whose slots hold buckets that have left the ring by now: after a long gap all of them, each once.
    private func stale(now: ContinuousClock.Instant) -> ClosedRange<Int64>.SubSequence {
        let passed = min(max(bucketNumber(now) - newest, 0), Int64(Self.bucketCount))
        return (newest + 1...newest + Int64(Self.bucketCount)).prefix(Int(passed))
    }

    private func bucketNumber(_ now: ContinuousClock.Instant) -> Int64 {
        guard let origin else { return 0 }
        return origin.duration(to: now).nanoseconds / bucketNanoseconds
    }

    private func slot(_ number: Int64) -> Int { Int(number % Int64(Self.bucketCount)) }
}

extension Duration {
    /// Whole nanoseconds; good for 292 years.
    fileprivate var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
