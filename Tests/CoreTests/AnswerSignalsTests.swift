import Core
import Testing

/// What is kept, and for how long.
@Suite struct AnswerSignalsTests {
    private func signals(_ change: (inout AnswerSignals) -> Void = { _ in }) -> AnswerSignals {
        var signals = AnswerSignals()
        signals.finishReasons = ["stop"]
        change(&signals)
        return signals
    }

    private func isNear(_ one: Double, _ other: Double) -> Bool { abs(one - other) < 1e-9 }

    // MARK: Confidence

    @Test func confidenceIsCountedUp() {
        #expect(isNear(signals().confidence, 0.8))
        #expect(isNear(signals { $0.isWellFormed = true }.confidence, 0.9))
    }

    @Test(arguments: [(1.0, 0.9), (0.875, 0.85), (0.75, 0.8), (0.625, 0.7), (0.5, 0.6), (0.1, 0.6), (0.0, 0.6)])
    func theTokensProbabilityCounts(probability: Double, confidence: Double) {
        #expect(isNear(signals { $0.tokenProbability = probability }.confidence, confidence))
    }

    @Test func confidenceIsAProbability() {
        let best = signals { ($0.isWellFormed, $0.tokenProbability) = (true, 1) }
        #expect(best.confidence == 1)
    }

    // MARK: Refusals

    static let refusals: [(StoreRefusal, @Sendable (inout AnswerSignals) -> Void)] = [
        (.truncated, { $0.finishReasons = ["stop", "length"] }), (.filtered, { $0.finishReasons = ["content_filter"] }),
        (.refused, { $0.isRefusal = true }), (.degraded, { $0.isDegraded = true }), (.resumed, { $0.wasResumed = true }),
        (.malformed, { $0.isWellFormed = false }), (.unfinished, { $0.finishReasons = [nil] }),
        (.unfinished, { $0.finishReasons = ["stop", nil] }), (.unfinished, { $0.finishReasons = [] }),
        (.unfinished, { $0.finishReasons = ["model_length"] }), (.unfinished, { $0.finishReasons = ["insufficient_system_resource"] }),
        (.unsure, { $0.tokenProbability = 0.6 }),
    ]

    @Test(arguments: refusals.indices) func eachReasonIsNamed(index: Int) {
        let (reason, change) = Self.refusals[index]
        #expect(StoreRule().refusal(of: signals(change), bytes: 100) == reason)
    }

    @Test func soundAnswersAreKept() {
        for reason in ["stop", "tool_calls", "function_call", "eos"] {
            #expect(StoreRule().refusal(of: signals { $0.finishReasons = [reason] }, bytes: 100) == nil)
        }
    }

    /// It is not to answer for a model that is well again, however good it is.
    @Test func aFallbacksAnswerIsNotKept() {
        let answer = signals { ($0.isFromFallback, $0.isWellFormed, $0.tokenProbability) = (true, true, 1) }
        #expect(StoreRule().refusal(of: answer, bytes: 100) == .fallback)
    }

    @Test func theLimitOfBytesIsTheLastThatFits() {
        let rule = StoreRule(byteLimit: 1000)
        #expect(rule.refusal(of: signals(), bytes: 1000) == nil)
        #expect(rule.refusal(of: signals(), bytes: 1001) == .tooLarge)
    }

    /// 0.64 lies between the gates.
    @Test func aTeamsGateIsLower() {
        let unsure = signals { $0.tokenProbability = 0.55 }
        #expect(isNear(unsure.confidence, 0.64))
        #expect(StoreRule().refusal(of: unsure, bytes: 1) == .unsure)
        #expect(StoreRule.team.refusal(of: unsure, bytes: 1) == nil)
        #expect(StoreRule(gate: 0.8).refusal(of: signals(), bytes: 1) == nil, "at the gate")
    }

    // MARK: Lives

    @Test(arguments: [
        (Tier.simple, 0.7, 1800), (.simple, 0.8, 3600), (.simple, 0.9, 5400), (.simple, 1.0, 7200),
        (.medium, 0.7, 900), (.medium, 0.8, 1800), (.medium, 1.0, 3600),
        (.complex, 0.7, 450), (.complex, 0.8, 900), (.complex, 1.0, 1800),
        // Below the gate and beyond all bounds.
        (.simple, 0.1, 1800), (.simple, 2.0, 7200),
    ])
    func livesGoByClassAndConfidence(tier: Tier, confidence: Double, seconds: Int) {
        let life = StoreRule().life(of: tier, confidence: confidence, asked: nil)
        #expect(abs(life / .seconds(1) - Double(seconds)) < 0.001, "\(life)")
    }

    @Test func aGateOfOneGivesNoNonsense() {
        #expect(StoreRule(gate: 1).life(of: .medium, confidence: 1, asked: nil) == .seconds(3600))
    }

    @Test func whatIsAskedForCounts() {
        let rule = StoreRule()
        for (asked, life) in [(Duration.seconds(5), Duration.seconds(5)), (.seconds(90_000), .seconds(86_400)), (.nanoseconds(1), .milliseconds(1)), (.seconds(20_000), .seconds(20_000))] {
            #expect(rule.life(of: .complex, confidence: 0.7, asked: asked) == life)
        }
    }
}
