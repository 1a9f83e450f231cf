import Core
import Gateway
import NIOCore
import Synchronization

/// One call: the engine's thread fills its mailbox, one reader empties it.
final class Transfer: Sendable {
    let call: UpstreamCall
    let endpoint: Endpoint
    private let inbox: Inbox
    private let state: Mutex<State>

    private struct State {
        var mailbox: Mailbox
        var waiter: UnsafeContinuation<Void, Never>?
    }

    init(_ call: UpstreamCall, endpoint: Endpoint, inbox: Inbox) {
        self.call = call
        self.endpoint = endpoint
        self.inbox = inbox
        state = Mutex(State(mailbox: Mailbox(isStream: call.isStream)))
    }

    var head: Mailbox.Head? { state.withLock { $0.mailbox.head } }

    // MARK: The engine's side

    func deliver(_ chunk: UnsafeRawBufferPointer, head: @autoclosure () -> Mailbox.Head) -> Mailbox.Delivery {
        var delivery = Mailbox.Delivery.taken
        changeAndWake { delivery = $0.deliver(chunk, head: head()) }
        return delivery
    }

    func end(_ result: Result<Void, UpstreamFailure>, head: @autoclosure () -> Mailbox.Head) {
        changeAndWake { $0.end(result, head: head()) }
    }

    /// Fails a call that never reached a provider.
    func fail(_ failure: UpstreamFailure) {
        changeAndWake { $0.end(.failure(failure), head: Mailbox.Head(status: 0)) }
    }

    /// Ends the wait of a reader that waited too long. True when nobody reads and the transfer is to be removed.
    func expire(now: Instant) -> Bool {
        var isExpired = false
        changeAndWake { isExpired = $0.expire(now: now) }
        return isExpired
    }

    /// Whether body bytes have arrived.
    var hasBody: Bool { state.withLock { $0.mailbox.hasBody } }

    // MARK: The reader's side

    /// Suspends until there is something to take, and takes it.
    func take(by deadline: Instant) async throws -> ByteBuffer? {
        while true {
            switch state.withLock({ $0.mailbox.take() }) {
            case .bytes(let bytes, let resumes):
                if resumes { inbox.post(.resume(self)) }
                return bytes
            case .end: return nil
            case .failure(let failure): throw failure
            case .late: throw UpstreamFailure.late
            case .cancelled: throw CancellationError()
            case .nothing: await park(until: deadline)
            }
        }
    }

    /// Suspends until the answer's head is known: at a stream's first bytes, or at the end.
    func waitForHead(by deadline: Instant) async throws {
        while true {
            let (head, isReady) = state.withLock { ($0.mailbox.takeHead(), $0.mailbox.isReady) }
            if isReady {
                if head != nil { return }
                // Without a head only a failure or a cancellation can have ended it.
                _ = try await take(by: deadline)
            } else {
                await park(until: deadline)
            }
        }
    }

    /// The reader wants no more, but the connection may be worth keeping: what still comes is dropped for a moment.
    func discard() {
        let tellsEngine = state.withLock { $0.mailbox.discard(until: .now.advanced(by: .seconds(1))) }
        if tellsEngine { inbox.post(.resume(self)) }
    }

    /// The reader left: the transfer is removed, and its connection with it.
    func cancel() {
        var tellsEngine = false
        changeAndWake { tellsEngine = $0.cancel() }
        if tellsEngine { inbox.post(.cancel(self)) }
    }

    private func park(until deadline: Instant, isolation: isolated (any Actor)? = #isolation) async {
        await withTaskCancellationHandler {
            // Only a closure that names its isolation stays on it; another would take two turns of the shared pool.
            _ = isolation
            await withUnsafeContinuation(isolation: isolation) { continuation in
                let isReady = state.withLock { state in
                    state.mailbox.wait(until: deadline)
                    if !state.mailbox.isReady { state.waiter = continuation }
                    return state.mailbox.isReady
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Changes the mailbox and, outside the lock, wakes the reader if there is something for it.
    private func changeAndWake(_ change: (inout Mailbox) -> Void) {
        let waiter = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            change(&state.mailbox)
            guard state.mailbox.isReady else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}

/// A transfer as its reader holds it, before its answer has begun and after; letting go of it cancels the transfer.
final class CurlReply: BegunCall, ProviderReply {
    private let transfer: Transfer

    init(_ transfer: Transfer) { self.transfer = transfer }

    deinit { transfer.cancel() }

    func reply(by deadline: Instant) async throws -> any ProviderReply {
        try await transfer.waitForHead(by: deadline)
        return self
    }

    var status: Int { transfer.head?.status ?? 0 }
    var retryAfter: Duration? { transfer.head?.retryAfter }
    var isEventStream: Bool { transfer.head?.contentType?.lowercased().hasPrefix("text/event-stream") ?? true }

    func next(by deadline: Instant) async throws -> ByteBuffer? { try await transfer.take(by: deadline) }

    func finish() { transfer.discard() }
}
