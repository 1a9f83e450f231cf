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

    @Test func theAgentsLimitCounts() {
        let agent = Agent(
            id: "x", name: "x", role: "", description: "", keywords: [], examples: [], tier: .medium, temperature: nil,
            maxTokens: 200, prompt: "")
        #expect(cost(agent: agent) == Money(picodollars: 2_000_000_000 + 2_000_000_000))
        // The caller's own limit goes before the agent's.
        #expect(cost(agent: agent) { $0.outputTokenLimit = 300 } == Money(picodollars: 2_000_000_000 + 3_000_000_000))
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

    /// How long answers were, by model.
    private struct Seen: DeploymentMeasures {
        var lengths: [String: (Int, Int)]

        func load(of deployment: Deployment, isStream: Bool) -> DeploymentLoad { DeploymentLoad() }
        func nextTurn(of model: Model) -> Int { 0 }
        func tokenFactor(of model: Model) -> Double { 1 }
        func answerLength(of model: Model, _ kind: AnswerKind) -> (tokens: Int, answers: Int) {
            lengths[model.name] ?? (Int(kind.typicalTokens), 0)
        }
    }

    @Test func whatWasSeenCountsBeforeWhatIsTypical() throws {
        let two = models(ModelSketch("terse", price: .perMillion(2, 10)), ModelSketch("wordy", price: .perMillion(1, 5)))
        let seen = Seen(lengths: ["terse": (50, 20), "wordy": (4000, 30)])
        let facts = RequestFacts(tokens: 1000)
        let forecast = CostForecast(facts, measures: seen)
        // 1000 × 2 + 50 × 10 and 1000 × 1 + 4000 × 5 millionths.
        #expect(two.map(forecast.cost) == [Money(picodollars: 2_500_000_000), Money(picodollars: 21_000_000_000)])
        #expect(forecast.expectation(on: two[0]).basis == .answers(20))
        // The cheaper token makes the dearer answer.
        #expect(Chooser.rank(two, for: facts, forecast: forecast, qualityNeeded: 0).map(\.name) == ["terse", "wordy"])
        #expect(Chooser.rank(two, for: facts, forecast: CostForecast(facts), qualityNeeded: 0).map(\.name) == ["wordy", "terse"])
        // The caller's limit cuts what is expected.
        let limited = CostForecast(RequestFacts(tokens: 1000) { $0.outputTokenLimit = 100 }, measures: seen)
        #expect(two.map(limited.cost) == [Money(picodollars: 2_500_000_000), Money(picodollars: 1_500_000_000)])
        #expect(two.map { limited.expectation(on: $0).basis } == [.answers(20), .limit])
        #expect(forecast.expectation(on: two[0]).inWords == "about 50 tokens of answer, as 20 before it, 0.0025 USD")
        #expect(limited.expectation(on: two[1]).inWords == "about 100 tokens of answer, its limit, 0.0015 USD")
    }

    @Test(arguments: [
        (nil, 1, 300, 300, false), (300, 1, 299, 299, false), (300, 1, 300, 300, true), (300, 2, 599, 299, false),
        (300, 2, 600, 300, true),
    ] as [(Int?, Int, Int, Int, Bool)])
    func whatAnAnswerTeaches(limit: Int?, choices: Int, completion: Int, tokens: Int, wasCut: Bool) {
        let forecast = CostForecast(RequestFacts { ($0.outputTokenLimit, $0.choiceCount) = (limit, choices) })
        let lesson = forecast.lesson(of: Usage(promptTokens: 1, completionTokens: completion), on: Self.model)
        #expect(lesson.tokens == tokens)
        #expect(lesson.wasCut == wasCut)
    }
}
