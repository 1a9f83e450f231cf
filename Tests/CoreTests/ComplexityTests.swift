import Core
import TestKit
import Testing

/// How demanding a request looks.
@Suite struct ComplexityTests {
    private let plain = "a sentence of more than eight words that says nothing special"

    private func complexity(
        _ text: String, tokens: Int = 50, _ change: (inout RequestFacts) -> Void = { _ in }
    ) -> Complexity {
        Complexity(of: RequestFacts(.auto, tokens: tokens, text: text, change))
    }

    @Test(arguments: [
        ("hi", Tier.simple), ("What is the capital of France?", .simple), ("", .simple),
        ("Translate good morning into Spanish for my mother please", .simple),
        ("Explain why the sky is blue to a child of five years", .medium),
        ("Refactor this:\n```swift\nlet a = 1\n```", .medium),
        ("Design a distributed cache architecture and prove its consistency", .medium),
        ("Design a distributed cache and prove its consistency:\n```\nstruct Cache {}\n```", .complex),
    ])
    func tiers(text: String, tier: Tier) {
        #expect(complexity(text).tier == tier)
    }

    @Test func eachSignalIsNamed() {
        let all = complexity("Prove this, step by step, for all of the cases below:\n    code", tokens: 9000) {
            $0.needs = .tools
            $0.messageCount = 9
        }
        #expect(all.signals == ["demanding words", "code", "very long prompt", "tools", "long conversation"])
        #expect(complexity("hi").signals == ["short question"])
        #expect(complexity(plain).signals == [])
        #expect(complexity(plain, tokens: 1501).signals == ["long prompt"])
    }

    @Test func edgesOfTheTiers() {
        #expect(complexity(plain).score == 0.2)
        #expect(complexity(plain) { $0.needs = .tools }.tier == .medium)
        #expect(complexity(plain, tokens: 1500).signals == [])
        #expect(complexity(plain, tokens: 8000).signals == ["long prompt"])
        #expect(complexity(plain, tokens: 8001).signals == ["very long prompt"])
        #expect(complexity(plain) { $0.messageCount = 8 }.signals == [])
        // Eyesight and a format say nothing about difficulty.
        #expect(complexity(plain) { $0.needs = [.vision, .responseSchema, .audio] }.score == 0.2)
    }

    @Test func wordsMustBeWhole() {
        #expect(complexity("the planet, a debugger, proofreading and some redesigning of reasons today").signals == [])
        #expect(complexity("PLAN my week in Rome with two children and one dog").signals == ["demanding words"])
    }

    /// More of anything never makes a request look easier.
    @Test func moreIsNeverLess() {
        var random = SplitMix64(seed: 21)
        let words = [
            "prove", "the", "design", "of", "why", "a", "cache", "debug", "and", "```", "plan", "b", "c", "d", "e", "f",
            "g",
        ]
        for _ in 0..<500 {
            let count = Int.random(in: 0...20, using: &random)
            let text = (0..<count).compactMap { _ in words.randomElement(using: &random) }.joined(separator: " ")
            let tokens = Int.random(in: 0...10_000, using: &random)
            let score = complexity(text, tokens: tokens).score
            #expect((0...1).contains(score))
            #expect(complexity(text + " theorem", tokens: tokens).score >= score)
            #expect(complexity(text + "\n```", tokens: tokens).score >= score)
            #expect(complexity(text, tokens: tokens + 5000).score >= score)
            #expect(complexity(text, tokens: tokens) { $0.needs = .tools }.score >= score)
            #expect(complexity(text, tokens: tokens) { $0.messageCount = 20 }.score >= score)
        }
    }

    @Test func theMostIsOne() {
        let all = complexity("prove why design plan debug ```", tokens: 100_000) {
            $0.needs = .tools
            $0.messageCount = 100
        }
        #expect(all.score == 1)
        #expect(all.tier == .complex)
    }

    @Test func aMegabyteIsNoHardship() {
        let text = String(repeating: "漢字 why ", count: 100_000)
        var tier = Tier.simple
        let taken = ContinuousClock().measure { tier = complexity(text, tokens: 250_000).tier }
        #expect(taken < .seconds(2))
        #expect(tier == .medium)
    }
}
