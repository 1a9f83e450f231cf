/// What can be seen of a complete answer: all that the rules for keeping it go by.
package struct AnswerSignals: Sendable, Equatable {
    /// How each of its choices ended; nil where the provider did not say.
    package var finishReasons: [String?] = []
    /// The model declined, in the field that the API has for it.
    package var isRefusal = false
    /// Whether the answer has the JSON form that was asked for; nil where none was.
    package var isWellFormed: Bool?
    /// The mean probability of the answer's tokens, 0…1, where they were asked for.
    package var tokenProbability: Double?
    /// Another model than the plan's first one answered.
    package var isFromFallback = false
    /// It was taken up by another attempt after it had broken off.
    package var wasResumed = false
    /// Members of a team are missing in it.
    package var isDegraded = false

    package init() {}

    /// How far the answer can be trusted to be what the model would say again, 0…1.
    ///
    /// 0.8 for an answer that ended by itself. 0.1 more where it has the form that was asked for; by the mean probability of its
    /// tokens up to 0.1 more (at 1; nothing at 0.75) or 0.2 less (at 0.5 and below).
    package var confidence: Double {
        var confidence = 0.8
        if isWellFormed == true { confidence += 0.1 }
        if let tokenProbability {
            let distance = tokenProbability - 0.75
            confidence += distance > 0 ? min(0.1, distance * 0.4) : max(-0.2, distance * 0.8)
        }
        return min(1, max(0, confidence))
    }
}

/// Why an answer is not kept.
package enum StoreRefusal: String, Sendable, CaseIterable {
    /// It ended at the limit of tokens.
    case truncated
    /// A provider's filter took something out of it.
    case filtered
    /// The provider said of its end nothing, or nothing that is known to be a good one.
    case unfinished
    /// The model declined.
    case refused
    /// Another model than the one asked for answered, which is not to answer for a model that is well again.
    case fallback
    /// Members of a team are missing in it.
    case degraded
    /// It was taken up after a cut: two calls made it, and nobody can prove that it is what one would have said.
    case resumed
    /// It does not have the form that was asked for.
    case malformed
    /// Below the gate.
    case unsure
    case tooLarge = "too_large"
    /// Its parts do not add up to one answer.
    case incomplete
    /// No attempt brought an answer, or it broke off.
    case failed
    /// All who waited for it left before it was whole.
    case left
    /// Something was forgotten while it was made that it is part of.
    case outdated
    /// The caller wanted it so.
    case noStore = "no_store"
}

/// Which answers are kept, and for how long.
package struct StoreRule: Sendable, Equatable {
    /// The least confidence: 0.7 for one agent's answer, 0.6 for a team's.
    package var gate = 0.7
    /// The largest answer, in bytes.
    package var byteLimit = 1 << 20

    package static let team = StoreRule(gate: 0.6)

    package init(gate: Double = 0.7, byteLimit: Int = 1 << 20) {
        self.gate = gate
        self.byteLimit = byteLimit
    }

    /// OpenAI's three ways to end, and what other servers say for `stop`: TGI's and Together's. Of all else nobody knows that
    /// the answer is whole: `model_length`, `error`, `insufficient_system_resource`.
    private static func isGoodEnd(_ reason: String?) -> Bool {
        switch reason {
        case "stop", "tool_calls", "function_call", "eos", "eos_token", "stop_sequence": true
        default: false
        }
    }

    /// Why this answer is not kept; nil for one that is.
    package func refusal(of answer: AnswerSignals, bytes: Int) -> StoreRefusal? {
        if answer.finishReasons.contains("length") { return .truncated }
        if answer.finishReasons.contains("content_filter") { return .filtered }
        if answer.finishReasons.isEmpty || !answer.finishReasons.allSatisfy(Self.isGoodEnd) { return .unfinished }
        if answer.isRefusal { return .refused }
        if answer.isFromFallback { return .fallback }
        if answer.isDegraded { return .degraded }
        if answer.wasResumed { return .resumed }
        if answer.isWellFormed == false { return .malformed }
        if bytes > byteLimit { return .tooLarge }
        return answer.confidence < gate ? .unsure : nil
    }

    /// How long an answer may be given: by its request's class, times 0.5 at the gate to 2 at full confidence, from a minute to two
    /// hours. What the caller asks for counts instead.
    ///
    /// - Parameter tier: read only where it counts: finding it takes longer than all else about an answer that is kept.
    package func life(of tier: @autoclosure () -> Tier, confidence: Double, asked: Duration?) -> Duration {
        if let asked { return min(max(asked, .milliseconds(1)), CacheDirectives.longestLife) }
        let base: Duration =
            switch tier() {
            case .simple: .seconds(3600)
            case .medium: .seconds(1800)
            case .complex: .seconds(900)
            }
        let above = gate < 1 ? min(1, max(0, (confidence - gate) / (1 - gate))) : 1
        return min(max(base * (0.5 + 1.5 * above), .seconds(60)), .seconds(7200))
    }
}
