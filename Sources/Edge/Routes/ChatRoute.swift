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
        if let team = try gateway.team(for: chat) { return try await TeamRoute(gateway: gateway).answer(request, chat, team) }
        let ask = request.ask(chat, target: RequestFacts.Target(modelField: chat.model))
        switch try await gateway.answer(ask) {
        case .whole(let head, let answer):
            let told = request.tellsCost ? ReceiptWriting.append(answer.receipt, to: answer.body) : answer.body
            return Response(json: told, headers: head.headers(cost: answer.cost))
        case .stream(let head, let stream):
            return Response(
                status: .ok, headers: head.streamHeaders,
                body: .stream { writer in
                    try await writer.write(until: gateway.cutoff, else: { SSEFrame.data(ErrorAnswer.body(of: $0)) }) {
                        try await Self.forward(stream, withReceipt: request.tellsCost, to: $0)
                    }
                })
        }
    }

    /// Writes chunks as they come. Only a whole answer ends with `[DONE]`; one that broke off ends with an error.
    private static func forward(_ stream: AnswerStream, withReceipt: Bool, to writer: ResponseWriter) async throws {
        var stream = stream
        // A receipt's chunk is named as the others are.
        var sample: ByteBuffer?
        while let part = try await stream.next(beat: { try await writer.write(SSEFrame.heartbeat) }) {
            switch part {
            case .events(let events):
                if withReceipt, sample == nil { sample = events.first?.data }
                try await writer.write(events.frames)
            // The chunks say it themselves.
            case .resumed: break
            case .done(let end):
                if withReceipt {
                    try await writer.write(ReceiptWriting.frame(end.receipt, like: sample ?? ByteBuffer()))
                }
                try await writer.write(SSEFrame.done)
            case .failed(let failure): try await writer.write(SSEFrame.data(failure.body(withReceipt: withReceipt)))
            }
        }
    }
}

extension Request {
    /// Whether the answer says what it cost: the caller asked for that, or uses the native API, which always does.
    var tellsCost: Bool {
        path.hasPrefix("/api/ai/v4/") || headers.first(name: HeaderName.receipt).map { $0 == "1" || $0 == "true" } ?? false
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

extension Request {
    /// What the gateway is asked for.
    ///
    /// - Parameters:
    ///   - user, session: as the body names them; a session in the header counts before it.
    ///   - cache: what the body says of the cache; the header `Cache-Control` is added.
    func ask(
        _ chat: ChatRequest, target: RequestFacts.Target, priority: RequestFacts.Priority = .normal, user: String? = nil,
        session: String? = nil, cache: CacheDirectives? = nil
    ) -> Ask {
        var directives = cache ?? chat.cache
        for value in headers[HeaderName.cacheControl] { directives.read(cacheControl: value) }
        let caller = Caller(
            tenant: tenant, user: user ?? chat.user, session: headers.first(name: HeaderName.session) ?? session)
        return Ask(
            requestID: id, request: chat, target: target, priority: priority,
            requestClass: headers.first(name: HeaderName.requestClass).flatMap(RequestFacts.RequestClass.init(rawValue:)),
            caller: caller, cache: directives, executor: executor)
    }
}

extension AnswerHead {
    /// What tells a caller who answered, and what it cost where that is known.
    func headers(cost: Money?) -> HTTPHeaders {
        var headers = HTTPHeaders()
        headers.reserveCapacity(12)
        headers.add(name: HeaderName.model, value: model)
        if let agent { headers.add(name: HeaderName.agent, value: agent.id) }
        headers.add(name: HeaderName.attempts, value: String(attemptCount))
        if let hedge { headers.add(name: HeaderName.hedge, value: hedge.rawValue) }
        if let cost { headers.add(name: HeaderName.cost, value: cost.decimalUSD) }
        headers.add(cache)
        return headers
    }

    /// For an answer that is streamed.
    var streamHeaders: HTTPHeaders {
        // Of a call that runs nobody knows yet what it costs.
        var headers = headers(cost: cache.isFree ? .zero : nil)
        headers.addStreamFields()
        return headers
    }
}

extension HTTPHeaders {
    /// What the cache had to do with the answer.
    mutating func add(_ cache: CacheNote) {
        if let status = cache.status {
            add(name: HeaderName.cacheStatus, value: status)
            add(name: HeaderName.cache, value: cache.word)
        }
        if case .hit(_, let age, _) = cache { add(name: HeaderName.age, value: String(Swift.max(0, age.components.seconds))) }
    }

    /// An event stream that nobody on the way may gather or keep.
    mutating func addStreamFields() {
        add(name: HeaderName.contentType, value: "text/event-stream")
        add(name: HeaderName.cacheControl, value: "no-cache")
        add(name: HeaderName.accelBuffering, value: "no")
    }
}
