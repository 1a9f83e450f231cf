import Core
import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import Wire

/// Answers what never becomes a request (a head too large or malformed, a body that drips), ends connections that must
/// not be used again so that the client can still read the answer, and notices clients that leave before their answer.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private enum State {
        case open
        /// The answer that goes out says `connection: close`. → `lingering` at its end.
        case closing
        /// The answer is out and our side is closed; what the client still sends is dropped, for a moment.
        case lingering
    }

    private let clock: ArrivalClock
    private let watch: CallerWatch
    private var state = State.open
    private var isReadingBody = false
    private var hasAnswerBegun = false
    /// Requests whose answers are not complete; pipelining clients have several.
    private var unanswered = 0
    private var lingeredBytes = 0

    /// How long and how much is read from a client that has not yet noticed that it got its answer. Closing at once
    /// would make the kernel reset the connection, and the answer could be lost on its way.
    private static let lingerTime = TimeAmount.seconds(2)
    private static let lingerBytes = 64 << 20

    init(clock: ArrivalClock, watch: CallerWatch) {
        self.clock = clock
        self.watch = watch
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        clock.onLateBody = {
            let (me, context) = bound.value
            me.bodyIsLate(context)
        }
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if case .lingering = state {
            drop(part, context)
            return
        }
        switch part {
        case .head:
            unanswered += 1
            isReadingBody = true
            hasAnswerBegun = false
            clock.headArrived()
        case .body: break
        case .end:
            isReadingBody = false
            clock.requestArrived()
        }
        context.fireChannelRead(data)
    }

    /// A client that closes its side while it waits has left: no HTTP client half-closes and still wants the answer,
    /// and waiting for a write to fail could take as long as the provider does.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let event = event as? ChannelEvent, event == .inputClosed, unanswered > 0 { watch.end() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        watch.end()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else {
            context.fireErrorCaught(error)
            return
        }
        if let error = error as? HTTPParserError, error == .headerOverflow {
            refuse(context, .requestHeaderFieldsTooLarge, "The request's headers are too large; send less than 64 KiB.")
        } else {
            refuse(context, .badRequest, "The bytes sent are not an HTTP/1.1 request.")
        }
    }

    private func bodyIsLate(_ context: ChannelHandlerContext) {
        guard isReadingBody else { return }
        refuse(context, .requestTimeout, "The request's body did not arrive in time.")
    }

    /// Answers in the place of the handlers behind, which never saw a whole request.
    private func refuse(_ context: ChannelHandlerContext, _ status: HTTPResponse.Status, _ message: String) {
        guard case .open = state, !hasAnswerBegun else {
            context.close(promise: nil)
            return
        }
        let body = ErrorAnswer.body(of: GatewayError(.invalidValue, .client, message))
        let head = HTTPResponse(
            status: status,
            headerFields: [
                .contentType: "application/json", .contentLength: "\(body.readableBytes)", .connection: "close",
            ])
        state = .closing
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(body)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        linger(context)
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            hasAnswerBegun = true
            if head.headerFields[.connection] == "close", case .open = state { state = .closing }
            context.write(data, promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            unanswered -= 1
            if case .closing = state {
                context.flush()
                linger(context)
            }
        }
    }

    private func linger(_ context: ChannelHandlerContext) {
        state = .lingering
        clock.requestArrived()
        context.close(mode: .output, promise: nil)
        let channel = context.channel
        context.eventLoop.scheduleTask(in: Self.lingerTime) { channel.close(promise: nil) }
        context.read()
    }

    private func drop(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head: break
        case .body(let bytes):
            lingeredBytes += bytes.readableBytes
            if lingeredBytes > Self.lingerBytes { context.close(promise: nil) }
        case .end: context.close(promise: nil)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // The handlers behind see none of what is dropped, so they ask for no more.
        if case .lingering = state { context.read() }
    }
}
