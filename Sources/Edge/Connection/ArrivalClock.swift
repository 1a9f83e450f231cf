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

    /// What the client owes.
    private enum Awaited {
        /// → any
        case nothing
        /// → `head` with the next byte.
        case request(by: NIODeadline)
        /// → `body` or `nothing`.
        case head(by: NIODeadline)
        /// → `nothing` at the request's end.
        case body(by: NIODeadline)

        var deadline: NIODeadline? {
            switch self {
            case .nothing: nil
            case .request(let deadline), .head(let deadline), .body(let deadline): deadline
            }
        }
    }

    private let limits: ConnectionLimits
    private let loop: any EventLoop
    private var awaited = Awaited.nothing
    /// When the client must have read. Apart from the rest: a client that pipelines can owe both.
    private var readDeadline: NIODeadline?
    private var timer: Scheduled<Void>?
    /// What the timer was last set for.
    private var timerDeadline = NIODeadline.distantFuture
    private var context: ChannelHandlerContext?
    /// A body did not arrive in time.
    var onLateBody: (() -> Void)?

    init(limits: ConnectionLimits, on loop: any EventLoop) {
        self.limits = limits
        self.loop = loop
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        timer?.cancel()
        timer = nil
        onLateBody = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        requestAnswered()
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .request = awaited { expect(.head(by: loop.now + limits.head)) }
        context.fireChannelRead(data)
    }

    /// The head is complete; its body is due.
    func headArrived() { expect(.body(by: loop.now + limits.body)) }

    /// The request is complete; nothing is due until it is answered.
    func requestArrived() { awaited = .nothing }

    /// The answer is out; the next request may come.
    func requestAnswered() { expect(.request(by: loop.now + limits.idle)) }

    /// The connection is full; the client must read before more is written.
    func readerFellBehind() {
        let deadline = loop.now + limits.reading
        readDeadline = deadline
        wake(by: deadline)
    }

    /// The client has read.
    func readerCaughtUp() { readDeadline = nil }

    private func expect(_ next: Awaited) {
        awaited = next
        if let deadline = next.deadline { wake(by: deadline) }
    }

    /// Sets the timer, unless it wakes earlier anyway.
    private func wake(by deadline: NIODeadline) {
        guard let context, timer == nil || deadline < timerDeadline else { return }
        timer?.cancel()
        timerDeadline = deadline
        let bound = NIOLoopBound((self, context), eventLoop: loop)
        timer = loop.scheduleTask(deadline: deadline) {
            let (me, context) = bound.value
            me.timer = nil
            me.look(context)
        }
    }

    private func look(_ context: ChannelHandlerContext) {
        let now = loop.now
        if let deadline = readDeadline, deadline <= now { return context.close(promise: nil) }
        if let deadline = awaited.deadline, deadline <= now {
            guard case .body = awaited else { return context.close(promise: nil) }
            awaited = .nothing
            onLateBody?()
        }
        for case let deadline? in [readDeadline, awaited.deadline] { wake(by: deadline) }
    }
}
