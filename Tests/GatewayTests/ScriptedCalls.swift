import Core
@testable import Gateway
import NIOCore
import TestKit

/// Providers in memory: each call is answered by the reaction that the test scripted for it.
final class ScriptedCalls: ProviderCalls {
    /// What becomes of one call.
    enum Reaction: Sendable {
        /// Status and pieces of a body, each of which one `next` returns.
        case answer(Int, [Piece], retryAfter: Duration? = nil, isEventStream: Bool = true)
        case fail(Fault)
        /// Lets the manual time run to the call's deadline.
        case silence
        /// Waits until the task is cancelled, or the gate opens; then goes on.
        indirect case wait(Gate, then: Reaction)
        /// Lets the manual time run to the reader's deadline once; then goes on.
        indirect case pause(then: Reaction)
        /// Takes so long, in manual time, which runs to the reader's deadline where that comes first; then goes on.
        indirect case takes(Duration, then: Reaction)
    }

    /// What one `next` of a reply does.
    enum Piece: Sendable {
        case bytes(String)
        case fail(Fault)
        /// Lets the manual time run to the reader's deadline, and to that of every later one.
        case silence
        /// Lets the manual time run to the reader's deadline once.
        case pause
        /// Waits as ``Reaction/wait(_:then:)`` does, then goes on with the next piece.
        case wait(Gate)
    }

    /// A call as the gateway made it.
    struct Made: Sendable {
        let kind: UpstreamCall.Kind
        let provider: String
        let body: String
        let isStream: Bool
        let connectTimeout: Duration
        let acquireBy: Instant
    }

    /// What was seen of calls and replies.
    struct Record: Sendable {
        var calls: [Made] = []
        /// Deadlines of the readers of replies.
        var deadlines: [Instant] = []
        /// Calls that got a reply.
        var answered = 0
        var finished = 0
        var released = 0
    }

    /// Picks the reaction; `index` counts the calls of that provider from 0.
    typealias Script = @Sendable (_ provider: String, _ index: Int) -> Reaction

    /// Picks the reaction by the whole call.
    typealias Answering = @Sendable (_ call: Made, _ index: Int) -> Reaction

    let record = Watched(Record())
    private let answering: Answering
    private let time: ManualTime

    init(_ time: ManualTime, _ answering: @escaping Answering) {
        self.time = time
        self.answering = answering
    }

    var pools: [PoolReport] { [] }

    /// The providers called so far, in order.
    var providers: [String] { record.value.calls.map(\.provider) }

    func begin(_ call: UpstreamCall) throws -> any BegunCall {
        try Task.checkCancellation()
        let made = Made(
            kind: call.kind, provider: call.access, body: String(buffer: call.body), isStream: call.isStream,
            connectTimeout: call.connectTimeout, acquireBy: call.acquireBy)
        let index = record.update { record in
            defer { record.calls.append(made) }
            return record.calls.count { $0.provider == call.access }
        }
        return ScriptedCall(answering(made, index), record: record, time: time)
    }
}

private final class ScriptedCall: BegunCall {
    private let reaction: Watched<ScriptedCalls.Reaction>
    private let record: Watched<ScriptedCalls.Record>
    private let time: ManualTime
    private let begun: Instant

    init(_ reaction: ScriptedCalls.Reaction, record: Watched<ScriptedCalls.Record>, time: ManualTime) {
        self.reaction = Watched(reaction)
        self.record = record
        self.time = time
        begun = time.now
    }

    func reply(by deadline: Instant) async throws -> any ProviderReply {
        try Task.checkCancellation()
        return try await perform(reaction.value, by: deadline)
    }

    private func perform(_ reaction: ScriptedCalls.Reaction, by deadline: Instant) async throws -> any ProviderReply {
        switch reaction {
        case .pause(let next):
            self.reaction.update { $0 = next }
            throw time.pass(to: deadline)
        case .takes(let duration, let next):
            let ready = begun.advanced(by: duration)
            if deadline < ready { throw time.pass(to: deadline) }
            time.advance(by: max(.zero, time.now.duration(to: ready)))
            return try await perform(next, by: deadline)
        case .answer(let status, let pieces, let retryAfter, let isEventStream):
            return ScriptedReply(
                status: status, retryAfter: retryAfter, isEventStream: isEventStream, pieces: pieces, record: record,
                time: time)
        case .fail(let fault): throw UpstreamFailure(fault, "scripted \(fault.rawValue)")
        case .silence: throw time.pass(to: deadline)
        case .wait(let gate, let next):
            try await gate.wait()
            return try await perform(next, by: deadline)
        }
    }
}

extension ScriptedCalls.Reaction {
    /// A complete, unstreamed answer.
    static func whole(_ text: String = "hello", usage: Chat.Usage? = Chat.Usage(prompt: 9, completion: 3)) -> Self {
        .answer(200, [.bytes(Chat.answer(text: text, usage: usage))], isEventStream: false)
    }

    /// A stream, one event a piece; `[DONE]` and the end follow.
    static func stream(_ texts: [String] = ["hel", "lo"], usage: Chat.Usage? = nil) -> Self {
        .events(Chat.chunks(texts, usage: usage) + ["[DONE]"])
    }

    /// These events, then what else is said; by itself the end.
    static func events(_ events: [String], then pieces: ScriptedCalls.Piece...) -> Self {
        .answer(200, events.map { .bytes("data: \($0)\n\n") } + pieces)
    }

    /// An error answer.
    static func error(_ status: Int, _ message: String = "scripted", code: String? = nil, retryAfter: Duration? = nil) -> Self {
        let code = code.map(Chat.quote) ?? "null"
        let body = #"{"error":{"message":\#(Chat.quote(message)),"type":"scripted","param":null,"code":\#(code)}}"#
        return .answer(status, [.bytes(body)], retryAfter: retryAfter, isEventStream: false)
    }
}

private final class ScriptedReply: ProviderReply {
    let status: Int
    let retryAfter: Duration?
    let isEventStream: Bool
    private let pieces: Watched<[ScriptedCalls.Piece]>
    private let record: Watched<ScriptedCalls.Record>
    private let time: ManualTime

    init(
        status: Int, retryAfter: Duration?, isEventStream: Bool, pieces: [ScriptedCalls.Piece],
        record: Watched<ScriptedCalls.Record>, time: ManualTime
    ) {
        self.status = status
        self.retryAfter = retryAfter
        self.isEventStream = isEventStream
        self.pieces = Watched(pieces)
        self.record = record
        self.time = time
        record.update { $0.answered += 1 }
    }

    deinit { record.update { $0.released += 1 } }

    func next(by deadline: Instant) async throws -> ByteBuffer? {
        record.update { $0.deadlines.append(deadline) }
        while true {
            try Task.checkCancellation()
            switch pieces.update({ $0.isEmpty ? nil : $0.removeFirst() }) {
            case nil: return nil
            case .bytes(let text): return ByteBuffer(string: text)
            case .fail(let fault): throw UpstreamFailure(fault, "scripted \(fault.rawValue)")
            case .silence:
                pieces.update { $0.insert(.silence, at: 0) }
                throw time.pass(to: deadline)
            case .pause: throw time.pass(to: deadline)
            case .wait(let gate): try await gate.wait()
            }
        }
    }

    func finish() { record.update { $0.finished += 1 } }
}

extension ManualTime {
    /// Moves on to a deadline and returns what the transport throws when it is reached.
    fileprivate func pass(to deadline: Instant) -> UpstreamFailure {
        advance(by: max(.zero, now.duration(to: deadline)))
        return UpstreamFailure(.stall, "nothing came from the provider in time")
    }
}
