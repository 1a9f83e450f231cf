import Core
import NIOCore
import Wire

/// How one attempt failed before anything reached the caller.
struct AttemptFailure: Error {
    let fault: Fault
    /// In words for people; holds no secrets.
    let detail: String
    var retryAfter: Duration?
    /// The provider's status and body, where it answered.
    var answer: (status: Int, body: ByteBuffer, isOpenAIShape: Bool)?
    var planned: Plan.Attempt?
    /// The gateway's own refusal to send the request to that provider.
    var refusal: GatewayError?

    init(fault: Fault, detail: String, planned: Plan.Attempt?) {
        self.fault = fault
        self.detail = detail
        self.planned = planned
    }

    /// Reads a provider's error answer.
    init(_ reply: any ProviderReply, _ wire: ProviderWire, by limit: Instant) async throws {
        let body = wire.error(status: reply.status, try await reply.collect(by: limit))
        let failure = ProviderFailure(status: reply.status, body: body)
        self.init(failure, status: reply.status)
        retryAfter = reply.retryAfter
        answer = (reply.status, body, failure.isOpenAIShape)
    }

    /// A failure that the provider reports.
    init(_ failure: ProviderFailure, status: Int) {
        fault = failure.fault
        detail = failure.message == nil && fault != .badKey ? "status \(status)" : failure.detail
    }
}

extension AnswerFailure {
    /// The answer to a caller whose every attempt failed.
    ///
    /// - Parameters:
    ///   - isLate: the request's time is over.
    ///   - health: what the breakers of the plan's attempts say now.
    ///   - passedOver: deployments that the plan left out.
    init(
        after failures: [AttemptFailure], attempts: [AttemptRecord], isLate: Bool, health: [Breaker.Availability],
        passedOver: [Plan.PassedOver]
    ) {
        error = Self.error(after: failures, isLate: isLate, health: health)
        self.attempts = attempts
        if !attempts.isEmpty { receipt = attempts.receipt }
        tried = zip(failures, attempts).map(ErrorAnswer.Attempt.init) + passedOver.resting
        if let last = failures.last, let answer = last.answer, answer.isOpenAIShape, last.isCallersToSee {
            providerBody = answer.body
        }
    }

    private static func error(
        after failures: [AttemptFailure], isLate: Bool, health: [Breaker.Availability]
    ) -> GatewayError {
        guard let last = failures.last else { return .resting(health.soonest ?? .seconds(1)) }
        if let refusal = last.refusal { return refusal }
        if last.isCallersToSee {
            var error = GatewayError(.providerRefused, .client, last.detail)
            error.providerStatus = last.answer?.status
            return error
        }
        let tried = failures.map(\.inWords).joined(separator: "; ")
        if isLate {
            return GatewayError(.deadline, .provider, "No provider answered in time. Tried: \(tried).")
        }
        var error = GatewayError(.providersFailed, .provider, "No provider could answer. Tried: \(tried).")
        error.isRetryable = true
        if failures.allSatisfy({ $0.fault == .rateLimited }) {
            error.providerStatus = 429
            error.retryAfter = failures.compactMap(\.retryAfter).min()
        } else {
            error.retryAfter = health.allSatisfy(\.isRefused) ? health.soonest : nil
        }
        return error
    }
}

extension ErrorAnswer.Attempt {
    fileprivate init(_ failure: AttemptFailure, _ record: AttemptRecord) {
        self.init(
            deployment: record.deployment, fault: record.result, detail: String(failure.detail.prefix(200)),
            seconds: record.seconds)
    }
}

extension [Plan.PassedOver] {
    /// Those that were not asked because their breaker is open; a model may have a hundred deployments, a few will do.
    var resting: [ErrorAnswer.Attempt] {
        filter(\.isResting).prefix(20).map { .init(deployment: $0.name, fault: "breaker_open", detail: $0.reason) }
    }
}

extension AttemptFailure {
    /// The caller can mend it, so the provider's own words go out.
    fileprivate var isCallersToSee: Bool { fault.meaning.blame == .caller }

    /// For the error that the caller gets.
    var inWords: String {
        var words = "\(planned?.deployment.id ?? "?") (\(fault.rawValue): \(detail.prefix(200))"
        if fault == .badKey, let variable = planned?.deployment.keyVariable { words += "; mend what \(variable) holds" }
        return words + ")"
    }
}

extension Breaker.Availability {
    fileprivate var isRefused: Bool { if case .refused = self { true } else { false } }
}

extension [Breaker.Availability] {
    /// Until the first of them may be asked again.
    fileprivate var soonest: Duration? {
        compactMap { if case .refused(let wait) = $0 { wait } else { nil } }.min()
    }
}
