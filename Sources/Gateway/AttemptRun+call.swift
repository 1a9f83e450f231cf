import Core
import NIOCore
import Wire

/// One attempt's call, as it is sent.
extension AttemptRun {
    /// Sends an attempt's request.
    ///
    /// - Parameter isHedge: another attempt runs beside it.
    /// - Throws: `AttemptFailure`, or `CancellationError`.
    func begin(_ attempt: OpenAttempt, _ aim: Aim, isHedge: Bool = false) throws -> AttemptCall {
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
        var reader: StreamReader?
        if ask.request.isStream {
            // The attempt that a hedge runs beside could take its answer up.
            let delivered = aim.delivered ?? (mayResume(hasAlternative: isHedge || course.hasAlternative) ? DeliveredText() : nil)
            reader = StreamReader(
                wire, for: ask.request, passesUsage: keepsUsage || ask.request.wantsUsage, delivered: delivered,
                takeover.continuation)
        }
        do {
            return AttemptCall(
                try fleet.calls.begin(call), for: attempt, on: wire, reader: reader, limit: limit, deadline: deadline,
                stall: timeouts.stall, now: now)
        } catch let failure as UpstreamFailure {
            throw AttemptFailure(fault: failure.fault, detail: failure.detail, planned: attempt.planned)
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
