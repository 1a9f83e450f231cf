import Synchronization

/// A port that is known later: waiters suspend until it is resolved.
///
/// The last resolution wins, so a provider that has stopped doesn't keep naming a port that is free for others.
final class BoundPort: Sendable {
    private typealias Waiter = CheckedContinuation<Int, any Error>

    private struct State {
        var outcome: Result<Int, any Error>?
        var waiters: [UInt64: Waiter] = [:]
        var nextID: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Answers everyone who waits now or later.
    func resolve(_ outcome: Result<Int, any Error>) {
        let waiters = state.withLock { state in
            state.outcome = outcome
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(with: outcome) }
    }

    /// Suspends until the port is resolved or the caller is cancelled.
    func wait() async throws -> Int {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                let outcome = enqueue(waiter, as: id)
                if let outcome { waiter.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
            waiter?.resume(throwing: CancellationError())
        }
    }

    /// Keeps the waiter, or says at once what to resume it with.
    ///
    /// Looking at `isCancelled` under the lock closes the gap in which `onCancel` ran before the waiter was there.
    private func enqueue(_ waiter: Waiter, as id: UInt64) -> Result<Int, any Error>? {
        state.withLock { state in
            if let outcome = state.outcome { return outcome }
            if Task.isCancelled { return .failure(CancellationError()) }
            state.waiters[id] = waiter
            return nil
        }
    }
}
