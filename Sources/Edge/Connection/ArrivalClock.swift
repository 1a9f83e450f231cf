import NIOCore

/// How long a client may take.
struct ConnectionLimits: Sendable {
    /// From a request's first byte to the end of its head.
    var head: TimeAmount = .seconds(10)
    /// From the end of the head to the end of the body.
    var body: TimeAmount = .seconds(60)
    /// Between requests.
    var idle: TimeAmount = .seconds(75)
    /// To read some of an answer that fills its connection.
    var reading: TimeAmount = .seconds(60)
}

/// Cuts off clients that drip or stall: the whole head, the whole body, the time between requests and the reading of
/// an answer each have a deadline, however many bytes trickle in.
///
/// Stands before the HTTP decoder, where bytes are seen as they come; ``HTTPConnection`` behind it tells it what
/// they were. Both live on the channel's event loop. One timer serves a connection: requests only move the deadline,
/// and a timer that fires early goes to sleep again, so that a request costs no entry in the loop's queue.
final class ArrivalClock: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// What the connection waits for.
    private enum Awaited {
        /// Nothing that the client owes. → any
        case nothing
        /// → `head` with the next byte.
        case request(by: NIODeadline)
        /// → `body` or `nothing`.
        case head(by: NIODeadline)
        /// → `nothing` at the request's end.
        case body(by: NIODeadline)
        /// → `nothing` when it has read.
        case reader(by: NIODeadline)

        var deadline: NIODeadline? {
            switch self {
            case .nothing: nil
            case .request(let deadline), .head(let deadline), .body(let deadline), .reader(let deadline): deadline
            }
        }
    }

    private let limits: ConnectionLimits
    private var awaited = Awaited.nothing
    private var timer: Scheduled<Void>?
    /// What the timer was last set for.
    private var timerDeadline = NIODeadline.distantFuture
    private var context: ChannelHandlerContext?
    /// A body did not arrive in time.
    var onLateBody: (() -> Void)?

    init(limits: ConnectionLimits) { self.limits = limits }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        requestAnswered()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .request = awaited { expect(.head(by: .now() + limits.head)) }
        context.fireChannelRead(data)
    }

    /// The head is complete; its body is due.
    func headArrived() { expect(.body(by: .now() + limits.body)) }

    /// The request is complete; nothing is due until it is answered.
    func requestArrived() { awaited = .nothing }

    /// The answer is out; the next request may come.
    func requestAnswered() { expect(.request(by: .now() + limits.idle)) }

    /// The connection is full; the client must read before more is written.
    func readerFellBehind() { expect(.reader(by: .now() + limits.reading)) }

    /// The client has read.
    func readerCaughtUp() { awaited = .nothing }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        awaited = .nothing
        onLateBody = nil
        context.fireChannelInactive()
    }

    private func expect(_ next: Awaited) {
        awaited = next
        guard let deadline = next.deadline, timer == nil || deadline < timerDeadline else { return }
        setTimer(deadline)
    }

    private func setTimer(_ deadline: NIODeadline) {
        guard let context else { return }
        timer?.cancel()
        timerDeadline = deadline
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleTask(deadline: deadline) {
            let (me, context) = bound.value
            me.timer = nil
            me.look(context)
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        guard let deadline = awaited.deadline else { return }
        if deadline > .now() {
            setTimer(deadline)
        } else if case .body = awaited {
            onLateBody?()
        } else {
            context.close(promise: nil)
        }
    }
}
