import CWeights
import TestKit
import Testing

@testable import Core

/// The weights that are part of the binary.
func shippedComplexityModel() throws -> ComplexityModel {
    let bytes = UnsafeBufferPointer(start: qw_complexity, count: qw_complexity_size)
    return try ComplexityModel(file: String(decoding: bytes, as: UTF8.self))
}

/// How demanding a request looks.
@Suite struct ComplexityTests {
    private let model: ComplexityModel

    init() throws { model = try shippedComplexityModel() }

    private func complexity(
        _ text: String, tokens: Int = 50, judgesTools: Bool = false, _ change: (inout RequestFacts) -> Void = { _ in }
    ) -> Complexity {
        Complexity(of: RequestFacts(.auto, tokens: tokens, text: text, change), by: model, judgesTools: judgesTools)
    }

    @Test(arguments: [
        ("hi", Tier.simple), ("thanks!", .simple), ("What is the capital of France?", .simple), ("", .simple), ("😀", .simple),
        ("Translate good morning into Spanish for my mother please", .simple), ("Who wrote Faust?", .simple),
        ("Summarize this in one sentence: The quick brown fox jumps over the lazy dog.", .simple),
        ("fix the typo in the readme", .simple), ("Warum ist der Himmel blau?", .simple), ("天気はどうですか", .simple),
        ("Design a distributed cache architecture and prove its consistency", .medium),
        ("Design a distributed cache and prove its consistency:\n```\nstruct Cache {}\n```", .complex),
        (
            """
            My PostgreSQL query takes 40 seconds when I join orders with customers, although both columns have an index. EXPLAIN \
            shows a sequential scan. Why does the planner not use the index, and how can I make it faster without denormalising?
            """, .complex
        ),
        (
            """
            Entwirf eine Architektur für ein verteiltes Zahlungssystem, das auch bei einem Netzausfall konsistent bleibt, und \
            begründe, warum du dich gegen eine Zwei-Phasen-Bestätigung entscheidest. Vergleiche die Kosten, wenn jede Buchung \
            mehr als eine Sekunde dauert.
            """, .complex
        ),
    ])
    func tiers(text: String, tier: Tier) {
        let found = complexity(text)
        #expect(found.tier == tier, "\(found)")
        #expect(found.isJudged)
    }

    @Test func itSaysWhatDecided() {
        let found = complexity("Prove that, if p is prime and p > 2, then p is not even. Why must it be so?", tokens: 9000) {
            $0.messageCount = 20
        }
        #expect(found.signals.count <= 5)
        #expect(found.signals.starts(with: ["a long conversation", "a long context"]))
        #expect(found.signals.contains("demanding words"))
        #expect(complexity("hi").signals.isEmpty)
    }

    /// More of anything never makes a request look easier.
    @Test func moreIsNeverLess() {
        var random = SplitMix64(seed: 21)
        let words = ["prove", "the", "design", "of", "why", "a", "cache", "debug", "and", "```", "plan", "if", "not", "x", "=", "7", "(", "\n"]
        for _ in 0..<300 {
            let count = Int.random(in: 0...30, using: &random)
            let text = (0..<count).compactMap { _ in words.randomElement(using: &random) }.joined(separator: " ")
            let tokens = Int.random(in: 0...10_000, using: &random)
            let score = complexity(text, tokens: tokens).score
            #expect((0...1).contains(score))
            #expect(complexity(text, tokens: tokens + 5000).score >= score)
            #expect(complexity(text, tokens: tokens, judgesTools: true) { $0.needs = .tools }.score >= score)
            #expect(complexity(text, tokens: tokens) { $0.messageCount = 20 }.score >= score)
            #expect(complexity(text, tokens: tokens) { $0.outputTokenLimit = 8000 }.score >= score)
            #expect(complexity(text, tokens: tokens) { $0.outputTokenLimit = 16 }.score <= score)
            #expect(complexity("\(text)\n```\nlet a = 1\n```", tokens: tokens).score >= score - 0.02)
        }
    }

    // MARK: What clients say

    private static let hard = "Prove step by step that the algorithm terminates, and explain why each invariant must hold if n > 7."

    @Test func theClientsClassComesFirst() {
        #expect(complexity(Self.hard) { $0.requestClass = .auxiliary }.tier == .simple)
        #expect(complexity(Self.hard) { $0.requestClass = .auxiliary; $0.needs = .tools }.tier == .simple)
        #expect(complexity("hi") { $0.requestClass = .compaction }.tier == .medium)
        for step in [RequestFacts.RequestClass.main, .subagent, .workflow] {
            let found = complexity("hi") { $0.requestClass = step }
            #expect(found.score == 1)
            #expect(found.signals == ["a step of an agent: not judged"])
            #expect(!found.isJudged)
        }
    }

    @Test func toolsAreNotJudgedUnlessThePolicyAsksForIt() {
        let abstained = complexity("hi") { $0.needs = .tools }
        #expect(abstained.score == 1)
        #expect(!abstained.isJudged)
        let judged = complexity("hi", judgesTools: true) { $0.needs = .tools }
        #expect(judged.tier == .simple)
        #expect(judged.isJudged)
        #expect(judged.signals == ["tools"])
        // Eyesight and a format say nothing about difficulty.
        #expect(complexity("hi") { $0.needs = [.vision, .responseSchema, .audio] } == complexity("hi"))
    }

    @Test func theEffortBoundsTheScore() {
        #expect(complexity(Self.hard).tier == .complex)
        #expect(complexity(Self.hard) { $0.reasoningEffort = RequestFacts.ReasoningEffort.none }.score == 0.3)
        #expect(complexity(Self.hard) { $0.reasoningEffort = .low }.score == 0.5)
        #expect(complexity(Self.hard) { $0.reasoningEffort = .medium } == complexity(Self.hard))
        let high = complexity("hi") { $0.reasoningEffort = .high }
        #expect(high.tier == .complex)
        #expect(high.signals == ["reasoning effort high"])
        #expect(complexity("hi") { $0.reasoningEffort = .xhigh }.score == 0.9)
        #expect(complexity("hi") { $0.needs = .tools; $0.reasoningEffort = .minimal }.tier == .simple)
        // What stays inside the bounds is judged as ever.
        #expect(complexity("hi") { $0.reasoningEffort = .low } == complexity("hi"))
    }

    // MARK: Bad input

    static let rubbish: [String] = [
        "", " ", "\n\n\n", "\0\u{1}\u{7f}", "😀", "👩‍👩‍👧‍👦", String(repeating: "\u{301}", count: 1000),
        String(decoding: (0...UInt8.max).map { $0 }, as: UTF8.self), "A. \nB. ", "(A) x\n(B) y", "'''", "....", "1.2.3,4,5.",
        String(repeating: "(", count: 5000), String(repeating: "a", count: 20_000),
        "hello 你好 привет مرحبا नमस्ते こんにちは 안녕하세요 שלום γεια สวัสดี", "if " + String(repeating: "漢", count: 9000),
    ]

    @Test(arguments: rubbish) func rubbishGetsAScore(text: String) {
        let found = complexity(text)
        #expect((0...1).contains(found.score))
        #expect(found.signals.count <= 5)
        #expect(complexity(text) == found)
    }

    @Test func ofAMegabyteHeadAndTailAreRead() {
        let filler = String(repeating: "nothing of note happened here\n", count: 35_000)
        let question = "Prove that, if the cache is not consistent, the algorithm must fail. Explain why, and compare two designs."
        #expect(PromptSignals(of: filler + question)[.demand] > PromptSignals(of: filler)[.demand])
        #expect(PromptSignals(of: question + filler)[.demand] > PromptSignals(of: filler)[.demand])
        #expect(complexity(filler).score < complexity(filler + question).score)
    }

    @Test func wordsInAnotherLanguageAreNotHeldAgainstIt() {
        let signals = PromptSignals(of: "Доведіть, що простих чисел нескінченно багато, і поясніть кожен крок цього міркування.")
        #expect(!signals.isKnownLanguage)
        #expect(model.contributions(signals)[PromptSignal.demand.lane] == 0)
        #expect(PromptSignals(of: "Explique pourquoi le ciel est bleu et pas vert dans la nuit.").isKnownLanguage)
        #expect(!PromptSignals(of: "请证明素数有无穷多个，并解释每一步的理由。").isKnownLanguage)
    }
}
