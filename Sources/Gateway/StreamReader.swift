import Core
import NIOCore
import Wire

/// From a provider's bytes to verdicts on its events: cut into events, translated where the provider speaks another
/// wire, judged. It does no I/O; whoever has the bytes gives them, and asks until there is nothing more to say.
struct StreamReader: Sendable {
    private var parser = SSEParser()
    private var wire: ProviderWire
    private var gate: StreamGate
    private var translated: [SSEEvent] = []
    private var end = End.open

    private enum End { case open, reached, judged }

    init(_ wire: ProviderWire, passesUsage: Bool) {
        self.wire = wire
        gate = StreamGate(passesUsage: passesUsage)
    }

    /// As the provider counted it, once it has said so.
    var usage: Usage? { gate.usage }

    /// Takes what the provider sent; nil for the proper end of its bytes.
    mutating func take(_ bytes: ByteBuffer?) {
        if let bytes { parser.append(bytes) } else { end = .reached }
    }

    /// The verdict on the next event, or on the end; nil until there are more bytes.
    mutating func next() throws(UpstreamFailure) -> StreamGate.Verdict? {
        while true {
            if !translated.isEmpty { return gate.take(translated.removeFirst()) }
            if let event = try nextEvent() {
                if case .openai = wire { return gate.take(event) }
                translated = wire.translate(event)
            } else if case .reached = end {
                end = .judged
                return gate.end()
            } else {
                return nil
            }
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
