import NIOConcurrencyHelpers

/// A value behind a lock whose changes can be awaited: the one primitive under every wait of the test kit.
///
/// A waiter is a closure that looks at the value (and may take something out of it) after each change; the change that
/// satisfies it resumes it. No polling, no lost wake-up: looking and registering happen under one lock, and waiters are
/// resumed after it is released. The lock is NIO's, because thread sanitizer does not understand `Mutex` when it is
/// contended and reports races where there are none.
package final class Watched<Value: Sendable>: Sendable {
    private typealias Action = @Sendable () -> Void

    private struct Waiter: Sendable {
        let ticket: Int
        /// Looks at the value; returns what to run after the lock is released when it found what it waits for.
        let look: @Sendable (inout Value) -> Action?
        let cancel: Action
    }

    private struct State: Sendable {
        var value: Value
        var waiters: [Waiter] = []
        var nextTicket = 0
        /// Tickets whose task was cancelled before its waiter was registered.
        var cancelledEarly: Set<Int> = []

        mutating func satisfied() -> [Action] {
            var actions: [Action] = []
            var left: [Waiter] = []
            for waiter in self.waiters {
                if let action = waiter.look(&self.value) { actions.append(action) } else { left.append(waiter) }
            }
            self.waiters = left
            return actions
        }
    }

    private let state: NIOLockedValueBox<State>

    package init(_ value: Value) {
        self.state = NIOLockedValueBox(State(value: value))
    }

    /// A snapshot of the value.
    package var value: Value { self.state.withLockedValue { $0.value } }

    /// Changes the value and resumes the waiters that the change satisfies.
    @discardableResult
    package func update<Result: Sendable>(_ change: (inout Value) -> Result) -> Result {
        let (result, actions) = self.state.withLockedValue { state in
            let result = change(&state.value)
            return (result, state.satisfied())
        }
        for action in actions { action() }
        return result
    }

    /// Suspends until `look` returns a value or throws. It runs under the lock, now and after every change, so it
    /// must be quick and must not touch this object. Throws `CancellationError` when the task is cancelled first, and
    /// ``TimeLimitExceeded`` with `what` after `limit`.
    package func wait<Found: Sendable>(
        _ what: @autoclosure @escaping @Sendable () -> String,
        limit: Duration = .seconds(10),
        until look: @escaping @Sendable (inout Value) throws -> Found?
    ) async throws -> Found {
        if let found = try self.lookNow(look) { return found }
        return try await withHardLimit(what(), limit: limit) { try await self.waitForever(until: look) }
    }

    /// Runs `action` once, as soon as `isReached` is true: at once when it already is. For event loops, which cannot
    /// await.
    package func whenever(_ isReached: @escaping @Sendable (Value) -> Bool, run action: @escaping @Sendable () -> Void)
    {
        let isNow = self.state.withLockedValue { state in
            if isReached(state.value) { return true }
            state.nextTicket += 1
            let waiter = Waiter(ticket: state.nextTicket, look: { isReached($0) ? action : nil }, cancel: {})
            state.waiters.append(waiter)
            return false
        }
        if isNow { action() }
    }

    private func lookNow<Found: Sendable>(_ look: @Sendable (inout Value) throws -> Found?) throws -> Found? {
        try self.state.withLockedValue { try look(&$0.value) }
    }

    private func waitForever<Found: Sendable>(
        until look: @escaping @Sendable (inout Value) throws -> Found?
    ) async throws -> Found {
        let ticket = self.state.withLockedValue { state in
            state.nextTicket += 1
            return state.nextTicket
        }
        defer { self.state.withLockedValue { _ = $0.cancelledEarly.remove(ticket) } }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                self.register(ticket, look, continuation)
            }
        } onCancel: {
            self.cancel(ticket)
        }
    }

    private func register<Found: Sendable>(
        _ ticket: Int, _ look: @escaping @Sendable (inout Value) throws -> Found?,
        _ continuation: CheckedContinuation<Found, any Error>
    ) {
        let waiter = Waiter(
            ticket: ticket,
            look: { value in
                do {
                    guard let found = try look(&value) else { return nil }
                    return { continuation.resume(returning: found) }
                } catch {
                    return { continuation.resume(throwing: error) }
                }
            },
            cancel: { continuation.resume(throwing: CancellationError()) })
        let action: Action? = self.state.withLockedValue { state in
            if let action = waiter.look(&state.value) { return action }
            if state.cancelledEarly.remove(ticket) != nil { return waiter.cancel }
            state.waiters.append(waiter)
            return nil
        }
        action?()
    }

    private func cancel(_ ticket: Int) {
        let action: Action? = self.state.withLockedValue { state in
            guard let index = state.waiters.firstIndex(where: { $0.ticket == ticket }) else {
                state.cancelledEarly.insert(ticket)
                return nil
            }
            return state.waiters.remove(at: index).cancel
        }
        action?()
    }
}
