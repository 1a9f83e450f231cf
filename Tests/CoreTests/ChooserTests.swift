import TestKit
import Testing

@testable import Core

/// Which models can serve a request, and in what order.
@Suite struct ChooserTests {
    private func rank(_ models: [Model], _ facts: RequestFacts = RequestFacts(), quality: Int = 50) -> [String] {
        Chooser.rank(models, for: facts, forecast: CostForecast(facts), qualityNeeded: quality).map(\.name)
    }

    // MARK: Who can

    @Test func abilitiesDecide() {
        let all = models(
            ModelSketch("plain"), ModelSketch("tools").with { $0.abilities = .tools },
            ModelSketch("eyes").with { $0.abilities = [.tools, .vision] },
            ModelSketch("all").with { $0.abilities = [.tools, .vision, .responseSchema, .audio] })
        func able(_ needs: Abilities) -> [String] { rank(all, RequestFacts { $0.needs = needs }) }
        #expect(able([]) == ["plain", "tools", "eyes", "all"])
        #expect(able(.tools) == ["tools", "eyes", "all"])
        #expect(able([.tools, .vision]) == ["eyes", "all"])
        #expect(able(.audio) == ["all"])
        #expect(able(.responseSchema) == ["all"])
    }

    @Test func theWindowDecides() {
        let all = models(
            ModelSketch("small").with { $0.inputWindow = 1000 }, ModelSketch("unknown"),
            ModelSketch("large").with { $0.inputWindow = 100_000 })
        #expect(rank(all, RequestFacts(tokens: 1000)) == ["small", "unknown", "large"])
        #expect(rank(all, RequestFacts(tokens: 1001)) == ["unknown", "large"])
        #expect(rank(all, RequestFacts(tokens: 100_001)) == ["unknown"])
    }

    /// How models count tokens, as their providers reported it.
    private struct Counts: DeploymentMeasures {
        var factors: [String: Double] = [:]
        /// Seconds to the first content, by deployment.
        var latencies: [String: Double] = [:]

        func load(of deployment: Deployment, isStream: Bool) -> DeploymentLoad {
            DeploymentLoad(latency: latencies[deployment.id] ?? 0)
        }
        func nextTurn(of model: Model) -> Int { 0 }
        func tokenFactor(of model: Model) -> Double { factors[model.name] ?? 1 }
        func answerLength(of model: Model, _ kind: AnswerKind) -> (tokens: Int, answers: Int) { (Int(kind.typicalTokens), 0) }
    }

    @Test func theWindowIsMeasuredInTheModelsOwnTokens() {
        let model = models(ModelSketch("m").with { $0.inputWindow = 1000 })[0]
        func shortcoming(_ tokens: Int, _ factor: Double) -> Plan.Why? {
            Chooser.shortcoming(of: model, for: RequestFacts(tokens: tokens), measures: Counts(factors: ["m": factor]))
        }
        #expect(shortcoming(900, 1.1) == nil)
        #expect(shortcoming(900, 1.2) == .tooLong(window: 1000, tokens: 1080))
        #expect(shortcoming(1200, 0.8) == nil)
        #expect(shortcoming(501, 2) == .tooLong(window: 1000, tokens: 1002))
        #expect(shortcoming(500, 2) == nil)
    }

    @Test func whatItLacksIsSaid() {
        let model = models(ModelSketch("m").with { $0.inputWindow = 1000 })[0]
        #expect(Chooser.shortcoming(of: model, for: RequestFacts(tokens: 1000)) == nil)
        #expect(Chooser.shortcoming(of: model, for: RequestFacts(tokens: 2000)) == .tooLong(window: 1000, tokens: 2000))
        let needs = RequestFacts { $0.needs = [.tools, .vision, .responseSchema, .audio] }
        #expect(Chooser.shortcoming(of: model, for: needs) == .lacks(needs.needs))
    }

    @Test func onlyLiveModelsAreRanked() {
        let all = models(ModelSketch("off", weights: [-1]), ModelSketch("half", weights: [-1, 1]), ModelSketch("on"))
        #expect(rank(all) == ["half", "on"])
    }

    // MARK: In what order

    private static let shelf = models(
        ModelSketch("dear-strong", quality: 95, price: .perMillion(15, 75)),
        ModelSketch("strong", quality: 90, price: .perMillion(3, 15)),
        ModelSketch("fair", quality: 60, price: .perMillion(1, 4)),
        ModelSketch("cheap", quality: 40, price: .perMillion(0, 1)))

    @Test(arguments: [
        (0, ["cheap", "fair", "strong", "dear-strong"]), (40, ["cheap", "fair", "strong", "dear-strong"]),
        (41, ["fair", "strong", "dear-strong", "cheap"]), (61, ["strong", "dear-strong", "fair", "cheap"]),
        (91, ["dear-strong", "strong", "fair", "cheap"]), (100, ["dear-strong", "strong", "fair", "cheap"]),
    ])
    func cheapestThatIsGoodEnoughThenTheStrongest(quality: Int, expected: [String]) {
        #expect(rank(Self.shelf, quality: quality) == expected)
        #expect(rank(Self.shelf.reversed(), quality: quality) == expected)
    }

    @Test func theCostIsThatOfThisRequest() {
        // Cheap to read, dear to write; and the reverse.
        let all = models(
            ModelSketch("reader", price: .perMillion(1, 100)), ModelSketch("writer", price: .perMillion(10, 10)))
        #expect(rank(all, RequestFacts(tokens: 100)) == ["writer", "reader"])
        #expect(rank(all, RequestFacts(tokens: 50_000)) == ["reader", "writer"])
        #expect(rank(all, RequestFacts(tokens: 100) { $0.outputTokenLimit = 1 }) == ["reader", "writer"])
    }

    /// 20 s double the cost, for a quick request 2 s do; of several deployments the quickest counts.
    @Test func slownessCosts() {
        let all = models(ModelSketch("cheap", price: .perMillion(10, 10), weights: [1, 1, -1]), ModelSketch("dear", price: .perMillion(15, 15)))
        func first(_ latencies: [Double], _ priority: RequestFacts.Priority = .normal) -> String? {
            let ids = ["on/cheap0", "on/cheap1", "off/cheap2"]
            let counts = Counts(latencies: Dictionary(uniqueKeysWithValues: zip(ids, latencies)))
            let facts = RequestFacts { $0.priority = priority }
            return Chooser.rank(all, for: facts, forecast: CostForecast(facts), qualityNeeded: 0, measures: counts).first?.name
        }
        #expect(first([]) == "cheap")
        #expect(first([9, 9, 9]) == "cheap")
        #expect(first([11, 11, 1]) == "dear")
        #expect(first([11, 9]) == "cheap" && first([11, 0]) == "cheap")
        #expect(first([0.9, 0.9], .quick) == "cheap" && first([1.1, 1.1], .quick) == "dear")
    }

    @Test func anUnknownPriceCountsAsTheHighest() {
        let all = models(
            ModelSketch("unknown", quality: 99, price: nil), ModelSketch("dear", quality: 60, price: .perMillion(100, 500)))
        #expect(rank(all) == ["dear", "unknown"])
    }

    @Test func tiesAreBrokenByQualityThenPlace() {
        let all = models(ModelSketch("a", quality: 60), ModelSketch("b", quality: 70), ModelSketch("c", quality: 70))
        #expect(rank(all) == ["b", "c", "a"])
        #expect(rank(all, quality: 90) == ["b", "c", "a"])
        let weak = models(ModelSketch("dear", price: .perMillion(9, 9)), ModelSketch("cheap", price: .perMillion(1, 1)))
        #expect(rank(weak, quality: 90) == ["cheap", "dear"])
    }

    // MARK: What quality is asked for

    private func needed(
        _ score: Double = 0.1, agent tier: Tier? = nil, isJudged: Bool = true, _ priority: RequestFacts.Priority = .normal, bias: Double = 0.5
    ) -> Int {
        Chooser.qualityNeeded(
            complexity: Complexity(score: score, signals: [], isJudged: isJudged), agent: tier.map { agent("x", tier: $0) },
            priority: priority, costBias: bias)
    }

    private static let plain = 0.2
    private static let hard = 0.7

    @Test func complexityAndTheAgentsTierAskForMore() {
        #expect(needed(Self.plain) == 38)
        #expect(needed(Self.hard) == 70)
        #expect(needed(Self.plain, agent: .simple) == 38)
        #expect(needed(Self.plain, agent: .medium) == 47)
        #expect(needed(Self.plain, agent: .complex) == 57)
        #expect(needed(Self.hard, agent: .complex) == 73)
    }

    @Test func whatWasNotJudgedStandsForItself() {
        #expect(needed(1, agent: .simple, isJudged: false) == 90)
        #expect(needed(0.1, agent: .complex, isJudged: false) == 31)
    }

    @Test(arguments: [plain, hard])
    func priorities(score: Double) {
        #expect(needed(score, .quick) == 35)
        #expect(needed(score, .high) == needed(score) + 15)
        for bias in [0, 0.5, 1] { #expect(needed(score, .premium, bias: bias) == 100) }
    }

    @Test(arguments: [plain, hard])
    func costBias(score: Double) {
        #expect(needed(score, bias: 1) == 0)
        #expect(needed(score, bias: 0) == 95)
        #expect(needed(score, bias: 0.75) == needed(score) / 2)
        #expect(needed(score, bias: 0.25) == Int((Double(needed(score)) + 95) / 2))
        let falling = stride(from: 0, through: 1, by: 0.05).map { needed(score, bias: $0) }
        #expect(falling == falling.sorted(by: >))
    }

    @Test func qualityStaysBetween0And100() {
        for priority in RequestFacts.Priority.allCases {
            for bias in [-1, 0, 0.2, 0.5, 0.9, 1, 2] {
                for score in [Self.plain, Self.hard, 0, 1] {
                    #expect((0...100).contains(needed(score, agent: .complex, priority, bias: bias)))
                }
            }
        }
    }

    // MARK: Stand-ins

    @Test func standInsAreOfLikeStrengthThenWeaker() {
        let names = Chooser.standIns(for: Self.shelf[1], among: Self.shelf).map { Self.shelf[$0].name }
        #expect(names == ["dear-strong", "fair", "cheap"])
        let ofFair = Chooser.standIns(for: Self.shelf[2], among: Self.shelf).map { Self.shelf[$0].name }
        #expect(ofFair == ["strong", "dear-strong", "cheap"])
        let withOff = models(
            ModelSketch("a"), ModelSketch("off", weights: [-1]), ModelSketch("like"),
            ModelSketch("elevenLess", quality: 39, price: .perMillion(0, 0)),
            ModelSketch("tenLess", quality: 40, price: .perMillion(0, 1)))
        let ofA = Chooser.standIns(for: withOff[0], among: withOff).map { withOff[$0].name }
        #expect(ofA == ["tenLess", "like", "elevenLess"])
    }
}
