import Core
import Gateway
import HTTPTypes
import Hummingbird
import NIOCore
import Wire

/// `POST /v1/chat/completions`.
struct ChatRoute: Sendable {
    let gateway: Gateway
    let bodyLimit: Int

    @Sendable func answer(_ request: Request, _ context: EdgeContext) async throws -> Response {
        let chat = try ChatRequest(await request.json(upTo: bodyLimit))
        let ask = Ask(
            requestID: context.requestID, request: chat, target: RequestFacts.Target(modelField: chat.model))
        switch try await gateway.answer(ask) {
        case .whole(let head, let body, _, let cost):
            var headers = head.headers
            headers[.contentType] = "application/json"
            if let cost { headers[.cost] = cost.decimalUSD }
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
        case .stream(let head, let stream):
            return Response(
                status: .ok, headers: head.streamHeaders,
                body: ResponseBody { writer in
                    try await Self.forward(stream, to: &writer)
                    try await writer.finish(nil)
                })
        }
    }

    /// Writes chunks as they come. Only a whole answer ends with `[DONE]`; one that broke off ends with an error.
    @concurrent private static func forward(_ stream: AnswerStream, to writer: inout any ResponseBodyWriter) async throws {
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
    /// What tells a caller who answered.
    var headers: HTTPFields {
        var headers = HTTPFields()
        headers.reserveCapacity(8)
        headers[.model] = model.name
        if let agent { headers[.agent] = agent.id }
        headers[.attempts] = "\(attemptCount)"
        return headers
    }

    /// For an answer that is streamed.
    var streamHeaders: HTTPFields {
        var headers = headers
        headers[.contentType] = "text/event-stream"
        headers[.cacheControl] = "no-cache"
        headers[.accelBuffering] = "no"
        return headers
    }
}
