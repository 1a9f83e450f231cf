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
        fault = failure.fault
        // A provider's words about a rejected key may repeat the key.
        detail = failure.fault == .badKey ? "the gateway's key was refused" : failure.message ?? "status \(reply.status)"
        retryAfter = reply.retryAfter
        answer = (reply.status, body, failure.isOpenAIShape)
    }
}

extension AnswerFailure {
    /// The answer to a caller whose every attempt failed.
    ///
    /// - Parameters:
    ///   - isLate: the request's time is over.
    ///   - health: what the breakers of the plan's attempts say now.
    init(
        after failures: [AttemptFailure], attempts: [AttemptRecord], isLate: Bool, health: [Breaker.Availability]
    ) {
        error = Self.error(after: failures, isLate: isLate, health: health)
        self.attempts = attempts
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

extension AttemptFailure {
    /// The caller can mend it, so the provider's own words go out.
    fileprivate var isCallersToSee: Bool { fault.meaning.blame == .caller }

    fileprivate var inWords: String {
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
