import Core
import FoundationEssentials
import Gateway
import NIOCore
import NIOHTTP1
import Wire

/// A team's answer on the OpenAI wire.
struct TeamRoute: Sendable {
    let gateway: Gateway

    func answer(_ request: Request, _ chat: ChatRequest, _ team: TeamRequest) async throws -> Response {
        let asked = TeamAsk(request.ask(chat, target: .auto), team, created: Int(Date.now.timeIntervalSince1970))
        guard chat.isStream else {
            let answer = try await gateway.answer(asked) { _ in }
            return Response(
                json: answer.completion.body(cost: TeamCost(answer.receipt, isItemised: request.tellsCost)), headers: answer.headers)
        }
        return .late(gateway, asked, tellsCost: request.tellsCost) { TeamStream(asked, id: request.id, isItemised: request.tellsCost) }
    }
}

/// `POST /api/ai/v4/chat/multi-agent`.
struct NativeTeamRoute: Sendable {
    let gateway: Gateway

    @Sendable func answer(_ request: Request) async throws -> Response {
        let native = try NativeTeamRequest(request.body)
        let team = try gateway.team(native.wishes, for: native.chat)
        var cache = native.chat.cache
        if !native.usesCache { cache.isWanted = false }
        let ask = request.ask(native.chat, target: .auto, session: native.session, cache: cache)
        let asked = TeamAsk(ask, team, created: Int(Date.now.timeIntervalSince1970))
        guard native.chat.isStream else {
            let answer = try await gateway.answer(asked) { _ in }
            return Response(json: NativeTeamAnswer.whole(answer.completion, answer.facts(request.id)), headers: answer.headers)
        }
        return .late(gateway, asked, tellsCost: request.tellsCost) { NativeTeamStream(names: asked.team.members.map(\.name), id: request.id) }
    }
}

// MARK: Streams

/// Turns what a team does into what its caller reads.
protocol TeamTelling: Sendable {
    /// Adds nothing where there is nothing to say yet.
    mutating func tell(_ event: TeamEvent, to bytes: inout ByteBuffer)
    /// The last of a stream.
    mutating func finish(_ answer: TeamAnswer) -> ByteBuffer
    /// The end of a stream that broke off.
    func fail(_ failure: AnswerFailure) -> ByteBuffer
}

/// Chat completion chunks.
private struct TeamStream: TeamTelling {
    private var chunks: TeamChunks
    private let wantsUsage: Bool
    private let isItemised: Bool

    init(_ asked: TeamAsk, id: String, isItemised: Bool) {
        chunks = TeamChunks(
            id: "chatcmpl-\(id)", created: asked.created, names: asked.team.members.map(\.name), combine: asked.team.combine)
        wantsUsage = asked.ask.request.wantsUsage
        self.isItemised = isItemised
    }

    mutating func tell(_ event: TeamEvent, to bytes: inout ByteBuffer) {
        switch event {
        case .kept, .opened, .started, .failed: break
        case .said(let voice, _, let model, let said): chunks.say(said, by: voice, model: model, to: &bytes)
        case .ended(let voice): bytes.writeImmutableBuffer(chunks.end(voice))
        case .beat: bytes.writeImmutableBuffer(SSEFrame.heartbeat)
        }
    }

    mutating func finish(_ answer: TeamAnswer) -> ByteBuffer {
        let cost = TeamCost(answer.receipt, isItemised: isItemised)
        var bytes = chunks.finish(answer.completion, cost, wantsUsage: wantsUsage)
        bytes.writeImmutableBuffer(SSEFrame.done)
        return bytes
    }

    func fail(_ failure: AnswerFailure) -> ByteBuffer { SSEFrame.data(failure.body(withReceipt: isItemised)) }
}

/// The native API's events.
private struct NativeTeamStream: TeamTelling {
    let names: [String]
    let id: String

    mutating func tell(_ event: TeamEvent, to bytes: inout ByteBuffer) {
        bytes.writeImmutableBuffer(frame(event))
    }

    private func frame(_ event: TeamEvent) -> ByteBuffer {
        switch event {
        case .started(let voice, let name, let model):
            return voice < names.count ? NativeTeamAnswer.started(name, model: model) : ByteBuffer()
        case .said(let voice, let name, _, let chunks):
            let text = chunks.compactMap(\.text).joined()
            guard !text.isEmpty else { return ByteBuffer() }
            return voice < names.count ? NativeTeamAnswer.delta(name, text) : NativeTeamAnswer.synthesisDelta(text)
        case .ended(let voice): return voice.index < names.count ? NativeTeamAnswer.done(voice) : ByteBuffer()
        case .failed(let failure): return NativeTeamAnswer.failed(failure)
        case .beat: return SSEFrame.heartbeat
        case .kept, .opened: return ByteBuffer()
        }
    }

    mutating func finish(_ answer: TeamAnswer) -> ByteBuffer {
        NativeTeamAnswer.done(answer.completion, answer.facts(id))
    }

    func fail(_ failure: AnswerFailure) -> ByteBuffer { NativeAnswer.error(failure.body(withReceipt: true)) }
}

extension Response {
    /// A team's answer as it comes. The head goes out with the first word, so that a team that fails as a whole can say so.
    fileprivate static func late(
        _ gateway: Gateway, _ asked: TeamAsk, tellsCost: Bool, _ telling: @escaping @Sendable () -> some TeamTelling
    ) -> Response {
        Response(late: { start in
            var telling = telling()
            var writer: ResponseWriter?
            var headers = asked.streamHeaders
            func write(_ bytes: ByteBuffer) async throws {
                guard bytes.readableBytes > 0 else { return }
                if writer == nil { writer = await start.begin(Response(status: .ok, headers: headers, body: .whole(ByteBuffer()))) }
                try await writer?.write(bytes)
            }
            do {
                let answer = try await gateway.answer(asked) { events in
                    switch events.first {
                    case .kept(let answer): headers = answer.streamHeaders
                    case .opened(let note): headers.add(note)
                    default: break
                    }
                    var bytes = ByteBuffer()
                    for event in events {
                        // There is nothing to keep warm before the first word.
                        if case .beat = event, writer == nil { continue }
                        telling.tell(event, to: &bytes)
                    }
                    try await write(bytes)
                }
                try await write(telling.finish(answer))
                return nil
            } catch {
                let wasCut = gateway.cutoff.isPast && Task.isCancelled
                let error = wasCut ? Cutoff.failure : error
                guard let writer else { return try Response.expected(error, withReceipt: tellsCost) }
                guard let failure = error as? AnswerFailure else { throw error }
                try await writer.write(telling.fail(failure))
                return nil
            }
        })
    }

    private static func expected(_ error: any Error, withReceipt: Bool) throws -> Response {
        guard let response = Response(thrown: error, withReceipt: withReceipt) else { throw error }
        return response
    }
}

extension TeamAsk {
    /// For an answer that is streamed by calls of its own.
    fileprivate var streamHeaders: HTTPHeaders {
        var headers = HTTPHeaders()
        headers.add(name: HeaderName.agent, value: team.members.map(\.name).joined(separator: ","))
        headers.addStreamFields()
        return headers
    }
}

extension TeamAnswer {
    fileprivate var streamHeaders: HTTPHeaders {
        var headers = headers
        headers.addStreamFields()
        return headers
    }

    fileprivate var headers: HTTPHeaders {
        var headers = HTTPHeaders()
        headers.add(name: HeaderName.model, value: completion.answering?.model ?? TeamRequest.modelName)
        headers.add(name: HeaderName.agent, value: completion.voices.map(\.name).joined(separator: ","))
        headers.add(name: HeaderName.attempts, value: String(attemptCount))
        if let cost { headers.add(name: HeaderName.cost, value: cost.decimalUSD) }
        headers.add(cache)
        return headers
    }

    fileprivate func facts(_ id: String) -> NativeTeamAnswer.Facts {
        NativeTeamAnswer.Facts(receipt: receipt, seconds: seconds, isCached: cache.isHit, requestID: id)
    }
}
