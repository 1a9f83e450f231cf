import Testing

@testable import Core

/// What a request is expected to cost before it is made.
@Suite struct CostForecastTests {
    private static let model = models(ModelSketch("m", price: .perMillion(2, 10)))[0]

    private func cost(tier: Tier? = nil, agent: Agent? = nil, _ change: (inout RequestFacts) -> Void = { _ in }) -> Money? {
        CostForecast(RequestFacts(tokens: 1000, change), tier: tier, agent: agent).cost(on: Self.model)
    }

    /// 1000 tokens at 2 millionths are 2000; each token written is 10 more.
    @Test(arguments: [(nil, 7_000), (.simple, 4_500), (.medium, 7_000), (.complex, 12_000)] as [(Tier?, Int64)])
    func harderRequestsHaveLongerAnswers(tier: Tier?, millionths: Int64) {
        #expect(cost(tier: tier) == Money(picodollars: millionths * 1_000_000))
    }

    @Test func limitsCount() {
        #expect(cost { $0.outputTokenLimit = 100 } == Money(picodollars: 3_000_000_000))
        #expect(cost { $0.outputTokenLimit = 100_000 } == Money(picodollars: 7_000_000_000))
        #expect(cost { ($0.outputTokenLimit, $0.choiceCount) = (100, 3) } == Money(picodollars: 5_000_000_000))
        var sketch = ModelSketch("m", price: .perMillion(2, 10))
        sketch.outputWindow = 50
        let terse = models(sketch)[0]
        #expect(CostForecast(RequestFacts(tokens: 1000)).cost(on: terse) == Money(picodollars: 2_500_000_000))
        #expect(CostForecast(RequestFacts(tokens: 1000) { $0.choiceCount = 2 }).cost(on: terse) == Money(picodollars: 3_000_000_000))
    }

    /// 41 bytes of prompt are 10 tokens, and its frame 4.
    @Test func theAgentCounts() {
        let agent = Agent(
            id: "x", name: "x", role: "", description: "", keywords: [], examples: [], tier: .medium, temperature: nil,
            maxTokens: 200, prompt: String(repeating: "x", count: 41))
        #expect(cost(agent: agent) == Money(picodollars: 2_028_000_000 + 2_000_000_000))
        // The caller's own limit goes before the agent's.
        #expect(cost(agent: agent) { $0.outputTokenLimit = 300 } == Money(picodollars: 2_028_000_000 + 3_000_000_000))
    }

    @Test func aWarmPromptIsCheaperWhereItIsWarm() {
        let rates = Price.Rates(
            prompt: Money(picodollars: 1_000_000), completion: .zero, cachedPrompt: Money(picodollars: 100_000))
        let both = models(ModelSketch("warm", price: Price(rates)), ModelSketch("cold", price: Price(rates)))
        let forecast = CostForecast(RequestFacts(tokens: 1000) { $0.warmPrompt = .init(model: "warm", tokens: 900) })
        // 100 × 1 + 900 × 0.1 millionths against 1000.
        #expect(forecast.cost(on: both[0]) == Money(picodollars: 190_000_000))
        #expect(forecast.cost(on: both[1]) == Money(picodollars: 1_000_000_000))
        let facts = RequestFacts(tokens: 1000)
        #expect(Chooser.rank(both.reversed(), for: facts, forecast: forecast, qualityNeeded: 0).map(\.name) == ["warm", "cold"])
    }

    @Test func anUnknownPriceIsUnknown() {
        #expect(CostForecast(RequestFacts()).cost(on: models(ModelSketch("m", price: nil))[0]) == nil)
    }
}
