/// The last few times of something, for percentiles: a ring, so that its memory and its cost per call do not grow with
/// traffic, and exact over what it holds.
struct RecentTimes: Sendable {
    /// Enough for a steady 95th percentile (13 values lie above it), few enough to forget yesterday's provider.
    static let limit = 256

    private var ring: [Duration] = []
    /// The oldest value's place once the ring is full.
    private var oldest = 0

    mutating func record(_ time: Duration) {
        guard ring.count == Self.limit else {
            ring.append(time)
            return
        }
        ring[oldest] = time
        oldest = (oldest + 1) % Self.limit
    }

    mutating func removeAll() {
        ring.removeAll()
        oldest = 0
    }

    /// The middle and the slow end of what it holds; nil while that is nothing.
    var percentiles: BreakerReport.Percentiles? {
        guard !ring.isEmpty else { return nil }
        let sorted = ring.sorted()
        // Nearest rank: the smallest value that at least that share of all values does not exceed.
        func value(atPercent percent: Int) -> Duration { sorted[max((sorted.count * percent + 99) / 100, 1) - 1] }
        return .init(count: sorted.count, p50: value(atPercent: 50), p95: value(atPercent: 95))
    }
}
