import CCurl
import Glibc
import Synchronization

/// What tasks ask of the engine's thread.
enum Command: Sendable {
    case start(Transfer)
    /// Go on reading a paused transfer.
    case resume(Transfer)
    case cancel(Transfer)
    case stop
}

/// The way to the engine's thread: commands in order, and one wake-up for as many as there are.
///
/// Bounded by the calls under way: each posts one start, one cancel, and one resume a pause.
final class Inbox: Sendable {
    /// An eventfd that the thread's epoll watches.
    let descriptor: Int32
    private let commands = Mutex<[Command]>([])

    init() {
        descriptor = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        precondition(descriptor >= 0, "the system has no file descriptors left for the engine's eventfd")
    }

    deinit { close(descriptor) }

    func post(_ command: Command) {
        let wasEmpty = commands.withLock { commands in
            defer { commands.append(command) }
            return commands.isEmpty
        }
        // Whoever finds it empty wakes the thread; later posts are seen by the same wake-up.
        if wasEmpty { eventfd_write(descriptor, 1) }
    }

    /// Everything posted since the last call. The thread's side.
    func drain() -> [Command] {
        var count: eventfd_t = 0
        eventfd_read(descriptor, &count)
        return commands.withLock { commands in
            defer { commands = [] }
            return commands
        }
    }
}
