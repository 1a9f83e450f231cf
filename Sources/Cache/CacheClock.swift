import Foundation
package import Gateway

/// The two times that the cache goes by.
package struct CacheClock: Sendable {
    /// For everything inside of the process.
    package let now: @Sendable () -> Instant
    /// Milliseconds since 1970, for what other processes read.
    package let wall: @Sendable () -> Int64

    package init(now: @escaping @Sendable () -> Instant, wall: @escaping @Sendable () -> Int64) {
        self.now = now
        self.wall = wall
    }

    /// The machine's own.
    package static let system = CacheClock(
        now: { ContinuousClock.now }, wall: { Int64(Date().timeIntervalSince1970 * 1000) })

    /// An answer with its times on this process's clock; nil when its life is over. A clock that another process had ahead
    /// of ours makes no answer younger than new, and none live longer than it said.
    ///
    /// - Parameter limit: what the store says of its remaining life.
    func resident(_ answer: CachedAnswer, atMost limit: Duration? = nil) -> Resident? {
        let now = now()
        let (age, overflow) = wall().subtractingReportingOverflow(answer.createdAt)
        guard !overflow else { return nil }
        let lived = Duration.milliseconds(max(0, age))
        let remaining = min(answer.life - lived, limit ?? answer.life)
        guard remaining > .zero else { return nil }
        return Resident(answer: answer, born: now - lived, freshUntil: now + remaining)
    }
}
