import Core
import NIOCore
import Wire

/// One attempt's call on its way to what the commit point asks for: a whole answer, or a stream's first content.
///
/// Its wait can be broken off and taken up again, also by another task; the call goes on meanwhile.
struct AttemptCall: Sendable {
    let attempt: OpenAttempt
    /// When it has taken too long for the first content, or the whole answer.
    let limit: Instant
    /// Of the whole request.
    let deadline: Instant
    /// Longest wait between two chunks.
    let stall: Duration
    let call: any BegunCall
    let wire: ProviderWire
    let now: @Sendable () -> Instant
    let isStream: Bool
    /// Of a stream.
    private var reader: StreamReader?
    /// nil until the answer has begun.
    private var reply: (any ProviderReply)?

    /// - Parameter reader: nil for an answer that is not streamed.
    init(
        _ call: any BegunCall, for attempt: OpenAttempt, on wire: ProviderWire, reader: StreamReader?, limit: Instant, deadline: Instant,
        stall: Duration, now: @escaping @Sendable () -> Instant
    ) {
        isStream = reader != nil
        self.call = call
        self.attempt = attempt
        self.wire = wire
        self.reader = reader
        self.limit = limit
        self.deadline = deadline
        self.stall = stall
        self.now = now
    }

    /// Waits for what it delivers.
    ///
    /// - Throws: `AttemptFailure`, or `CancellationError`.
    mutating func delivery() async throws -> AttemptRun.Delivery { try await delivery(pausingAt: nil) }

    /// The same, but not longer than until `pause`: nil when that passed first.
    mutating func delivery(before pause: Instant) async throws -> AttemptRun.Delivery? {
        do { return try await delivery(pausingAt: pause) } catch is Paused { return nil }
    }

    /// The wait is broken off; nothing has failed.
    private struct Paused: Error {}

    private mutating func delivery(pausingAt pause: Instant?) async throws -> AttemptRun.Delivery {
        do {
            let reply = try await self.reply(pausingAt: pause)
            return isStream ? .stream(try await open(reply, pausingAt: pause)) : try await whole(reply)
        } catch let failure as UpstreamFailure {
            // The transport reports any wait that ran out as a stall; here nothing had arrived yet.
            let isLate = failure.fault == .stall
            let fault: Fault = !isLate ? failure.fault : now() >= deadline ? .totalTimeout : .firstContentTimeout
            throw AttemptFailure(fault: fault, detail: failure.detail, planned: attempt.planned)
        } catch var failure as AttemptFailure {
            failure.planned = attempt.planned
            throw failure
        }
    }

    /// One wait for the transport, broken off at `pause` where that comes first.
    private func wait<Value>(
        by limit: Instant, pausingAt pause: Instant?, _ wait: (Instant) async throws -> Value
    ) async throws -> Value {
        guard let pause, pause < limit else { return try await wait(limit) }
        do {
            return try await wait(pause)
        } catch let failure as UpstreamFailure where failure.fault == .stall && now() >= pause && now() < limit {
            throw Paused()
        }
    }

    /// The answer once it has begun.
    private mutating func reply(pausingAt pause: Instant?) async throws -> any ProviderReply {
        if let reply { return reply }
        let begun = try await wait(by: limit, pausingAt: pause) { try await call.reply(by: $0) }
        guard (200..<300).contains(begun.status) else { throw try await AttemptFailure(begun, wire, by: limit) }
        if isStream, !begun.isEventStream {
            throw UpstreamFailure(.malformed, "the provider answered a streaming request with something else")
        }
        reply = begun
        return begun
    }

    private func whole(_ reply: any ProviderReply) async throws -> AttemptRun.Delivery {
        let sent = try await reply.collect(by: limit)
        guard let body = wire.whole(sent), let content = ProviderAnswer.whole(body) else {
            // Some providers report their errors with a status of 200.
            if let reported = ProviderAnswer.failure(in: sent) {
                var failure = AttemptFailure(reported, status: reply.status)
                failure.retryAfter = reply.retryAfter
                throw failure
            }
            throw UpstreamFailure(.malformed, "the provider's answer is not a chat completion")
        }
        attempt.note(
            Tally(usage: content.usage, isCountCurrent: true, size: content.size, isDelivered: content.hasContent))
        guard content.hasContent else { throw UpstreamFailure(.empty, "the provider's answer has no content") }
        return .whole(attempt, body: body, usage: content.usage)
    }

    /// Reads a stream up to its first content; that of a continuation up to what is new in it.
    private mutating func open(_ reply: any ProviderReply, pausingAt pause: Instant?) async throws -> OpenedStream {
        defer { if let tally = reader?.tally { attempt.note(tally) } }
        while true {
            // Text that is skipped is a sign of life, too: from then on only a stall ends the wait.
            let isAlive = hasSkipped
            do {
                let limit = isAlive ? min(deadline, now().advanced(by: stall)) : limit
                let bytes = try await wait(by: limit, pausingAt: pause) { try await reply.next(by: $0) }
                if let opened = try opened(reply, by: bytes) { return opened }
            } catch let failure as UpstreamFailure where isAlive || hasSkipped {
                let fault = failure.fault(isOverdue: now() >= deadline)
                throw AttemptFailure(fault: fault, detail: failure.detail, planned: attempt.planned)
            }
        }
    }

    private var hasSkipped: Bool { reader?.hasSkipped ?? false }

    /// The stream, if these bytes bring its first content.
    private mutating func opened(_ reply: any ProviderReply, by bytes: ByteBuffer?) throws -> OpenedStream? {
        reader?.take(bytes)
        while let verdict = try reader?.next() {
            switch verdict {
            case .hold: continue
            case .fail(let fault, let detail): throw UpstreamFailure(fault, detail)
            case .pass(let events): return opened(reply, events, isComplete: false)
            case .complete(let events): return opened(reply, events, isComplete: true)
            }
        }
        return nil
    }

    private func opened(_ reply: any ProviderReply, _ events: [SSEEvent], isComplete: Bool) -> OpenedStream? {
        reader.map {
            OpenedStream(reply: reply, attempt: attempt, reader: $0, events: events, isComplete: isComplete, stall: stall)
        }
    }
}

extension ProviderReply {
    /// The rest of the answer; the transport bounds its size.
    func collect(by limit: Instant) async throws -> ByteBuffer {
        var body = ByteBuffer()
        while var bytes = try await next(by: limit) {
            if body.readableBytes == 0 { body = bytes } else { body.writeBuffer(&bytes) }
        }
        return body
    }
}
