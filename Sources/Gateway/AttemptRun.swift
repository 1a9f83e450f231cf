import Core
import NIOCore
import Wire

/// Works through a plan's attempts until one delivers: a whole answer, or a stream's first content.
struct AttemptRun {
    let ask: Ask
    let plan: Plan
    let catalogue: Catalogue
    let settlement: Settlement
    private let breakers: Breakers
    private let calls: any ProviderCalls
    private let now: @Sendable () -> Instant
    private let random: @Sendable () -> Double
    private let deadline: Instant
    private var failures: [AttemptFailure] = []

    init(
        ask: Ask, plan: Plan, catalogue: Catalogue, breakers: Breakers, calls: any ProviderCalls,
        settlement: Settlement, now: @escaping @Sendable () -> Instant, random: @escaping @Sendable () -> Double
    ) {
        self.ask = ask
        self.plan = plan
        self.catalogue = catalogue
        self.breakers = breakers
        self.calls = calls
        self.settlement = settlement
        self.now = now
        self.random = random
        deadline = now().advanced(by: plan.totalTimeout)
    }

    /// Runs the plan.
    mutating func answer() async throws(AnswerFailure) -> Answer {
        var index = 0
        var isRetry = false
        while index < plan.attempts.count, failures.count < catalogue.policy.attemptLimit, now() < deadline {
            let planned = plan.attempts[index]
            guard case .admitted(let ticket) = breakers.admit(planned.deployment) else {
                (index, isRetry) = (index + 1, false)
                continue
            }
            let attempt = OpenAttempt(
                planned, ticket: ticket, breakers: breakers, settlement: settlement, requestID: ask.requestID)
            do {
                return try await perform(attempt, hasNext: index + 1 < plan.attempts.count)
            } catch let failure as AttemptFailure {
                attempt.fail(failure.fault, retryAfter: failure.retryAfter)
                failures.append(failure)
                switch next(after: failure, wasRetried: isRetry) {
                case .again(let wait):
                    try await pause(wait)
                    isRetry = true
                case .next: (index, isRetry) = (index + 1, false)
                case .nextLarger: (index, isRetry) = (indexOfLarger(than: planned.model, after: index), false)
                case .stop: index = plan.attempts.count
                }
            } catch { throw callerGone() }
        }
        throw failed()
    }

    private func next(after failure: AttemptFailure, wasRetried: Bool) -> RetryRule.Next {
        let rule = RetryRule.next(
            after: failure.fault, retryAfter: failure.retryAfter, wasRetried: wasRetried, jitter: random())
        // A wait that outlasts the request helps nobody.
        if case .again(let wait) = rule, now().advanced(by: wait) >= deadline { return .next }
        return rule
    }

    private func indexOfLarger(than model: Model, after index: Int) -> Int {
        let window = model.inputWindow ?? 0
        return plan.attempts.indices.dropFirst(index + 1).first {
            (plan.attempts[$0].model.inputWindow ?? .max) > window && plan.attempts[$0].model.name != model.name
        } ?? plan.attempts.count
    }

    private func pause(_ wait: Duration) async throws(AnswerFailure) {
        do { try await Task.sleep(for: wait, tolerance: .zero) } catch { throw callerGone() }
    }

    // MARK: One attempt

    /// Makes one call and waits for what the commit point asks for.
    private func perform(_ attempt: OpenAttempt, hasNext: Bool) async throws -> Answer {
        let (model, deployment) = (attempt.planned.model, attempt.planned.deployment)
        guard let provider = catalogue.provider(deployment.provider) else {
            throw AttemptFailure(fault: .connect, detail: "its provider is not in the catalogue", planned: attempt.planned)
        }
        let patience = ask.request.isStream ? model.timeouts.firstContent : model.timeouts.answer
        let limit = hasNext ? min(deadline, now().advanced(by: patience)) : deadline
        let wire = ProviderWire(provider.api, model: model.name)
        let call = UpstreamCall(
            provider: provider.id,
            body: try body(on: wire, for: attempt.planned, of: provider),
            isStream: ask.request.isStream, connectTimeout: model.timeouts.connect,
            acquireBy: min(limit, now().advanced(by: model.timeouts.acquire)))
        do {
            let reply = try await calls.send(call, by: limit)
            guard (200..<300).contains(reply.status) else { throw try await AttemptFailure(reply, wire, by: limit) }
            return ask.request.isStream
                ? try await stream(reply, attempt, wire, by: limit) : try await whole(reply, attempt, wire, by: limit)
        } catch let failure as UpstreamFailure {
            // The transport reports any wait that ran out as a stall; here nothing had arrived yet.
            let fault: Fault =
                failure.fault != .stall ? failure.fault : now() >= deadline ? .totalTimeout : .firstContentTimeout
            throw AttemptFailure(fault: fault, detail: failure.detail, planned: attempt.planned)
        } catch var failure as AttemptFailure {
            failure.planned = attempt.planned
            throw failure
        }
    }

    private func body(on wire: ProviderWire, for planned: Plan.Attempt, of provider: Provider) throws -> ByteBuffer {
        do {
            return try wire.body(
                of: ask.request, for: planned.model, at: planned.deployment, of: provider, agent: plan.agent)
        } catch {
            // A field that this provider's wire cannot express: the caller is told, nobody is asked.
            var failure = AttemptFailure(fault: .callerMistake, detail: error.message, planned: planned)
            failure.refusal = error
            throw failure
        }
    }

    private func whole(
        _ reply: any ProviderReply, _ attempt: OpenAttempt, _ wire: ProviderWire, by limit: Instant
    ) async throws -> Answer {
        guard let body = wire.whole(try await reply.collect(by: limit)), let content = ProviderAnswer.whole(body) else {
            throw UpstreamFailure(.malformed, "the provider's answer is not a chat completion")
        }
        guard content.hasContent else { throw UpstreamFailure(.empty, "the provider's answer has no content") }
        let cost = content.usage.flatMap { attempt.planned.model.price?.cost(of: $0) }
        let head = head(of: attempt)
        attempt.succeed()
        settlement.note {
            $0.usage = content.usage
            $0.cost = cost
        }
        settlement.settle(.complete)
        return .whole(head, body: body, content: content, cost: cost)
    }

    private func stream(
        _ reply: any ProviderReply, _ attempt: OpenAttempt, _ wire: ProviderWire, by limit: Instant
    ) async throws -> Answer {
        guard reply.isEventStream else {
            throw UpstreamFailure(.malformed, "the provider answered a streaming request with something else")
        }
        var reader = StreamReader(wire, passesUsage: ask.request.wantsUsage)
        while true {
            reader.take(try await reply.next(by: limit))
            while let verdict = try reader.next() {
                switch verdict {
                case .hold: continue
                case .fail(let fault, let detail): throw UpstreamFailure(fault, detail)
                case .pass(let events): return commit(reply, attempt, reader, events, isComplete: false)
                case .complete(let events): return commit(reply, attempt, reader, events, isComplete: true)
                }
            }
        }
    }

    /// The stream at its commit point: what was held back, and the rest to come.
    private func commit(
        _ reply: any ProviderReply, _ attempt: OpenAttempt, _ reader: StreamReader, _ events: [SSEEvent],
        isComplete: Bool
    ) -> Answer {
        let seconds = settlement.seconds
        settlement.note { $0.firstContentSeconds = seconds }
        attempt.reachedContent(at: seconds)
        let opened = OpenedStream(
            reply: reply, attempt: attempt, reader: reader, events: events, isComplete: isComplete)
        return .stream(
            head(of: attempt), AnswerStream(opened, settlement: settlement, deadline: deadline, now: now))
    }

    private func head(of attempt: OpenAttempt) -> AnswerHead {
        AnswerHead(
            model: attempt.planned.model, deployment: attempt.planned.deployment, agent: plan.agent,
            routing: plan.routing, complexity: plan.complexity, reason: attempt.planned.reason,
            failedAttempts: settlement.attempts)
    }

    // MARK: No answer

    private func callerGone() -> AnswerFailure {
        settlement.settle(.callerGone)
        return AnswerFailure(error: GatewayError(.callerGone, .client, "The caller hung up."))
    }

    private func failed() -> AnswerFailure {
        let failure = AnswerFailure(
            after: failures, attempts: settlement.attempts, isLate: now() >= deadline, health: plan.attempts.map {
                breakers.availability(of: $0.deployment)
            })
        settlement.settle(.failed(failure.error.code))
        return failure
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
