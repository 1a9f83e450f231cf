package import Gateway

/// How long to wait before each attempt to connect: it never gives up, and never tries in a busy loop.
///
/// Steps double from 50 ms to 2 s and begin anew after a connection that lived. The wait is drawn from the whole step on top
/// of its floor, so that many replicas do not come back to a Redis at the same moment.
package struct ReconnectMachine: Sendable {
    /// The waits.
    package struct Settings: Sendable {
        /// The shortest wait, and the first step.
        package var floor = Duration.milliseconds(50)
        /// The longest wait.
        package var ceiling = Duration.seconds(2)
        /// A connection that lasted as long has proven that the way is good.
        package var proof = Duration.seconds(5)
        /// Between attempts that can only succeed after somebody has mended something: from this to twice of it.
        package var slow = Duration.seconds(5)

        package init() {}
    }

    private let settings: Settings
    /// Attempts since the last proof.
    private var failures = 0
    private var openedAt: Instant?

    package init(_ settings: Settings = Settings()) { self.settings = settings }

    /// A connection stands, and commands are answered.
    package mutating func opened(at now: Instant) { openedAt = now }

    /// The attempt failed, or the connection ended.
    ///
    /// - Parameters:
    ///   - needsMend: only a person can make the next attempt succeed.
    ///   - random: from 0 to 1.
    /// - Returns: how long to wait before the next attempt.
    package mutating func lost(at now: Instant, needsMend: Bool = false, random: Double) -> Duration {
        if let openedAt, now - openedAt >= settings.proof { failures = 0 }
        openedAt = nil
        if needsMend { return settings.slow + settings.slow * random }
        // Beyond this many doublings the ceiling is reached from any floor that is worth setting.
        let step = settings.floor * Double(1 << min(failures, 20))
        failures += 1
        return settings.floor + min(step, settings.ceiling - settings.floor) * random
    }
}
