import Core
import TestKit
import Testing

/// Exact amounts, and what calls cost.
@Suite struct MoneyTests {
    @Test(arguments: [
        (0, "0"), (1, "0.000000000001"), (-1, "-0.000000000001"), (123_000_000, "0.000123"), (1_000_000_000_000, "1"),
        (1_500_000_000_000, "1.5"), (-2_050_000_000_000, "-2.05"), (10_000_000_000_000, "10"), (100_000_000_000, "0.1"),
        (999_999_999_999, "0.999999999999"), (Int64.max, "9223372.036854775807"), (Int64.min, "-9223372.036854775808"),
    ])
    func inDollars(picodollars: Int64, expected: String) {
        #expect(Money(picodollars: picodollars).decimalUSD == expected)
    }

    @Test(arguments: [
        (0, 0), (1e-12, 1), (1e-7, 100_000), (4e-7, 400_000), (0.15e-6, 150_000), (2.5, 2_500_000_000_000),
        (-0.5, -500_000_000_000),
        (0.4e-12, 0), (0.6e-12, 1), (9_000_000, 9_000_000_000_000_000_000),
    ] as [(Double, Int64)])
    func fromDollars(usd: Double, expected: Int64) {
        #expect(Money(usd: usd)?.picodollars == expected)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e7, -1e7, 1e300, .greatestFiniteMagnitude])
    func whatDoesNotFitIsNone(usd: Double) {
        #expect(Money(usd: usd) == nil)
    }

    @Test func theDoubleIsNear() {
        #expect(Money(picodollars: 2_500_000_000_000).usd == 2.5)
        #expect(Money(picodollars: 1).usd == 1e-12)
    }

    @Test func addsAndMultiplies() {
        #expect(Money(picodollars: 2) + Money(picodollars: 3) == Money(picodollars: 5))
        #expect(Money(picodollars: 2) + Money(picodollars: -3) == Money(picodollars: -1))
        #expect(Money(picodollars: 150_000) * 1_000_000 == Money(picodollars: 150_000_000_000))
        #expect(Money(picodollars: 5) * 0 == .zero)
        #expect(Money(picodollars: 1) < Money(picodollars: 2))
    }

    /// On the side on which the true result lies: a debt must not become a fortune.
    @Test func saturates() {
        let (most, least) = (Money(picodollars: .max), Money(picodollars: .min))
        #expect(most + Money(picodollars: 1) == most)
        #expect(most + most == most)
        #expect(least + Money(picodollars: -1) == least)
        #expect(least + most == Money(picodollars: -1))
        #expect(Money(picodollars: 1_000_000) * .max == most)
        #expect(Money(picodollars: -1_000_000) * .max == least)
        #expect(Money(picodollars: 1_000_000) * .min == least)
        #expect(Money(picodollars: -1_000_000) * .min == most)
    }

    @Test func aSumOfManyIsExact() {
        // In doubles this drifts.
        let sum = (0..<100_000).reduce(Money.zero) { sum, _ in sum + Money(picodollars: 100_000_000_000) }
        #expect(sum.decimalUSD == "10000")
    }

    // MARK: Usage

    @Test func nonsenseInUsageReadsAsNothing() {
        let usage = Usage(promptTokens: -1, completionTokens: -5, cachedPromptTokens: 7, reasoningTokens: -2)
        #expect(usage == Usage(promptTokens: 0, completionTokens: 0))
        let parts = Usage(promptTokens: 10, completionTokens: 5, cachedPromptTokens: 11, reasoningTokens: 6)
        #expect(parts.cachedPromptTokens == 10)
        #expect(parts.reasoningTokens == 5)
        #expect(parts.totalTokens == 15)
        #expect(Usage(promptTokens: .max, completionTokens: .max).totalTokens == .max)
    }

    @Test func partsNeverExceedTheirWhole() {
        var random = SplitMix64(seed: 7)
        func count() -> Int { Bool.random(using: &random) ? Int.random(in: -5...40, using: &random) : .random(in: .min ... .max, using: &random) }
        for _ in 0..<2000 {
            let usage = Usage(
                promptTokens: count(), completionTokens: count(), cachedPromptTokens: count(), cacheWriteTokens: count(),
                longCacheWriteTokens: count(), promptAudioTokens: count(), promptImageTokens: count(),
                reasoningTokens: count(), completionAudioTokens: count())
            let prompt: [TokenClass] = [.prompt, .cacheRead, .cacheWrite, .longCacheWrite, .promptAudio, .promptImage]
            let completion: [TokenClass] = [.completion, .reasoning, .completionAudio]
            #expect(TokenClass.allCases.allSatisfy { usage[$0] >= 0 })
            #expect(prompt.reduce(0) { $0 + usage[$1] } == usage.promptTokens)
            #expect(completion.reduce(0) { $0 + usage[$1] } == usage.completionTokens)
        }
    }

    @Test func whatBrokeOffReachesAtLeastWhatWasSeen() {
        let begun = Usage(promptTokens: 30, completionTokens: 1, cachedPromptTokens: 10, cacheWriteTokens: 5, charged: .zero)
        let reached = begun.reaching(completion: 8, reasoning: 2)
        #expect(reached == Usage(promptTokens: 30, completionTokens: 8, cachedPromptTokens: 10, cacheWriteTokens: 5, reasoningTokens: 2))
        #expect(reached.reaching(completion: 3, reasoning: 1) == reached)
    }

    // MARK: Prices

    private static func rates(_ prompt: Int64, _ completion: Int64, cached: Int64? = nil) -> Price.Rates {
        Price.Rates(
            prompt: Money(picodollars: prompt), completion: Money(picodollars: completion),
            cachedPrompt: cached.map(Money.init(picodollars:)))
    }

    @Test func eachClassOfTokensHasItsPrice() {
        let usage = Usage(promptTokens: 100, completionTokens: 10, cachedPromptTokens: 60, reasoningTokens: 4)
        #expect(Price(Self.rates(1000, 5000, cached: 10)).cost(of: usage).picodollars == 40 * 1000 + 60 * 10 + 10 * 5000)
        #expect(Price(Self.rates(1000, 5000)).cost(of: usage).picodollars == 100 * 1000 + 10 * 5000)
        #expect(Price(Self.rates(0, 0)).cost(of: usage) == .zero)
        #expect(Price(Self.rates(1000, 5000)).cost(of: Usage(promptTokens: 0, completionTokens: 0)) == .zero)
    }

    @Test func allNineClassesAtOnce() {
        let usage = Usage(
            promptTokens: 1000, completionTokens: 500, cachedPromptTokens: 100, cacheWriteTokens: 200,
            longCacheWriteTokens: 300, promptAudioTokens: 50, promptImageTokens: 70, reasoningTokens: 400,
            completionAudioTokens: 60)
        func money(_ picodollars: Int64) -> Money { Money(picodollars: picodollars) }
        let rates = Price.Rates(
            prompt: money(1_000_000), completion: money(5_000_000), cachedPrompt: money(100_000),
            cacheWrite: money(1_250_000), longCacheWrite: money(2_000_000), promptAudio: money(40_000_000),
            promptImage: money(3_000_000), reasoning: money(6_000_000), completionAudio: money(80_000_000))
        // 280 × 1 + 100 × 0.1 + 200 × 1.25 + 300 × 2 + 50 × 40 + 70 × 3 + 40 × 5 + 400 × 6 + 60 × 80 millionths of a dollar
        // = 280 + 10 + 250 + 600 + 2000 + 210 + 200 + 2400 + 4800 = 10,750.
        #expect(Price(rates).cost(of: usage) == money(10_750_000_000))
        // Without prices of their own: 1000 × 1 + 500 × 5.
        #expect(Price(.init(prompt: money(1_000_000), completion: money(5_000_000))).cost(of: usage) == money(3_500_000_000))
        // An hour is no cheaper than five minutes.
        #expect(Price.Rates(prompt: money(1), completion: money(1), cacheWrite: money(9)).longCacheWrite == money(9))
    }

    @Test(arguments: [(200_000, 1), (200_001, 2), (500_000, 2), (500_001, 3), (0, 1)])
    func aLongPromptHasOtherPricesForAll(promptTokens: Int, rate: Int64) {
        // Given in the wrong order.
        let longPrompts = [
            (above: 500_000, rates: Self.rates(3, 30)), (above: 200_000, rates: Self.rates(2, 20, cached: 2)),
        ]
        let price = Price(Self.rates(1, 10), longPrompts: longPrompts)
        let cost = price.cost(of: Usage(promptTokens: promptTokens, completionTokens: 100))
        #expect(cost.picodollars == Int64(promptTokens) * rate + 100 * rate * 10)
        #expect(price.longPrompts.map(\.above) == [200_000, 500_000])
    }

    @Test func anAbsurdCountCostsTheMost() {
        let usage = Usage(promptTokens: .max, completionTokens: .max)
        #expect(Price(Self.rates(1000, 1000)).cost(of: usage).picodollars == .max)
    }

    @Test func equality() {
        let price = Price(Self.rates(1, 2), longPrompts: [(5, Self.rates(3, 4))], source: "s", date: "d")
        #expect(price == Price(Self.rates(1, 2, cached: 1), longPrompts: [(5, Self.rates(3, 4))], source: "s", date: "d"))
        #expect(price != Price(Self.rates(1, 2), longPrompts: [(6, Self.rates(3, 4))], source: "s", date: "d"))
        #expect(price != Price(Self.rates(1, 2), longPrompts: [(5, Self.rates(3, 5))], source: "s", date: "d"))
        #expect(price != Price(Self.rates(1, 2), source: "s", date: "d"))
        #expect(price != Price(Self.rates(1, 2), longPrompts: [(5, Self.rates(3, 4))], source: "s", date: "e"))
    }
}
