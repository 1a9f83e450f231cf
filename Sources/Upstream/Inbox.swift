import CCurl
import Glibc
import Synchronization

/// What tasks ask of the engine's thread.
enum Command: Sendable {
    case start(Transfer)
    /// Go on reading a paused transfer.
    case resume(Transfer)
    case cancel(Transfer)
    /// No further call will go there.
    case retire(Endpoint)
    case stop
}

/// The way to the engine's thread: commands in order, and one wake-up for as many as there are.
///
/// Bounded by the calls under way: each posts one start, one cancel, and one resume a pause; and by the endpoints.
final class Inbox: Sendable {
    /// An eventfd that the thread's epoll watches.
    let descriptor: Int32
    private let state = Mutex(State())

    private struct State {
        var commands: [Command] = []
        var isClosed = false
    }

    init() {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        precondition(descriptor >= 0, "the system has no file descriptors left for the engine's eventfd")
    }

    deinit { Glibc.close(descriptor) }

    /// False when the thread has ended and nobody will read the command.
    @discardableResult
    func post(_ command: Command) -> Bool {
        let (isTaken, isFirst) = state.withLock { state in
            guard !state.isClosed else { return (false, false) }
            state.commands.append(command)
            return (true, state.commands.count == 1)
        }
        // Whoever finds it empty wakes the thread; later posts are seen by the same wake-up.
        if isFirst { eventfd_write(descriptor, 1) }
        return isTaken
    }

    /// Everything posted since the last call. The thread's side.
    func drain() -> [Command] {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
        return state.withLock { state in
            defer { state.commands = [] }
            return state.commands
        }
    }

    /// What is left when the thread ends; nothing is taken after it.
    func close() -> [Command] {
        state.withLock { state in
            defer { state = State(isClosed: true) }
            return state.commands
        }
    }
}
