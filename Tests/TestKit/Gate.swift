/// A door that starts closed, is opened once and stays open: how tests and scripts tell one another "go on" or "I am
/// here" without sleeping.
///
/// Any number of tasks may wait; opening twice is harmless.
package final class Gate: Sendable, CustomStringConvertible {
    private let opened = Watched(false)
    /// Says which gate it was when a wait runs into its limit.
    package let name: String

    package init(_ name: String = "gate") {
        self.name = name
    }

    package var description: String { "\(self.name) (\(self.isOpen ? "open" : "closed"))" }

    package var isOpen: Bool { self.opened.value }

    /// Opens the gate and resumes everything that waits for it.
    package func open() {
        self.opened.update { $0 = true }
    }

    /// Suspends until the gate is open. Throws `CancellationError` when the task is cancelled first, and
    /// ``TimeLimitExceeded`` after `limit`.
    package func wait(limit: Duration = .seconds(10)) async throws {
        try await self.opened.wait("opening of \(self.name)", limit: limit) { $0 ? () : nil }
    }

    /// Runs `action` once when the gate is open, on the opener's thread, or at once when it is open already.
    package func whenOpen(_ action: @escaping @Sendable () -> Void) {
        self.opened.whenever({ $0 }, run: action)
    }
}
