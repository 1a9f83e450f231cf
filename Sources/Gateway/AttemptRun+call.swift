import Core
import NIOCore
import Wire

/// One attempt: a call, and the wait for what the commit point asks for.
extension AttemptRun {
    func perform(_ attempt: OpenAttempt, _ aim: Aim) async throws -> Delivery {
        let (model, deployment) = (attempt.planned.model, attempt.planned.deployment)
        guard let provider = fleet.catalogue.provider(deployment.provider) else {
            throw AttemptFailure(fault: .connect, detail: "its provider is not in the catalogue", planned: attempt.planned)
        }
        let timeouts = ask.request.policy.timeouts(of: model)
        let limit = patience(timeouts).map { min(deadline, now().advanced(by: $0)) } ?? deadline
        let takeover = Takeover(aim, of: ask.request, by: model, at: provider)
        let wire = ProviderWire(provider.api, model: model.name)
        let call = UpstreamCall(
            access: deployment.access, body: try body(of: takeover.request, on: wire, for: attempt.planned, at: provider),
            isStream: ask.request.isStream, connectTimeout: timeouts.connect,
            acquireBy: min(limit, now().advanced(by: timeouts.acquire)))
        do {
            let reply = try await fleet.calls.send(call, by: limit)
            guard (200..<300).contains(reply.status) else { throw try await AttemptFailure(reply, wire, by: limit) }
            guard ask.request.isStream else { return try await whole(reply, attempt, wire, by: limit) }
            let delivered = aim.delivered ?? (mayResume ? DeliveredText() : nil)
            let reader = StreamReader(
                wire, for: ask.request, passesUsage: keepsUsage || ask.request.wantsUsage, delivered: delivered,
                takeover.continuation)
            return .stream(try await open(reply, attempt, reader, stall: timeouts.stall, by: limit))
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

    /// How long to wait for the first content, or the whole answer; nil for as long as the request may take. A model's own
    /// limit only counts while another candidate is left, the caller's always.
    private func patience(_ timeouts: Timeouts) -> Duration? {
        let own = ask.request.isStream ? ask.request.policy.firstContent : ask.request.policy.answer
        guard own == nil, course.hasAlternative else { return own }
        return ask.request.isStream ? timeouts.firstContent : timeouts.answer
    }

    private func body(
        of request: ChatRequest, on wire: ProviderWire, for planned: Plan.Attempt, at provider: Provider
    ) throws -> ByteBuffer {
        do {
            return try wire.body(
                of: request, for: planned.model, at: planned.deployment, of: provider, agent: plan.agent)
        } catch {
            // A field that this provider's wire cannot express: the caller is told, nobody is asked.
            var failure = AttemptFailure(fault: .callerMistake, detail: error.message, planned: planned)
            failure.refusal = error
            throw failure
        }
    }

    private func whole(
        _ reply: any ProviderReply, _ attempt: OpenAttempt, _ wire: ProviderWire, by limit: Instant
    ) async throws -> Delivery {
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
        let head = head(of: attempt)
        attempt.deliver(isStream: false)
        attempt.succeed()
        let attempts = settlement.attempts
        settlement.note { $0.usage = content.usage }
        settlement.settle(.complete)
        return .whole(head, WholeAnswer(body: body, usage: content.usage, attempts: attempts))
    }

    /// Reads a stream up to its first content; that of a continuation up to what is new in it.
    private func open(
        _ reply: any ProviderReply, _ attempt: OpenAttempt, _ reader: StreamReader, stall: Duration, by limit: Instant
    ) async throws -> OpenedStream {
        guard reply.isEventStream else {
            throw UpstreamFailure(.malformed, "the provider answered a streaming request with something else")
        }
        var reader = reader
        defer { attempt.note(reader.tally) }
        func opened(_ events: [SSEEvent], isComplete: Bool) -> OpenedStream {
            OpenedStream(
                reply: reply, attempt: attempt, reader: reader, events: events, isComplete: isComplete, stall: stall)
        }
        while true {
            // Text that is skipped is a sign of life, too: from then on only a stall ends the wait.
            let isAlive = reader.hasSkipped
            do {
                reader.take(try await reply.next(by: isAlive ? min(deadline, now().advanced(by: stall)) : limit))
                while let verdict = try reader.next() {
                    switch verdict {
                    case .hold: continue
                    case .fail(let fault, let detail): throw UpstreamFailure(fault, detail)
                    case .pass(let events): return opened(events, isComplete: false)
                    case .complete(let events): return opened(events, isComplete: true)
                    }
                }
            } catch let failure as UpstreamFailure where isAlive || reader.hasSkipped {
                let fault = failure.fault(isOverdue: now() >= deadline)
                throw AttemptFailure(fault: fault, detail: failure.detail, planned: attempt.planned)
            }
        }
    }
}

extension UpstreamFailure {
    /// How a stream broke off whose content had begun.
    ///
    /// - Parameter isOverdue: the request's time is over: then the wait was, not the provider's silence.
    func fault(isOverdue: Bool) -> Fault { fault == .stall && isOverdue ? .totalTimeout : fault }
}

extension AttemptRun.Aim {
    fileprivate var delivered: DeliveredText? { if case .continuation(let delivered, _) = self { delivered } else { nil } }
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
