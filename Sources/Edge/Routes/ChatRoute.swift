import Core
import Gateway
import NIOCore
import NIOHTTP1
import Wire

/// `POST /v1/chat/completions`.
struct ChatRoute: Sendable {
    let gateway: Gateway

    @Sendable func answer(_ request: Request) async throws -> Response {
        let chat = try ChatRequest(request.body)
        let ask = Ask(
            requestID: request.id, request: chat, target: RequestFacts.Target(modelField: chat.model),
            requestClass: request.headers.first(name: HeaderName.requestClass).flatMap(RequestFacts.RequestClass.init(rawValue:)))
        switch try await gateway.answer(ask) {
        case .whole(let head, let body, _, let cost):
            return Response(json: body, headers: head.headers(cost: cost))
        case .stream(let head, let stream):
            return Response(
                status: .ok, headers: head.streamHeaders,
                body: .stream { writer in try await Self.forward(stream, to: writer) })
        }
    }

    /// Writes chunks as they come. Only a whole answer ends with `[DONE]`; one that broke off ends with an error.
    private static func forward(_ stream: AnswerStream, to writer: ResponseWriter) async throws {
        var stream = stream
        while let part = try await stream.next(beat: { try await writer.write(SSEFrame.heartbeat) }) {
            switch part {
            case .events(let events): try await writer.write(events.frames)
            // The chunks say it themselves.
            case .resumed: break
            case .done: try await writer.write(SSEFrame.done)
            case .failed(let error): try await writer.write(SSEFrame.data(ErrorAnswer.body(of: error)))
            }
        }
    }
}

extension [SSEEvent] {
    /// Their frames as one piece, so that a batch costs one chunk on the wire.
    fileprivate var frames: ByteBuffer {
        guard count > 1 else { return first?.frame ?? ByteBuffer() }
        var buffer = ByteBuffer()
        for event in self { buffer.writeImmutableBuffer(event.frame) }
        return buffer
    }
}

extension AnswerHead {
    /// What tells a caller who answered, and what it cost where that is known.
    func headers(cost: Money?) -> HTTPHeaders {
        var headers = HTTPHeaders()
        headers.reserveCapacity(8)
        headers.add(name: HeaderName.model, value: model.name)
        if let agent { headers.add(name: HeaderName.agent, value: agent.id) }
        headers.add(name: HeaderName.attempts, value: String(attemptCount))
        if let cost { headers.add(name: HeaderName.cost, value: cost.decimalUSD) }
        return headers
    }

    /// For an answer that is streamed.
    var streamHeaders: HTTPHeaders {
        var headers = headers(cost: nil)
        headers.add(name: HeaderName.contentType, value: "text/event-stream")
        headers.add(name: HeaderName.cacheControl, value: "no-cache")
        headers.add(name: HeaderName.accelBuffering, value: "no")
        return headers
    }
}
