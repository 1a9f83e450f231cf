import NIOCore
import NIOHTTP1

/// One accepted connection: reads requests, records them, and performs the steps of their scripts. Everything happens
/// on the event loop of the channel.
///
/// It either waits for a request, or performs steps, or is over. Requests that arrive while steps are performed wait
/// their turn; the end of the peer's half ends a connection that has nothing left to do.
final class ProviderConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    /// Sent through the pipeline when the provider stops.
    struct Stop: Sendable {}

    enum Reading {
        case normally, nothing
        case slowly(gap: Duration)
    }

    enum Phase {
        /// -> performing (a request is complete), over
        case waiting
        /// `next` is the step to come. -> waiting (keep-alive, end of the accept steps), idling, over
        case performing([Step], next: Int, forRequest: Bool)
        /// Nothing goes on until the peer closes. -> over
        case idling
        case over
    }

    /// Complete requests that may wait for their turn before reading stops.
    private static let pipelineLimit = 64

    let hub: ProviderHub
    let channel: any Channel
    var phase = Phase.waiting
    var reading = Reading.normally
    /// The pause, or the gap between slices or reads, that is running.
    var timer: Scheduled<Void>?
    var readTimer: Scheduled<Void>?
    /// Set while a step waits for the first head.
    var isWaitingForHead = false
    private(set) var hasSeenHead = false
    private(set) var peerHasEnded = false
    private(set) var number = 0
    private var partial: RecordedRequest?
    private var received = 0
    private var outputIsClosed = false
    private var pending: [RecordedRequest] = []

    init(hub: ProviderHub, channel: any Channel) {
        self.hub = hub
        self.channel = channel
    }

    func channelActive(context: ChannelHandlerContext) {
        let (number, steps) = self.hub.accept(self.channel)
        self.number = number
        guard let steps else { return self.close() }
        self.phase = .performing(steps, next: 0, forRequest: false)
        self.proceed()
        self.pull()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .over = self.phase { return }
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.partial = RecordedRequest(
                connection: self.number, indexOnConnection: self.received, method: head.method.rawValue, path: head.uri,
                headers: HeaderList(head.headers.map { ($0.name, $0.value) }))
            self.hasSeenHead = true
            if self.isWaitingForHead {
                self.isWaitingForHead = false
                self.proceed()
            }
        case .body(let bytes):
            self.partial?.appendBody(bytes.readableBytesView)
        case .end:
            guard let request = self.partial else { return }
            self.partial = nil
            self.received += 1
            self.pending.append(self.hub.record.update { $0.receive(request) })
            self.answerNext()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard case .slowly(let gap) = self.reading else { return self.pull() }
        self.readTimer = self.later(gap) { $0.pull() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is Stop: self.close()
        case ChannelEvent.inputClosed: self.peerClosed()
        case ChannelEvent.outputClosed: self.outputIsClosed = true
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let parserError = error as? HTTPParserError else {
            self.hub.record.update { [number] in $0.end(number, .reset) }
            self.finish()
            return self.channel.close(promise: nil)
        }
        // The peer left in the middle of a request; the event that says so follows.
        if parserError == .invalidEOFState { return }
        self.hub.record.update { $0.malformed += 1 }
        self.close()
    }

    func channelInactive(context: ChannelHandlerContext) {
        // With our half closed already, NIO closes on FIN without an event of its own; RST is reported as an error.
        self.hub.record.update { [number, outputIsClosed] in $0.end(number, outputIsClosed ? .eof : .reset) }
        self.finish()
        self.hub.closed(self.number)
    }

    /// Asks for more bytes when the script and the bounds let it.
    func pull() {
        if case .nothing = self.reading { return }
        if case .over = self.phase { return }
        guard self.pending.count < Self.pipelineLimit else { return }
        self.channel.read()
    }

    /// Starts the script of the oldest request that waits, if no other is under way.
    func answerNext() {
        guard case .waiting = self.phase else { return }
        if self.pending.isEmpty {
            if self.peerHasEnded { self.close() }
            return
        }
        let script = self.hub.script(for: self.pending.removeFirst())
        self.phase = .performing(script.steps, next: 0, forRequest: true)
        self.proceed()
        self.pull()
    }

    /// Closes from the provider's side.
    func close(abortively: Bool = false) {
        self.hub.record.update { [number] in $0.end(number, .provider) }
        self.finish()
        if abortively { self.channel.abort() } else { self.channel.close(promise: nil) }
    }

    private func peerClosed() {
        self.peerHasEnded = true
        self.hub.record.update { [number] in $0.end(number, .eof) }
        if case .idling = self.phase { return self.close() }
        if self.isWaitingForHead { return self.close() }
        self.answerNext()
    }

    private func finish() {
        self.phase = .over
        self.timer?.cancel()
        self.readTimer?.cancel()
    }
}

extension RecordedRequest {
    /// Keeps the bytes as far as the limit lets it, and counts them all.
    fileprivate mutating func appendBody(_ bytes: ByteBufferView) {
        self.bodyLength += bytes.count
        self.body.append(contentsOf: bytes.prefix(Self.bodyLimit - self.body.count))
    }
}
