import Synchronization

/// A clock that moves only when the test moves it, for machines that are handed the time rather than asking for it.
package final class ManualTime: Sendable {
    private let instant: Mutex<ContinuousClock.Instant>

    /// Starts at an arbitrary instant; only differences mean anything.
    package init(_ start: ContinuousClock.Instant = .now) {
        self.instant = Mutex(start)
    }

    package var now: ContinuousClock.Instant { self.instant.withLock { $0 } }

    /// Moves the clock on and returns the new time. Time never runs backwards.
    @discardableResult
    package func advance(by step: Duration) -> ContinuousClock.Instant {
        precondition(step >= .zero, "time runs forwards only")
        return self.instant.withLock { instant in
            instant += step
            return instant
        }
    }
}
