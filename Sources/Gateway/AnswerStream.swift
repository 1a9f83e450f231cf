package import Core
package import Wire

/// A committed answer on its way to the caller, pulled by whoever writes it.
///
/// A value, so that it can be handed from the request's handler to the writer of its body; only one of them reads it.
package struct AnswerStream: Sendable {
    private let reply: any ProviderReply
    private let attempt: OpenAttempt
    private let settlement: Settlement
    private let deadline: Instant
    private let now: @Sendable () -> Instant
    private var reader: StreamReader
    private var pending: [SSEEvent]
    private var state: State

    private enum State: Sendable {
        case reading
        /// The provider's answer is whole; what is pending is the last of it.
        case complete
        /// Whatever is pending goes out, then nothing.
        case ended

        var isReading: Bool { if case .reading = self { true } else { false } }
    }

    /// What the caller's stream says next.
    package enum Part: Sendable {
        /// Chunks of the answer, as the provider sent them.
        case events([SSEEvent])
        /// The answer is whole.
        case done(Usage?, Money?)
        /// The answer broke off; nothing follows.
        case failed(GatewayError)
    }

    init(
        _ opened: OpenedStream, settlement: Settlement, deadline: Instant, now: @escaping @Sendable () -> Instant
    ) {
        reply = opened.reply
        attempt = opened.attempt
        reader = opened.reader
        pending = opened.events
        state = opened.isComplete ? .complete : .reading
        self.settlement = settlement
        self.deadline = deadline
        self.now = now
    }

    /// The next part; nil behind the last one. Suspends until the provider sends something.
    ///
    /// - Throws: `CancellationError` when the caller's task is cancelled; the call is then over.
    package mutating func next() async throws -> Part? {
        while true {
            if !pending.isEmpty {
                defer { pending = [] }
                return .events(pending)
            }
            switch state {
            case .ended: return nil
            case .complete:
                state = .ended
                return finish()
            case .reading:
                do {
                    try await read()
                } catch let failure as UpstreamFailure {
                    state = .ended
                    return .failed(fail(failure))
                }
            }
        }
    }

    /// Judges what has arrived, or waits for more.
    private mutating func read() async throws {
        while state.isReading, let verdict = try reader.next() { try apply(verdict) }
        guard state.isReading, pending.isEmpty else { return }
        let stallsAt = now().advanced(by: attempt.planned.model.timeouts.stall)
        reader.take(try await reply.next(by: min(stallsAt, deadline)))
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

    private func finish() -> Part {
        reply.finish()
        let cost = reader.usage.flatMap { usage in attempt.planned.model.price?.cost(of: usage) }
        attempt.succeed()
        settlement.note {
            $0.usage = reader.usage
            $0.cost = cost
        }
        settlement.settle(.complete)
        return .done(reader.usage, cost)
    }

    private func fail(_ failure: UpstreamFailure) -> GatewayError {
        attempt.fail(failure.fault, retryAfter: nil, isStream: true)
        let error = GatewayError(
            .providersFailed, .provider,
            "The answer broke off: \(failure.detail) (\(failure.fault.rawValue)). What came before is not complete.")
        settlement.settle(.failed(error.code))
        return error
    }
}
