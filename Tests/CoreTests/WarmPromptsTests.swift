import TestKit
import Testing

@testable import Core

/// What is remembered of conversations that providers have in their caches.
@Suite struct WarmPromptsTests {
    private let start = ContinuousClock.now

    private func prompt(_ model: String, tokens: Int = 5000) -> RequestFacts.WarmPrompt {
        .init(model: model, deployment: "\(model)/there", tokens: tokens)
    }

    @Test func theLastTurnCountsForFiveMinutes() {
        var prompts = WarmPrompts()
        #expect(prompts.prompt(of: 1, now: start) == nil)
        prompts.note(prompt("a"), of: 1, now: start)
        prompts.note(prompt("b", tokens: 6000), of: 1, now: start.advanced(by: .seconds(100)))
        #expect(prompts.prompt(of: 1, now: start.advanced(by: .seconds(399))) == prompt("b", tokens: 6000))
        #expect(prompts.prompt(of: 1, now: start.advanced(by: .seconds(400))) == nil)
        #expect(prompts.prompt(of: 2, now: start) == nil)
    }

    @Test func shortPromptsAreKeptNowhere() {
        var prompts = WarmPrompts()
        prompts.note(prompt("a", tokens: 1023), of: 1, now: start)
        #expect(prompts.count == 0)
        prompts.note(prompt("a", tokens: 1024), of: 1, now: start)
        #expect(prompts.count == 1)
    }

    /// Of many conversations at least the latest half of the capacity is remembered, and never more than all of it.
    @Test func itsSizeIsBounded() {
        var random = SplitMix64(seed: 3)
        var prompts = WarmPrompts(capacity: 100)
        var latest: [UInt64] = []
        for _ in 0..<5000 {
            let conversation = UInt64.random(in: 0..<400, using: &random)
            prompts.note(prompt("m\(conversation)"), of: conversation, now: start)
            latest.removeAll { $0 == conversation }
            latest.append(conversation)
            #expect(prompts.count <= 100)
            for known in latest.suffix(50) { #expect(prompts.prompt(of: known, now: start)?.model == "m\(known)") }
        }
    }
}
