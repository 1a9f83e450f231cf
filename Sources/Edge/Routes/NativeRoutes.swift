import Core
import FoundationEssentials
import Gateway
import NIOCore
import NIOHTTP1
import Wire

/// The native API under `/api/ai/v4`.
struct NativeRoutes: Sendable {
    let gateway: Gateway

    @Sendable func optimized(_ request: Request) async throws -> Response {
        try await whole(request, .optimized) { NativeAnswer.optimized($0, $1) }
    }

    @Sendable func quick(_ request: Request) async throws -> Response {
        try await whole(request, .quick) { NativeAnswer.quick($0, $1) }
    }

    @Sendable func agents(_ request: Request) async throws -> Response {
        Response(json: NativeAnswer.agents(gateway.catalogue.agents))
    }

    private func read(_ request: Request, _ kind: NativeRequest.Kind) throws -> NativeRequest {
        let native = try NativeRequest(request.body, kind: kind)
        switch native.target {
        case .agent(let id), .agentOnModel(let id, _):
            guard gateway.catalogue.agent(id) == nil else { break }
            let known = ["auto"] + gateway.catalogue.agents.map(\.id)
            throw GatewayError(
                .agentNotFound, .client, "'agent_type' must be one of \(known.joined(separator: ", ")).",
                param: "agent_type")
        case .auto, .anyModel, .autoOnModel, .model: break
        }
        return native
    }

    private func whole(
        _ request: Request, _ kind: NativeRequest.Kind,
        body: (String, NativeFacts) -> ByteBuffer
    ) async throws -> Response {
        let started = ContinuousClock.now
        let native = try read(request, kind)
        guard case .whole(let head, let answer) = try await gateway.answer(native.ask(request))
        else { throw GatewayError(.internalError, .gateway, "A whole answer was asked for, and a stream came.") }
        var facts = NativeFacts(head, requestID: request.id)
        facts.usage = answer.usage
        facts.cost = answer.cost
        facts.seconds = started.duration(to: .now).seconds
        facts.add(answer.attempts, answer.receipt)
        return Response(json: body(answer.text, facts), headers: head.headers(cost: answer.cost))
    }

    @Sendable func stream(_ request: Request) async throws -> Response {
        let started = ContinuousClock.now
        let native = try read(request, .stream)
        guard case .stream(let head, let stream) = try await gateway.answer(native.ask(request))
        else { throw GatewayError(.internalError, .gateway, "A stream was asked for, and a whole answer came.") }
        let facts = NativeFacts(head, requestID: request.id)
        return Response(
            status: .ok, headers: head.streamHeaders,
            body: .stream { writer in
                var translation = NativeStream(facts: facts, started: started)
                try await writer.write(NativeAnswer.meta(facts))
                var stream = stream
                while let part = try await stream.next(beat: { try await writer.write(SSEFrame.heartbeat) }) {
                    let bytes = translation.translate(part)
                    if bytes.readableBytes > 0 { try await writer.write(bytes) }
                }
            })
    }
}

/// Turns a stream's chunks into the native API's events.
private struct NativeStream {
    var facts: NativeFacts
    let started: Instant
    var finishReason: String?

    mutating func translate(_ part: AnswerStream.Part) -> ByteBuffer {
        switch part {
        case .events(let events):
            var bytes = ByteBuffer()
            for event in events {
                if let reason = ProviderAnswer.chunk(event.data)?.finishReason { finishReason = reason }
                if let text = ProviderAnswer.deltaText(event.data), !text.isEmpty {
                    bytes.writeImmutableBuffer(NativeAnswer.delta(text))
                }
            }
            return bytes
        case .resumed(let resumption):
            facts.model = resumption.model
            return NativeAnswer.resumed(resumption)
        case .done(let end):
            facts.usage = end.usage
            facts.cost = end.cost
            facts.seconds = started.duration(to: .now).seconds
            facts.add(end.attempts, end.receipt)
            return NativeAnswer.done(finishReason: finishReason, facts)
        case .failed(let failure):
            return NativeAnswer.error(failure.body(withReceipt: true))
        }
    }
}

extension NativeRequest {
    fileprivate func ask(_ request: Request) -> Ask {
        var cache = chat.cache
        if !usesCache { cache.isWanted = false }
        return request.ask(chat, target: target, priority: priority, session: session, cache: cache)
    }
}

extension NativeFacts {
    fileprivate init(_ head: AnswerHead, requestID: String) {
        self.init(
            requestID: requestID, model: head.model, reason: head.explanation,
            timestamp: Date.now.formatted(.iso8601))
        isCached = head.cache.isHit
        agent = head.agent
        routing = head.routing
        complexity = head.complexity
    }

    /// What is known of all attempts at the end.
    fileprivate mutating func add(_ records: [AttemptRecord], _ receipt: Receipt) {
        attempts = records.map { .init(model: $0.model, outcome: $0.result, seconds: $0.seconds) }
        self.receipt = receipt
    }
}

extension AnswerHead {
    /// Why this agent and this model, in words.
    fileprivate var explanation: String {
        var parts = [Plan.explanation(agent: agent, routing: routing, complexity: complexity, model: model, reason: reason)]
        if let expectation { parts.append("expected: \(expectation.inWords)") }
        if hedge == .won { parts.append("the attempt before it was late, and this one answered first") }
        return parts.joined(separator: "; ")
    }
}
