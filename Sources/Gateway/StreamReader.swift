import Core
import NIOCore
import Wire

/// From a provider's bytes to verdicts on its events: cut into events, translated where the provider speaks another
/// wire, joined to what an earlier attempt delivered, judged. It does no I/O; whoever has the bytes gives them, and asks
/// until there is nothing more to say.
struct StreamReader: Sendable {
    private var parser = SSEParser()
    private var wire: ProviderWire
    /// nil for an answer from its beginning.
    private var continuation: Continuation?
    private var gate: StreamGate
    private var translated: [SSEEvent] = []
    private var end = End.open
    /// Whether something came that the caller has already.
    private(set) var hasSkipped = false

    private enum End { case open, reached, judged }

    /// - Parameters:
    ///   - passesUsage: whether the usage chunk is part of the answer.
    ///   - delivered: what the caller has of the answer, where it is to be gathered.
    ///   - continuation: joins the stream to it.
    init(
        _ wire: ProviderWire, for request: ChatRequest, passesUsage: Bool, delivered: DeliveredText?,
        _ continuation: Continuation?
    ) {
        self.wire = wire
        self.continuation = continuation
        gate = StreamGate(
            passesUsage: passesUsage, choices: request.choiceCount, delivered: delivered,
            origin: continuation.map { $0.repeatsText ? .repeated : .prefilled } ?? .start)
    }

    /// As the provider counted it, once it has said so.
    var usage: Usage? { gate.usage }

    /// How far the answer has come.
    var tally: Tally {
        var size = gate.size
        if let dropped = continuation?.dropped { size += dropped }
        return Tally(
            usage: gate.usage ?? wire.usage, isCountCurrent: gate.isCountCurrent, size: size, isDelivered: gate.isCommitted)
    }

    /// All choices have ended: what may still come is no part of the answer.
    var isFinished: Bool { gate.isFinished }

    /// What the caller has of the answer; nil where it was not gathered.
    var delivered: DeliveredText? { gate.delivered }

    /// How it came to go on from an earlier attempt; nil for an answer from its beginning.
    var resumption: Resumption? { continuation?.resumption }

    /// Takes what the provider sent; nil for the proper end of its bytes.
    mutating func take(_ bytes: ByteBuffer?) {
        if let bytes { parser.append(bytes) } else { end = .reached }
    }

    /// The verdict on the next event, or on the end; nil until there are more bytes.
    mutating func next() throws(UpstreamFailure) -> StreamGate.Verdict? {
        while true {
            if !translated.isEmpty { return judge(translated.removeFirst()) }
            if let event = try nextEvent() {
                if case .openai = wire { return judge(event) }
                translated = wire.translate(event)
            } else if case .reached = end {
                end = .judged
                return gate.end()
            } else {
                return nil
            }
        }
    }

    private mutating func judge(_ event: SSEEvent) -> StreamGate.Verdict {
        guard continuation != nil, let step = continuation?.take(event) else { return gate.take(event) }
        switch step {
        case .pass(let event): return gate.take(event)
        case .drop:
            hasSkipped = true
            return .hold
        case .diverged(let why):
            hasSkipped = true
            return .fail(.diverged, why)
        }
    }

    private mutating func nextEvent() throws(UpstreamFailure) -> SSEEvent? {
        do {
            if let event = try parser.next() { return event }
        } catch { throw UpstreamFailure(.malformed, "an event is too large") }
        if case .reached = end { return parser.finish() }
        return nil
    }
}
