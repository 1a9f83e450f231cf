import NIOCore

/// How long a client may take to send.
struct ConnectionLimits: Sendable {
    /// From a request's first byte to the end of its head.
    var head: TimeAmount = .seconds(10)
    /// From the end of the head to the end of the body.
    var body: TimeAmount = .seconds(60)
}

/// Cuts off clients that drip: the whole head and the whole body each have a deadline, however many bytes trickle in.
///
/// Stands before the HTTP decoder, where bytes are seen as they come; ``ConnectionGuard`` behind it tells it what
/// they were. Both live on the channel's event loop. One timer serves a connection: requests only move the deadline,
/// and a timer that fires early goes to sleep again, so that a request costs no entry in the loop's queue.
final class ArrivalClock: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    /// What the connection waits for.
    enum Awaited {
        /// Between requests. → `head` with the next byte.
        case nothing
        /// → `body` or `nothing`, as the guard sees parts.
        case head(by: NIODeadline)
        /// → `nothing` at the request's end.
        case body(by: NIODeadline)

        var deadline: NIODeadline? {
            switch self {
            case .nothing: nil
            case .head(let deadline), .body(let deadline): deadline
            }
        }
    }

    private let limits: ConnectionLimits
    private var awaited = Awaited.nothing
    private var timer: Scheduled<Void>?
    /// A body did not arrive in time.
    var onLateBody: (() -> Void)?

    init(limits: ConnectionLimits) { self.limits = limits }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .nothing = awaited {
            awaited = .head(by: .now() + limits.head)
            startTimer(context)
        }
        context.fireChannelRead(data)
    }

    /// The head is complete; its body is due.
    func headArrived() { awaited = .body(by: .now() + limits.body) }

    /// The request is complete.
    func requestArrived() { awaited = .nothing }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        onLateBody = nil
        context.fireChannelInactive()
    }

    private func startTimer(_ context: ChannelHandlerContext) {
        guard timer == nil, let deadline = awaited.deadline else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: deadline) {
            let (me, context) = bound.value
            me.timer = nil
            me.look(context)
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        switch awaited {
        case .nothing: break
        case .head(let deadline) where deadline <= .now(): context.close(promise: nil)
        case .body(let deadline) where deadline <= .now(): onLateBody?()
        case .head, .body: startTimer(context)
        }
    }
}
