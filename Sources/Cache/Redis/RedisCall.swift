import NIOCore
import Synchronization

/// Commands that are sent together, and the one task that waits for their replies. It ends once, by whatever comes first:
/// the replies, its deadline, the end of the connection, or the end of the task.
final class RedisCall: Sendable {
    typealias Outcome = Result<[RESPReply], any Error>

    private enum State {
        case open(CheckedContinuation<[RESPReply], any Error>?)
        case settled(Outcome)
    }

    let commands: [RedisCommand]
    private let state = Mutex(State.open(nil))

    init(_ commands: [RedisCommand]) { self.commands = commands }

    var byteCount: Int { commands.reduce(0) { $0 + $1.wire.readableBytes } }

    var isSettled: Bool {
        state.withLock { state in
            if case .settled = state { true } else { false }
        }
    }

    /// The first outcome counts.
    func settle(_ outcome: Outcome) {
        let waiter = state.withLock { state -> CheckedContinuation<[RESPReply], any Error>? in
            guard case .open(let waiter) = state else { return nil }
            state = .settled(outcome)
            return waiter
        }
        waiter?.resume(with: outcome)
    }

    /// A reply for each command.
    func replies() async throws -> [RESPReply] {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state -> Outcome? in
                    if case .settled(let outcome) = state { return outcome }
                    state = .open(continuation)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            settle(.failure(CancellationError()))
        }
    }
}
