import Core
import Glibc
import NIOCore
import Wire

/// A provider's wire, as everything behind it sees only OpenAI's: requests are translated on their way out, answers,
/// chunks and errors on their way back.
enum ProviderWire: Sendable {
    /// Nothing to translate: bytes pass as they are.
    case openai
    /// With the state of the one answer that is being translated.
    case anthropic(AnthropicStream, created: Int)

    init(_ api: Provider.API, model: String) {
        switch api {
        case .openai: self = .openai
        case .anthropic:
            // Answers in OpenAI's shape carry the time, Anthropic's don't.
            let created = time(nil)
            self = .anthropic(AnthropicStream(model: model, created: created), created: created)
        }
    }

    /// The request as the provider gets it.
    func body(
        of request: ChatRequest, for model: Model, at deployment: Deployment, of provider: Provider, agent: Agent?
    ) throws(GatewayError) -> ByteBuffer {
        switch self {
        case .openai: request.body(for: model, at: deployment, of: provider, agent: agent)
        case .anthropic: try AnthropicRequest.body(of: request, for: model, at: deployment, agent: agent)
        }
    }

    /// A whole answer in OpenAI's shape; nil for one that is none.
    func whole(_ body: ByteBuffer) -> ByteBuffer? {
        switch self {
        case .openai: body
        case .anthropic(_, let created): AnthropicAnswer.whole(body, created: created)
        }
    }

    /// An error answer in OpenAI's shape.
    func error(status: Int, _ body: ByteBuffer) -> ByteBuffer {
        switch self {
        case .openai: body
        case .anthropic: AnthropicAnswer.error(status: status, body: body)
        }
    }

    /// What the provider counted so far in a stream whose wire tells it before the end.
    var usage: Usage? { if case .anthropic(let stream, _) = self { stream.usage } else { nil } }

    /// A stream's event as OpenAI's, which may be none or several.
    mutating func translate(_ event: SSEEvent) -> [SSEEvent] {
        guard case .anthropic(var stream, let created) = self else { return [event] }
        defer { self = .anthropic(stream, created: created) }
        return stream.translate(event)
    }
}
