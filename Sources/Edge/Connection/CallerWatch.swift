import Synchronization

/// Tells a connection's task that its client has left, so that everything done for that client ends with it.
///
/// The channel's handlers see the socket; the task only waits here. One signal, one waiter.
final class CallerWatch: Sendable {
    private enum State {
        /// → `waiting` or `over`.
        case present
        /// → `over`, waking the waiter.
        case waiting(UnsafeContinuation<Void, Never>)
        /// The client left, or the connection has ended by itself.
        case over
    }

    private let state = Mutex(State.present)

    /// The client left, or there is nothing left to watch.
    func end() {
        let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            defer { state = .over }
            if case .waiting(let waiter) = state { return waiter }
            return nil
        }
        waiter?.resume()
    }

    /// Suspends until ``end()``, or until the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let isOver = state.withLock { state in
                    if case .over = state { return true }
                    state = .waiting(continuation)
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            end()
        }
    }
}
