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
/// they were. Both live on the channel's event loop.
final class ArrivalClock: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private enum State {
        /// Between requests. → `head` with the next byte.
        case idle
        /// → `body` or `idle` as ``ConnectionGuard`` sees parts, or the connection is closed.
        case head(Scheduled<Void>)
        /// → `idle` at the request's end, or the connection is told and closed.
        case body(Scheduled<Void>)
    }

    private let limits: ConnectionLimits
    private var state = State.idle

    init(limits: ConnectionLimits) { self.limits = limits }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .idle = state {
            let channel = context.channel
            state = .head(
                context.eventLoop.scheduleTask(in: limits.head) { channel.close(promise: nil) })
        }
        context.fireChannelRead(data)
    }

    /// The head is complete; its body is due.
    func headArrived(_ context: ChannelHandlerContext, onLate: @escaping @Sendable () -> Void) {
        cancel()
        state = .body(context.eventLoop.scheduleTask(in: limits.body, onLate))
    }

    /// The request is complete.
    func requestArrived() {
        cancel()
        state = .idle
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancel()
        context.fireChannelInactive()
    }

    private func cancel() {
        switch state {
        case .idle: break
        case .head(let timer), .body(let timer): timer.cancel()
        }
    }
}
