import Core
import Wire

/// A committed answer as the attempts bring it.
///
/// When its provider breaks it off, another attempt takes it up where that is possible, and the same stream goes on.
struct AttemptStream: Sendable {
    /// Where the answer comes from; nil once it has ended.
    private var source: OpenedStream?
    /// Takes the answer up when it breaks off; nil where nothing could, so that the request is not kept for it.
    private var run: AttemptRun?
    private let settlement: Settlement
    private let deadline: Instant
    private let heartbeat: Heartbeat
    private let now: @Sendable () -> Instant
    /// Taken up anew, and not told yet.
    private var resumption: Resumption?
    private var pending: [SSEEvent]
    private var state: State
    /// When the caller has heard nothing for too long; set while it waits.
    private var beatsAt: Instant?

    private enum State: Sendable {
        case reading
        /// The provider's answer is whole; what is pending is the last of it.
        case complete
        /// It broke off; what is pending goes out before anything is done about it.
        case broken(UpstreamFailure)
        /// It broke off for good.
        case failed(AnswerFailure)
        /// Nothing is left.
        case ended

        var isReading: Bool { if case .reading = self { true } else { false } }
    }

    init(_ opened: OpenedStream, run: AttemptRun) {
        source = opened
        self.run = opened.reader.delivered == nil ? nil : run
        settlement = run.settlement
        deadline = run.deadline
        heartbeat = run.heartbeat
        now = run.now
        pending = opened.events
        state = opened.isComplete ? .complete : .reading
    }

    /// The next part; nil behind the last one. Suspends until the provider sends something.
    ///
    /// - Parameter beat: called after every 10 s in which there was nothing to say.
    /// - Throws: `CancellationError` when the caller's task is cancelled, or what `beat` throws; the call is then over.
    mutating func next(beat: () async throws -> Void) async throws -> AnswerStream.Part? {
        beatsAt = nil
        while true {
            if let resumption {
                self.resumption = nil
                return .resumed(resumption)
            }
            if !pending.isEmpty {
                defer { pending = [] }
                return .events(pending)
            }
            switch state {
            case .ended: return nil
            case .failed(let failure):
                state = .ended
                return .failed(failure)
            case .complete:
                state = .ended
                return .done(finish())
            case .reading:
                do {
                    try await read(beat)
                } catch let failure as UpstreamFailure {
                    state = .broken(failure)
                }
            case .broken(let failure): try await recover(from: failure, beat)
            }
        }
    }

    /// Judges what is there, or waits for more.
    private mutating func read(_ beat: () async throws -> Void) async throws {
        try judge()
        guard state.isReading, pending.isEmpty, let reply = source?.reply, let stall = source?.stall else { return }
        let start = now()
        let limit = min(start.advanced(by: stall), deadline)
        var nextBeat = beatsAt ?? start.advanced(by: Heartbeat.interval)
        while true {
            beatsAt = nextBeat
            do {
                let bytes = try await reply.next(by: min(limit, nextBeat))
                source?.reader.take(bytes)
                return
            } catch let failure as UpstreamFailure {
                // The wait for the beat is over, not the wait for the provider.
                guard failure.fault == .stall, now() >= nextBeat, now() < limit else { throw failure }
                try await beat()
                nextBeat = nextBeat.advanced(by: Heartbeat.interval)
            }
        }
    }

    /// Judges what has arrived, and says how far it goes: from here on the caller may leave at any time.
    private mutating func judge() throws {
        defer { if let tally = source?.reader.tally { source?.attempt.note(tally) } }
        while state.isReading, let verdict = try source?.reader.next() { try apply(verdict) }
    }

    private mutating func apply(_ verdict: StreamGate.Verdict) throws {
        switch verdict {
        case .hold: break
        case .pass(let events): pending += events
        case .complete(let events):
            pending += events
            state = .complete
        case .fail(let fault, let detail): throw UpstreamFailure(fault, detail)
        }
    }

    private mutating func finish() -> AnswerStream.End {
        guard let source else { return AnswerStream.End(usage: nil, cost: nil, attempts: [], receipt: Receipt([])) }
        source.reply.finish()
        let usage = source.reader.usage
        source.attempt.succeed()
        let attempts = settlement.attempts
        settlement.note { $0.usage = usage }
        settlement.settle(.complete)
        self.source = nil
        return AnswerStream.End(usage: usage, cost: attempts.cost, attempts: attempts, receipt: attempts.receipt)
    }
}

// MARK: When it breaks off

extension AttemptStream {
    /// Has another attempt take the answer up, or ends it with an error.
    private mutating func recover(from failure: UpstreamFailure, _ beat: () async throws -> Void) async throws {
        // Behind its finish reason an answer is whole, whatever becomes of the connection.
        if source?.reader.isFinished ?? true { return state = .complete }
        let fault = failure.fault(isOverdue: now() >= deadline)
        let delivered = close(after: fault)
        let failures: [AttemptFailure]
        switch try await resume(delivered, after: fault, beat) {
        case .opened(let opened): return goOn(with: opened)
        case .failed(let tried): failures = tried
        }
        let tried = failures.isEmpty ? "" : " Taking it up failed: \(failures.map(\.inWords).joined(separator: "; "))."
        let error = GatewayError(
            .providersFailed, .provider,
            "The answer broke off: \(failure.detail.prefix(200)) (\(fault.rawValue)). What came before is not complete.\(tried)")
        let receipt = settlement.attempts.receipt
        settlement.settle(.failed(error.code))
        state = .failed(AnswerFailure(error: error, receipt: receipt))
    }

    /// Ends the attempt that broke off, and its call; returns what the caller has of the answer.
    private mutating func close(after fault: Fault) -> DeliveredText? {
        guard let broken = source else { return nil }
        source = nil
        broken.attempt.fail(fault, retryAfter: nil)
        return broken.reader.delivered
    }

    private enum Resumed: Sendable {
        case opened(OpenedStream)
        case failed([AttemptFailure])
    }

    /// Has further attempts take the answer up, as far as they may.
    private mutating func resume(
        _ delivered: DeliveredText?, after fault: Fault, _ beat: () async throws -> Void
    ) async throws -> Resumed {
        guard fault.meaning.remedy != .giveUp, let run, let delivered, let text = delivered.text else { return .failed([]) }
        let next = beatsAt ?? now().advanced(by: Heartbeat.interval)
        let (tried, opened) = try await heartbeat.during(next: next, beat) {
            var run = run
            let opened = try await run.resume(delivered, text: text, after: fault)
            return (run, opened)
        }
        self.run = tried
        return opened.map { .opened($0) } ?? .failed(tried.failures)
    }

    private mutating func goOn(with opened: OpenedStream) {
        source = opened
        state = opened.isComplete ? .complete : .reading
        resumption = opened.reader.resumption
        pending = opened.events
        if let resumption { settlement.note { $0.resumptions.append(resumption) } }
    }
}
