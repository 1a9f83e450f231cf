import CCurl
import Glibc

/// The sockets that epoll watches for libcurl. It belongs to the engine's thread.
///
/// libcurl forgets a socket when its answer is complete and asks for it again with the next call on that connection. A
/// connection between two calls stays registered here, because taking it out and putting it back would cost every
/// request two system calls; should it say something meanwhile, it is taken out then.
final class SocketWatch {
    let epoll: Int32
    private var sockets: [Int32: Socket] = [:]

    private struct Socket {
        /// What libcurl waits for; nothing between two calls.
        var wanted: UInt32 = 0
        /// What the kernel was told.
        var registered: UInt32 = 0
        /// A connection to a provider, whose closing is seen here; others are libcurl's own and may vanish unseen.
        var isConnection = false
    }

    init() {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(epoll >= 0, "the system has no file descriptors left for the engine's epoll")
    }

    deinit { close(epoll) }

    /// A connection's socket was made.
    func opened(_ descriptor: Int32) {
        sockets[descriptor] = Socket(isConnection: true)
    }

    /// A connection's socket is about to be closed, which takes it out of epoll.
    func closing(_ descriptor: Int32) {
        sockets[descriptor] = nil
    }

    /// Watches the socket for these events; 0 for none.
    func follow(_ descriptor: Int32, _ events: UInt32) {
        var socket = sockets[descriptor] ?? Socket()
        socket.wanted = events
        if events == 0, !socket.isConnection {
            control(EPOLL_CTL_DEL, descriptor, 0)
            sockets[descriptor] = nil
            return
        }
        if events != 0, events != socket.registered {
            control(socket.registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, events)
            socket.registered = events
        }
        sockets[descriptor] = socket
    }

    /// Whether libcurl waits for the socket that has become ready. One that nobody waits for is taken out.
    func isWanted(_ descriptor: Int32) -> Bool {
        guard var socket = sockets[descriptor] else { return false }
        if socket.wanted != 0 { return true }
        control(EPOLL_CTL_DEL, descriptor, 0)
        socket.registered = 0
        sockets[descriptor] = socket
        return false
    }

    /// Watches a descriptor that is not libcurl's.
    func watch(_ descriptor: Int32) { control(EPOLL_CTL_ADD, descriptor, EPOLLIN.rawValue) }

    private func control(_ operation: Int32, _ descriptor: Int32, _ events: UInt32) {
        var event = epoll_event()
        event.events = events
        event.data.fd = descriptor
        epoll_ctl(epoll, operation, descriptor, &event)
    }
}
