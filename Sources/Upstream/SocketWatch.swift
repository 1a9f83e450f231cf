import CCurl
import Glibc
import Synchronization

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
        /// Whose connection it is, once a call has ended well on it. Such a socket is closed through ``closing(_:)``;
        /// others (still connecting, or of libcurl's resolver) may be closed unseen and are not kept registered.
        var owner: Endpoint?
    }

    init() {
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        precondition(epoll >= 0, "the system has no file descriptors left for the engine's epoll")
    }

    deinit { close(epoll) }

    /// A call has ended well on this connection, which will probably carry others.
    func keep(_ descriptor: Int32, for endpoint: Endpoint) {
        guard descriptor >= 0, sockets[descriptor]?.owner == nil else { return }
        sockets[descriptor, default: Socket()].owner = endpoint
        if sockets[descriptor]?.wanted == 0 { endpoint.idle.add(1, ordering: .relaxed) }
    }

    /// A connection's socket is about to be closed, which takes it out of epoll.
    func closing(_ descriptor: Int32) {
        guard let socket = sockets.removeValue(forKey: descriptor) else { return }
        if socket.wanted == 0 { socket.owner?.idle.subtract(1, ordering: .relaxed) }
    }

    /// Watches the socket for these events; 0 for none.
    func follow(_ descriptor: Int32, _ events: UInt32) {
        var socket = sockets[descriptor] ?? Socket()
        if events == 0, socket.owner == nil {
            control(EPOLL_CTL_DEL, descriptor, 0)
            sockets[descriptor] = nil
            return
        }
        if socket.wanted == 0, events != 0 { socket.owner?.idle.subtract(1, ordering: .relaxed) }
        if socket.wanted != 0, events == 0 { socket.owner?.idle.add(1, ordering: .relaxed) }
        socket.wanted = events
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
