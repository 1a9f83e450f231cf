import Core
import DequeModule
import NIOCore
import NIOExtras
import NIOHTTP1

/// One client's connection: takes the parts that the HTTP decoder finds, hands whole requests to the connection's task,
/// and writes the answers. It notices clients that leave, and ends connections so that the client can still read
/// the last answer.
///
/// Everything but ``channel`` and ``watch`` is confined to the channel's event loop: NIO calls the handler there, and
/// what the task calls is isolated to that loop's actor. `@unchecked Sendable`, since the compiler does not know that loop.
final class HTTPConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart

    let channel: any Channel
    /// Tells the connection's task that the client has left.
    let watch = CallerWatch()
    private let clock: ArrivalClock
    private var assembly: RequestAssembly
    private var arrivals = Deque<Arrival>()
    private var waitingBytes = 0
    /// Requests whose answers are not complete; pipelining clients have several.
    private var unanswered = 0
    private var reader: UnsafeContinuation<Arrival?, Never>?
    private var writer: UnsafeContinuation<Void, Never>?
    private var phase = Phase.open
    private var isDraining = false
    /// A client asks whether to send its body, and waits for the answers before it (RFC 9110 §10.1.1).
    private var owesContinue = false
    private var surplus = 0

    private enum Phase {
        case open
        /// The client has closed its side.
        case left
        /// The last answer is on its way out.
        case ending
        /// It is out, and our side is closed; what the client still sends is dropped, for a moment.
        case lingering
        case closed
    }

    /// Pipelined requests that wait while one is answered; a client that sends more is not read for so long.
    private static let waitingLimit = (requests: 16, bytes: 1 << 20)
    /// What was read at once may hold more; nobody pipelines so many in earnest.
    private static let mostWaiting = 1024
    /// How long and how much is read from a client that has not yet noticed that it got its answer. Closing at once
    /// would make the kernel reset the connection, and the answer could be lost on its way.
    private static let linger = (time: TimeAmount.seconds(2), bytes: 64 << 20)

    init(_ channel: any Channel, clock: ArrivalClock, responder: Responder) {
        self.channel = channel
        self.clock = clock
        assembly = RequestAssembly(responder)
    }

    // MARK: From the client

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        clock.onLateBody = { bound.value.refuse(.lateBody) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch assembly.take(Self.unwrapInboundIn(data)) {
        case .nothing: break
        case .began(let wantsContinue):
            guard case .open = phase else { break }
            owesContinue = wantsContinue && unanswered > 0
            if !owesContinue { clock.headArrived() }
            if wantsContinue, unanswered == 0 { channel.writeAndFlush(Self.goOn, promise: nil) }
        case .arrived(let arrival):
            owesContinue = false
            clock.requestArrived()
            deliver(arrival)
        case .surplus(let bytes): drop(bytes)
        case .surplusEnded:
            if case .lingering = phase { channel.close(promise: nil) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as HTTPParserError where error == .headerOverflow: refuse(.largeHead)
        case is HTTPParserError: refuse(.malformed)
        case ByteToMessageDecoderError.dataReceivedInErrorState(_, let bytes): drop(bytes.readableBytes)
        default: channel.close(promise: nil)
        }
    }

    /// A client that closes its side while it waits has left: no HTTP client half-closes and still wants the answer,
    /// and waiting for a write to fail could take as long as the provider does.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            guard case .open = phase else { break }
            phase = .left
            if unanswered == 0 { channel.close(promise: nil) } else { leave() }
        case is ChannelShouldQuiesceEvent:
            isDraining = true
            if unanswered == 0, assembly.isBetween { channel.close(promise: nil) }
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closed
        leave()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { wakeWriter() }
        context.fireChannelWritabilityChanged()
    }

    /// Nobody reads the answers any more.
    private func leave() {
        arrivals.removeAll()
        watch.end()
        wakeWriter()
        reader?.resume(returning: nil)
        reader = nil
    }

    private func wakeWriter() {
        writer?.resume()
        writer = nil
    }

    /// Counts bytes that nobody asked for.
    private func drop(_ bytes: Int) {
        surplus += bytes
        if surplus > Self.linger.bytes { channel.close(promise: nil) }
    }

    /// Answers what never became a request.
    private func refuse(_ error: GatewayError) {
        guard case .open = phase, !assembly.isOver else { return }
        clock.requestArrived()
        deliver(assembly.end(with: error))
    }

    private func deliver(_ arrival: Arrival) {
        if case .lingering = phase { return channel.close(promise: nil) }
        guard case .open = phase else { return }
        guard arrivals.count < Self.mostWaiting else { return channel.close(promise: nil) }
        unanswered += 1
        // Nothing behind the last request is answered, so nothing is read until its answer is out.
        if !arrival.keepsConnection { setReading(false) }
        if let reader {
            self.reader = nil
            reader.resume(returning: arrival)
        } else {
            arrivals.append(arrival)
            waitingBytes += arrival.bytes
            if isFull { setReading(false) }
        }
    }

    private var isFull: Bool {
        arrivals.count >= Self.waitingLimit.requests || waitingBytes > Self.waitingLimit.bytes
    }

    private func setReading(_ isOn: Bool) {
        try? channel.syncOptions?.setOption(.autoRead, value: isOn)
    }

    // MARK: To the connection's task

    /// The next request; nil when there will be none.
    func next(on loop: isolated LoopActor) async -> Arrival? {
        guard case .open = phase else { return nil }
        guard !arrivals.isEmpty else { return await withUnsafeContinuation { reader = $0 } }
        let wasFull = isFull
        let arrival = arrivals.removeFirst()
        waitingBytes -= arrival.bytes
        if wasFull, !isFull, !assembly.isOver { setReading(true) }
        return arrival
    }

    /// Writes an answer. False when the connection has had its last.
    func send(_ response: Response, to arrival: Arrival, on loop: isolated LoopActor) async -> Bool {
        var closes = !arrival.keepsConnection || isDraining || phase != .open
        switch response.body {
        case .late(let make):
            let start = ResponseStart(connection: self, loop: loop, arrival: arrival, closes: closes || arrival.isOld)
            do {
                guard let other = try await make(start) else {
                    closes = closes || arrival.isOld
                    finish(arrival, on: loop)
                    break
                }
                return await send(other, to: arrival, on: loop)
            } catch {
                channel.close(promise: nil)
                return false
            }
        case .whole(let body): await send(response, body, to: arrival, closes: closes, on: loop)
        case .stream(let write):
            closes = closes || arrival.isOld
            guard await send(response, by: write, to: arrival, closes: closes, on: loop) else {
                channel.close(promise: nil)
                return false
            }
        }
        unanswered -= 1
        // The client may have left while the answer was written.
        guard closes || isDraining || phase != .open else {
            if unanswered == 0 { awaitNext() }
            return true
        }
        await end()
        return false
    }

    /// All is answered: what the client may send now.
    private func awaitNext() {
        if assembly.isBetween {
            clock.requestAnswered()
        } else if owesContinue {
            owesContinue = false
            clock.headArrived()
            channel.writeAndFlush(Self.goOn, promise: nil)
        }
    }

    private func send(
        _ response: Response, _ body: ByteBuffer, to arrival: Arrival, closes: Bool, on loop: isolated LoopActor
    ) async {
        let length = arrival.wantsHeadOnly ? 0 : body.readableBytes
        // A body of usual size goes out in one piece with its head; a large one is not copied.
        let isJoined = length <= 16 << 10
        var head = loop.heads.encode(
            response, id: arrival.id, framing: .length(body.readableBytes),
            connection: closes ? .closes : arrival.isOld ? .kept : .usual, room: isJoined ? length : 0, now: HeadEncoder.now())
        if isJoined {
            if length > 0 { head.writeImmutableBuffer(body) }
            channel.writeAndFlush(head, promise: nil)
        } else {
            channel.write(head, promise: nil)
            channel.writeAndFlush(body, promise: nil)
        }
        await waitUntilWritable(on: loop)
    }

    /// False if the answer broke off.
    private func send(
        _ response: Response, by write: (ResponseWriter) async throws -> Void, to arrival: Arrival, closes: Bool,
        on loop: isolated LoopActor
    ) async -> Bool {
        let writer = begin(response, to: arrival, closes: closes, on: loop)
        if !arrival.wantsHeadOnly {
            do { try await write(writer) } catch { return false }
        }
        finish(arrival, on: loop)
        return true
    }

    /// Writes the head of a streamed answer.
    func begin(_ response: Response, to arrival: Arrival, closes: Bool, on loop: isolated LoopActor) -> ResponseWriter {
        let head = loop.heads.encode(
            response, id: arrival.id, framing: arrival.isOld ? .close : .chunked,
            connection: closes ? .closes : .usual, now: HeadEncoder.now())
        channel.write(head, promise: nil)
        return ResponseWriter(connection: self, loop: loop, isChunked: !arrival.isOld)
    }

    /// Ends a streamed answer properly.
    private func finish(_ arrival: Arrival, on loop: isolated LoopActor) {
        if !arrival.isOld, !arrival.wantsHeadOnly { channel.write(Self.lastChunk, promise: nil) }
        channel.flush()
    }

    /// Sends a piece of a streamed answer, and waits while the client is slow.
    ///
    /// - Throws: `CancellationError` when nobody reads the answer any more.
    func write(_ bytes: ByteBuffer, on loop: isolated LoopActor) async throws {
        guard phase == .open else { throw CancellationError() }
        channel.writeAndFlush(bytes, promise: nil)
        await waitUntilWritable(on: loop)
        guard phase == .open else { throw CancellationError() }
    }

    private func waitUntilWritable(on loop: isolated LoopActor) async {
        guard !channel.isWritable, phase == .open else { return }
        clock.readerFellBehind()
        await withUnsafeContinuation { writer = $0 }
        clock.readerCaughtUp()
    }

    // MARK: The end

    /// Sees the last answer out.
    private func end() async {
        guard phase == .open else {
            channel.close(promise: nil)
            return
        }
        phase = .ending
        clock.requestArrived()
        clock.readerFellBehind()
        // Closing drops what has not been written, so that comes first.
        try? await channel.writeAndFlush(ByteBuffer()).get()
        clock.readerCaughtUp()
        guard phase == .ending, !assembly.isWhole else {
            channel.close(promise: nil)
            return
        }
        phase = .lingering
        setReading(true)
        channel.close(mode: .output, promise: nil)
        let channel = channel
        channel.eventLoop.scheduleTask(in: Self.linger.time) { channel.close(promise: nil) }
    }

    private static let goOn = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")
    private static let lastChunk = ByteBuffer(string: "0\r\n\r\n")
}

extension Arrival {
    fileprivate var bytes: Int {
        if case .answer(let request, _) = work { request.body.readableBytes } else { 0 }
    }
}
