import TestKit
import Testing

@testable import Core

/// Which of a model's deployments is asked, and what was measured of them.
extension PlannerTests {
    @Test func theAttemptLimitHolds() throws {
        let many = (0..<10).map { ModelSketch("m\($0)", weights: [1, 1]) }
        #expect(try plan(catalogue(many), .anyModel).attempts.count == 6)
        #expect(try plan(catalogue(many), .model("m3")).attempts.count == 6)
        #expect(try plan(catalogue(many) { $0.attemptLimit = 1 }, .model("m3")).attempts.map(\.deployment.id) == ["on/m30"])
        #expect(try plan(catalogue(many) { $0.attemptLimit = 100 }, .anyModel).attempts.count == 20)
    }

    @Test func allDeploymentsOfAModelComeBeforeItsFallbacks() throws {
        let all = catalogue([ModelSketch("m", weights: [1, -1, 1]).with { $0.fallbacks = ["f"] }, ModelSketch("f")])
        let plan = try plan(all, .model("m"))
        #expect(plan.attempts.map(\.deployment.id) == ["on/m0", "on/m2", "on/f0"])
        #expect(plan.passedOver == [.init(name: "off/m1", .off)])
    }

    /// One that is off has no share: 1, 3 and 6 of 10.
    @Test(arguments: [(0, 0), (0.0999, 0), (0.1, 1), (0.399, 1), (0.4, 3), (0.999_999, 3)] as [(Double, Int)])
    func weightsShareTheCalls(spread: Double, first: Int) throws {
        let all = catalogue([ModelSketch("m", weights: [1, 3, -90, 6]).with { $0.balance = .weighted }])
        let plan = try plan(all, .model("m"), spread: spread)
        #expect(plan.attempts.first?.deployment.index == first)
        #expect(plan.attempts.map(\.deployment.index).sorted() == [0, 1, 3])
        #expect(plan.passedOver.map(\.name) == ["off/m2"])
    }

    /// How often each of a model's deployments is asked first.
    private func firsts(_ catalogue: Catalogue, health: [Breaker.Availability], seed: UInt64) throws -> [Int: Int] {
        var random = SplitMix64(seed: seed)
        var counts: [Int: Int] = [:]
        for _ in 0..<8000 {
            let spread = Double.random(in: 0..<1, using: &random)
            let plan = try plan(catalogue, .model("m"), health: health, spread: spread)
            counts[try #require(plan.attempts.first).deployment.index, default: 0] += 1
        }
        return counts
    }

    /// Its breaker takes one out; its share goes to the others as their weights say, not to the next in line.
    @Test func theShareOfARestingDeploymentIsSharedOut() throws {
        let all = catalogue([ModelSketch("m", weights: [5, 3, 1, 1]).with { $0.balance = .weighted }])
        let counts = try firsts(all, health: [.refused(retryAfter: .seconds(9)), .ready, .ready, .ready], seed: 11)
        #expect(counts[0] == nil)
        #expect((4550...5050).contains(counts[1] ?? 0))
        #expect((1450...1750).contains(counts[2] ?? 0))
        #expect((1450...1750).contains(counts[3] ?? 0))
    }

    @Test func aModelThatCountsMoreTokensIsTooSmallEarlier() throws {
        let all = catalogue([
            ModelSketch("small", price: .perMillion(0, 0)).with { $0.inputWindow = 1000 }, ModelSketch("large"),
        ])
        func first(_ factors: [String: Double]) throws -> String? {
            let planner = Planner(catalogue: all, health: [], spread: 0, measures: Told(factors: factors))
            return try planner.plan(RequestFacts(.anyModel, tokens: 900)).attempts.first?.model.name
        }
        #expect(try first([:]) == "small")
        #expect(try first(["small": 1.2]) == "large")
    }

    /// An agent's prompt is part of what the model reads.
    @Test func theAgentsPromptCounts() throws {
        let long = Agent(
            id: "dev", name: "dev", role: "", description: "", keywords: [], examples: [], tier: .simple, temperature: nil,
            maxTokens: nil, prompt: String(repeating: "Be brief and kind. ", count: 100))
        let all = catalogue([
            ModelSketch("small", price: .perMillion(0, 0)).with { $0.inputWindow = 1000 }, ModelSketch("large"),
        ], agents: [long])
        #expect(long.promptTokens > 300)
        #expect(try plan(all, .agent("dev")) { $0.promptTokens = 300 }.attempts.first?.model.name == "small")
        #expect(try plan(all, .agent("dev")) { $0.promptTokens = 900 }.attempts.first?.model.name == "large")
    }

    /// What the planner is told, and what it asked.
    private final class Told: DeploymentMeasures {
        let loads: [Int: DeploymentLoad]
        let lengths: [String: (Int, Int)]
        let turns = Watched(0)
        let asked = Watched<[Int]>([])

        let factors: [String: Double]

        init(_ loads: [Int: DeploymentLoad] = [:], lengths: [String: (Int, Int)] = [:], factors: [String: Double] = [:]) {
            self.loads = loads
            self.lengths = lengths
            self.factors = factors
        }

        func load(of deployment: Deployment, isStream: Bool) -> DeploymentLoad {
            asked.update { $0.append(deployment.index) }
            return loads[deployment.index] ?? DeploymentLoad()
        }

        func answerLength(of model: Model, _ kind: AnswerKind) -> (tokens: Int, answers: Int) { lengths[model.name] ?? (250, 0) }
        func tokenFactor(of model: Model) -> Double { factors[model.name] ?? 1 }

        func nextTurn(of model: Model) -> Int {
            turns.update { turn in
                turn += 1
                return turn - 1
            }
        }
    }

    @Test func theBestFollowsTheFirst() throws {
        let all = catalogue([ModelSketch("m", weights: [1, 1, 1]), ModelSketch("single")])
        let told = Told([0: .init(latency: 3), 1: .init(latency: 1), 2: .init(latency: 2)])
        func plan(_ health: [Breaker.Availability]) throws -> Plan {
            try Planner(catalogue: all, health: health, spread: 0, measures: told).plan(RequestFacts(.model("m")))
        }
        #expect(try plan([]).attempts.prefix(3).map(\.deployment.index) == [1, 2, 0])
        let oneOut: [Breaker.Availability] = [.ready, .refused(retryAfter: .seconds(1)), .ready]
        #expect(try plan(oneOut).attempts.prefix(2).map(\.deployment.index) == [2, 0])
        // Nothing is measured where there is no choice.
        #expect(!told.asked.value.contains(3))
        #expect(told.asked.value.count == 5)
    }

    @Test func turnsArePassedOnOnlyByTheModelThatIsAsked() throws {
        let sketch = { (name: String) in ModelSketch(name, weights: [1, 1]).with { $0.balance = .roundRobin } }
        let all = catalogue([sketch("m").with { $0.fallbacks = ["f"] }, sketch("f")])
        let told = Told([:])
        let firsts = try (0..<4).map { _ in
            try Planner(catalogue: all, health: [], spread: 0.9, measures: told).plan(RequestFacts(.model("m")))
                .attempts.map(\.deployment.index)
        }
        #expect(firsts == [[0, 1, 2, 3], [1, 0, 2, 3], [0, 1, 2, 3], [1, 0, 2, 3]])
        #expect(told.turns.value == 4)
    }

    /// An agent's answers are a kind of their own, and the plan says what it rests on.
    @Test func thePlanSaysHowLongItsAnswerIsExpectedToBe() throws {
        let all = catalogue(Self.shelf, agents: Self.agents)
        let told = Told([:], lengths: ["fair": (4000, 40)])
        let planner = Planner(catalogue: all, health: [], spread: 0, measures: told)
        let plan = try planner.plan(RequestFacts(.agent("dev")) { $0.text = "code" })
        #expect(plan.forecast.kind == AnswerKind(agent: 1, tier: plan.complexity?.tier))
        // `fair` would be the cheapest that is good enough, were its answers not so long: 4000 × 4 against 250 × 15 millionths.
        #expect(plan.attempts.first?.model.name == "strong")
        #expect(plan.expectation.usage.completionTokens == 250)
        #expect(plan.expectation.basis == .typical)
        let named = try planner.plan(RequestFacts(.model("fair")))
        #expect(named.forecast.kind == AnswerKind())
        #expect(named.expectation.basis == .answers(40))
        #expect(named.costEstimate == Money(picodollars: 100 * 1_000_000 + 4000 * 4_000_000))
    }
}
