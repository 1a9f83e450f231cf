import Testing

@testable import Core

/// Whether a conversation stays with its model.
@Suite struct SessionAffinityTests {
    private static func price(_ prompt: Int64, _ completion: Int64, cached: Int64? = nil) -> Price {
        func money(_ dollars: Int64) -> Money { Money(picodollars: dollars * 100_000) }
        return Price(.init(prompt: money(prompt), completion: money(completion), cachedPrompt: cached.map(money)))
    }

    /// Tenths of a dollar a million tokens.
    private let shelf = models(
        ModelSketch("last", quality: 60, price: price(30, 150, cached: 3)),
        ModelSketch("cheaper", quality: 60, price: price(20, 100, cached: 2)),
        ModelSketch("far-cheaper", quality: 50, price: price(1, 4)),
        ModelSketch("strong", quality: 90, price: price(150, 750)),
        ModelSketch("unpriced", quality: 60, price: nil),
        ModelSketch("off", quality: 60, weights: [-1]))

    private func decide(
        from: Int = 0, to: Int, cached: Int = 50_000, seconds: Int = 30, quality: Int = 50, prompt: Int = 52_000
    ) -> SessionAffinity.Decision {
        SessionAffinity.decide(
            from: shelf[from], after: .init(cachedTokens: cached, since: .seconds(seconds)), to: shelf[to],
            qualityNeeded: quality, usage: Usage(promptTokens: prompt, completionTokens: 300))
    }

    @Test func aLargeCacheKeepsTheConversation() {
        #expect(decide(to: 1) == .stay("its cached prompt is worth more than a move"))
        #expect(decide(to: 0) == .stay("the same model"))
    }

    @Test func aSmallOneDoesNot() {
        #expect(decide(to: 1, cached: 500) == .move("a move is cheaper even without a cache"))
        #expect(decide(to: 2) == .move("a move is cheaper even without a cache"))
    }

    @Test func aCacheGrowsOld() {
        #expect(decide(to: 1, seconds: 299) == .stay("its cached prompt is worth more than a move"))
        #expect(decide(to: 1, seconds: 300) == .move("nothing of it is cached any more"))
        #expect(decide(to: 1, cached: 0) == .move("nothing of it is cached any more"))
        #expect(decide(to: 1, cached: -5) == .move("nothing of it is cached any more"))
    }

    @Test func qualityComesFirst() {
        #expect(decide(to: 3, quality: 80) == .move("the turn needs a stronger model"))
        // A candidate that is no stronger is no reason to move.
        #expect(decide(to: 1, quality: 80) == .stay("its cached prompt is worth more than a move"))
    }

    @Test func whatIsOffOrUnpriced() {
        #expect(decide(from: 5, to: 0) == .move("its model is off"))
        #expect(decide(to: 4) == .stay("the prices are not known, its cache is"))
    }

    @Test func moreCacheNeverMovesAConversation() {
        var hasStayed = false
        for cached in stride(from: 0, through: 52_000, by: 500) {
            let decision = decide(to: 1, cached: cached)
            if case .stay = decision { hasStayed = true } else { #expect(!hasStayed, "moved at \(cached)") }
        }
        #expect(hasStayed)
    }
}
