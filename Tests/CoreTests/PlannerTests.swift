import Testing

@testable import Core

/// Plans: which deployments are asked, in which order, and why a plan cannot be made.
@Suite struct PlannerTests {
    typealias Target = RequestFacts.Target

    func plan(
        _ catalogue: Catalogue, _ target: Target, health: [Breaker.Availability] = [], spread: Double = 0,
        _ change: (inout RequestFacts) -> Void = { _ in }
    ) throws(PlanFailure) -> Plan {
        try Planner(catalogue: catalogue, health: health, spread: spread).plan(RequestFacts(target, change))
    }

    private func failure(
        _ catalogue: Catalogue, _ target: Target, health: [Breaker.Availability] = [],
        _ change: (inout RequestFacts) -> Void = { _ in }
    ) -> PlanFailure? {
        do throws(PlanFailure) {
            _ = try plan(catalogue, target, health: health, change)
            return nil
        } catch {
            return error
        }
    }

    static let agents = [agent("atlas", ["architecture"], tier: .complex), agent("dev", ["code"])]
    static let shelf = [
        ModelSketch("cheap", quality: 40, price: .perMillion(0, 1)), ModelSketch("fair", quality: 60),
        ModelSketch("strong", quality: 90, price: .perMillion(3, 15)),
    ]

    // MARK: Targets

    @Test(arguments: [
        ("auto", Target.auto), ("agent/dev", .agent("dev")), ("agent/", .agent("")), ("gpt-4o", .model("gpt-4o")),
        ("Auto", .model("Auto")),
        ("meta/llama", .model("meta/llama")), ("", .model("")), ("agents/dev", .model("agents/dev")),
        ("agent/a/b", .agent("a/b")),
    ])
    func targetsOfTheModelField(field: String, target: Target) {
        #expect(Target(modelField: field) == target)
    }

    @Test func aNamedModelIsAskedFirst() throws {
        let plan = try plan(catalogue(Self.shelf, agents: Self.agents), .model("fair"))
        #expect(plan.agent == nil)
        #expect(plan.routing == nil)
        #expect(plan.complexity == nil)
        #expect(plan.attempts.map(\.model.name) == ["fair", "strong", "cheap"])
        #expect(plan.attempts.map(\.reason) == [.named, .standIn, .standIn])
        #expect(plan.passedOver == [])
        // 100 tokens to read, 500 to write.
        #expect(plan.costEstimate == Money(picodollars: 2_100_000_000))
    }

    @Test func anAgentGetsItsPromptAndAModel() throws {
        let plan = try plan(catalogue(Self.shelf, agents: Self.agents), .agent("atlas")) { $0.text = "code" }
        #expect(plan.agent?.id == "atlas")
        #expect(plan.routing == nil)
        #expect(plan.complexity != nil)
        #expect(plan.attempts.map(\.model.name) == ["fair", "strong", "cheap"])
        #expect(plan.attempts.map(\.reason) == [.chosen, .standIn, .weaker])
    }

    @Test func autoRoutesToAnAgent() throws {
        let plan = try plan(catalogue(Self.shelf, agents: Self.agents), .auto) { $0.text = "the architecture" }
        #expect(plan.agent?.id == "atlas")
        #expect(plan.routing?.evidence == ["architecture"])
        let withoutAgents = try self.plan(catalogue(Self.shelf), .auto)
        #expect(withoutAgents.agent == nil)
        #expect(withoutAgents.routing == nil)
    }

    @Test func agentAndModelTogether() throws {
        let all = catalogue(Self.shelf, agents: Self.agents)
        let named = try plan(all, .agentOnModel(agent: "dev", model: "cheap"))
        #expect(named.agent?.id == "dev")
        #expect(named.routing == nil)
        #expect(named.attempts.first?.model.name == "cheap")
        let routed = try plan(all, .autoOnModel("cheap")) { $0.text = "architecture" }
        #expect(routed.agent?.id == "atlas")
        #expect(routed.routing != nil)
        #expect(routed.attempts.first?.reason == .named)
        let free = try plan(all, .anyModel) { $0.text = "architecture" }
        #expect(free.agent == nil)
        #expect(free.attempts.first?.reason == .chosen)
    }

    @Test func priorityAndBiasReachTheChooser() throws {
        func first(bias: Double = 0.5, _ text: String, _ priority: RequestFacts.Priority = .normal) throws -> String? {
            let all = catalogue(Self.shelf) { $0.costBias = bias }
            return try plan(all, .anyModel) { ($0.text, $0.priority) = (text, priority) }.attempts.first?.model.name
        }
        let text = "prove why this design is sound, and plan: ```code```"
        #expect(try first("", .premium) == "strong")
        #expect(try first("", .quick) == "cheap")
        #expect(try first(text) == "strong")
        #expect(try first(bias: 1, text) == "cheap")
        #expect(try first(bias: 0, "hi") == "strong")
    }

    @Test func totalTimeouts() throws {
        let slow = catalogue([ModelSketch("slow").with { $0.timeouts.total = .seconds(600) }])
        #expect(try plan(slow, .model("slow")).totalTimeout == .seconds(600))
        #expect(try plan(slow, .model("slow")) { $0.priority = .quick }.totalTimeout == .seconds(5))
        #expect(try plan(catalogue(Self.shelf), .anyModel).totalTimeout == .seconds(180))
    }

    @Test func anUnknownPriceGivesNoEstimate() throws {
        #expect(try plan(catalogue([ModelSketch("m", price: nil)]), .model("m")).costEstimate == nil)
    }

    // MARK: Fallbacks and stand-ins

    @Test func fallbacksComeInTheirOrder() throws {
        let named = Self.shelf + [ModelSketch("m").with { $0.fallbacks = ["cheap", "strong"] }]
        let plan = try plan(catalogue(named), .model("m"))
        #expect(plan.attempts.map(\.model.name) == ["m", "cheap", "strong"])
        #expect(plan.attempts.map(\.reason) == [.named, .fallback, .fallback])
    }

    @Test func anEmptyListOfFallbacksMeansNone() throws {
        let named = Self.shelf + [ModelSketch("m").with { $0.fallbacks = [] }]
        #expect(try plan(catalogue(named), .model("m")).attempts.map(\.model.name) == ["m"])
    }

    @Test func aFallbackThatIsOffIsPassedOver() throws {
        let named = [
            ModelSketch("gone", weights: [-1]), ModelSketch("b"),
            ModelSketch("m").with { $0.fallbacks = ["gone", "nowhere", "b"] },
        ]
        let plan = try plan(catalogue(named), .model("m"))
        #expect(plan.attempts.map(\.model.name) == ["m", "b"])
        #expect(plan.passedOver == [.init(name: "off/gone0", .off)])
    }

    @Test func standInsMustBeAble() throws {
        let all = catalogue([
            ModelSketch("m").with { $0.abilities = .tools }, ModelSketch("blind"),
            ModelSketch("small").with { ($0.abilities, $0.inputWindow) = (.tools, 50) },
            ModelSketch("able").with { $0.abilities = .tools },
        ])
        #expect(try plan(all, .model("m")) { $0.needs = .tools }.attempts.map(\.model.name) == ["m", "able"])
        #expect(try plan(all, .model("m")).attempts.map(\.model.name) == ["m", "blind", "able"])
        #expect(try plan(all, .anyModel) { $0.needs = .tools }.attempts.map(\.model.name) == ["m", "able"])
    }

    /// The provider knows its own model better than a table does.
    @Test func aNamedModelIsAskedWhateverTheTableSays() throws {
        let all = catalogue([ModelSketch("m").with { $0.inputWindow = 10 }])
        let plan = try plan(all, .model("m")) { ($0.promptTokens, $0.needs) = (5000, .vision) }
        #expect(plan.attempts.map(\.model.name) == ["m"])
    }

    // MARK: Health

    @Test func openBreakersAreSkipped() throws {
        let all = catalogue(Self.shelf)
        let plan = try plan(all, .model("fair"), health: [.ready, .refused(retryAfter: .seconds(9)), .probeDue])
        #expect(plan.attempts.map(\.model.name) == ["strong", "cheap"])
        #expect(plan.attempts.map(\.reason) == [.standIn, .standIn])
        #expect(plan.passedOver == [.init(name: "on/fair0", .breaker(wait: .seconds(9)))])
    }

    @Test func whenAllRestTheSoonestIsNamed() {
        let all = catalogue(Self.shelf)
        let health: [Breaker.Availability] = [
            .refused(retryAfter: .milliseconds(40_500)), .refused(retryAfter: .milliseconds(12_345)),
            .refused(retryAfter: .seconds(300)),
        ]
        for target in [Target.auto, .anyModel, .model("strong")] {
            let failure = failure(all, target, health: health)
            guard case .allResting(.milliseconds(12_345), let resting) = failure else {
                Issue.record("\(String(describing: failure))")
                continue
            }
            #expect(Set(resting.map(\.name)) == ["on/fair0", "on/strong0", "on/cheap0"])
        }
        // Only those that would have been asked count.
        let alone = catalogue(Self.shelf + [ModelSketch("m").with { $0.fallbacks = ["strong"] }])
        let withIts = health + [.refused(retryAfter: .seconds(400))]
        let resting: [Plan.PassedOver] = [
            .init(name: "on/m0", .breaker(wait: .seconds(400))), .init(name: "on/strong0", .breaker(wait: .seconds(300))),
        ]
        #expect(failure(alone, .model("m"), health: withIts) == .allResting(retryAfter: .seconds(300), resting: resting))
    }

    // MARK: Failures

    @Test func everyFailure() {
        let all = catalogue(Self.shelf + [ModelSketch("off", weights: [-1, -1])], agents: Self.agents)
        #expect(failure(all, .model("nope")) == .unknownModel("nope"))
        #expect(failure(all, .model("")) == .unknownModel(""))
        #expect(failure(all, .autoOnModel("nope")) == .unknownModel("nope"))
        #expect(failure(all, .agent("nope")) == .unknownAgent("nope", known: ["atlas", "dev"]))
        #expect(failure(all, .agentOnModel(agent: "nope", model: "fair")) == .unknownAgent("nope", known: ["atlas", "dev"]))
        #expect(failure(all, .agentOnModel(agent: "dev", model: "nope")) == .unknownModel("nope"))
        #expect(failure(all, .model("off")) == .modelOff("off", mend: "set OFF_API_KEY"))
        #expect(failure(catalogue([ModelSketch("off", weights: [-1])]), .anyModel) == .nothingOn)
        #expect(failure(catalogue([]), .auto) == .nothingOn)
        #expect(failure(all, .anyModel) { $0.needs = .audio } == .noneAble(reasons: [
            .init(name: "cheap", .lacks(.audio)), .init(name: "fair", .lacks(.audio)), .init(name: "strong", .lacks(.audio)),
        ]))
    }

    // MARK: What the caller allows

    /// 100 tokens to read, 250 to write for a simple request: 250, 1100 and 4050 millionths of a dollar.
    @Test func whatIsTooDearIsPassedOver() throws {
        let all = catalogue(Self.shelf)
        let limit = Money(picodollars: 1_000_000_000)
        let cheap = try plan(all, .anyModel) { $0.maxCost = limit }
        #expect(cheap.attempts.map(\.model.name) == ["cheap"])
        #expect(cheap.passedOver == [
            .init(name: "fair", .tooDear(estimate: Money(picodollars: 1_100_000_000), limit: limit)),
            .init(name: "strong", .tooDear(estimate: Money(picodollars: 4_050_000_000), limit: limit)),
        ])
        // Exactly as much is not more.
        let fair = try plan(all, .anyModel) { $0.maxCost = Money(picodollars: 1_100_000_000) }
        #expect(Set(fair.attempts.map(\.model.name)) == ["cheap", "fair"])
        // A named model is no exception; what stands in for it may be cheap enough. Nobody looked how hard it is: 500 to write.
        let named = try plan(all, .model("strong")) { $0.maxCost = Money(picodollars: 2_100_000_000) }
        #expect(named.attempts.map(\.model.name) == ["fair", "cheap"])
        #expect(named.attempts.map(\.reason) == [.standIn, .standIn])
    }

    @Test func whenAllAreTooDearTheCheapestIsNamed() {
        let all = catalogue(Self.shelf + [ModelSketch("unpriced", price: nil)])
        let limit = Money(picodollars: 249_999_999)
        for target in [Target.anyModel, .auto] {
            guard case .tooDear(limit, let cheapest?) = failure(all, target, { $0.maxCost = limit }) else {
                Issue.record("not refused as too dear")
                continue
            }
            #expect(cheapest.model == "cheap")
            #expect(cheapest.cost == Money(picodollars: 250_000_000))
            #expect(cheapest.items.map(\.tokenClass) == [.prompt, .completion])
            #expect(cheapest.items.map(\.tokens) == [100, 250])
        }
        let alone = catalogue([ModelSketch("unpriced", price: nil)])
        #expect(failure(alone, .anyModel) { $0.maxCost = limit } == .tooDear(limit: limit, cheapest: nil))
        // Nothing is too dear where nothing must be paid.
        let free = catalogue([ModelSketch("free", price: .perMillion(0, 0))])
        #expect(failure(free, .anyModel) { $0.maxCost = .zero } == nil)
        // One that rests would come back; that helps more than another limit.
        let resting = failure(all, .model("cheap"), health: [.refused(retryAfter: .seconds(7))]) {
            $0.maxCost = Money(picodollars: 600_000_000)
        }
        #expect(resting == .allResting(retryAfter: .seconds(7), resting: [.init(name: "on/cheap0", .breaker(wait: .seconds(7)))]))
    }

    @Test func onlyAllowedModelsAreAsked() throws {
        let all = catalogue(Self.shelf)
        let some = try plan(all, .anyModel) { $0.allowedModels = ["strong", "fair"] }
        #expect(some.attempts.map(\.model.name) == ["fair", "strong"])
        #expect(some.passedOver == [.init(name: "cheap", .notAllowed)])
        let named = try plan(all, .model("cheap")) { $0.allowedModels = ["strong"] }
        #expect(named.attempts.map(\.model.name) == ["strong"])
        #expect(failure(all, .anyModel) { $0.allowedModels = ["strong", "nope"] } == .unknownAllowedModel("nope"))
        let lone = catalogue(Self.shelf + [ModelSketch("m").with { $0.fallbacks = [] }])
        #expect(failure(lone, .model("m")) { $0.allowedModels = ["fair"] } == .noneAble(reasons: [.init(name: "m", .notAllowed)]))
    }

    @Test func aPlanTellsOfEveryModel() throws {
        let sketches = Self.shelf + [
            ModelSketch("off", weights: [-1]), ModelSketch("small").with { $0.inputWindow = 99 },
            ModelSketch("last", quality: 10, price: .perMillion(50, 50)),
        ]
        let plan = try plan(catalogue(sketches) { $0.attemptLimit = 3 }, .anyModel)
        #expect(plan.attempts.map(\.model.name) == ["cheap", "fair", "strong"])
        #expect(plan.passedOver == [
            .init(name: "last", .notNeeded), .init(name: "off", .off), .init(name: "small", .tooLong(window: 99, tokens: 100)),
        ])
    }

    @Test(arguments: [
        (Plan.Why.off, "its provider is off"), (.breaker(wait: .seconds(1)), "its breaker is open"),
        (.key(variable: "K", wait: .seconds(1)), "the provider refused its key (K)"),
        (.lacks([.tools, .audio]), "it has no tools, audio"),
        (.tooLong(window: 5, tokens: 6), "it reads 5 tokens, the request has about 6"),
        (.notAllowed, "it is none of the models in quintet.models"),
        (
            .tooDear(estimate: Money(picodollars: 2_000_000_000), limit: Money(picodollars: 1_000_000_000)),
            "it would cost about 0.002 USD, more than quintet.max_cost (0.001)"
        ),
        (.unpriced, "its price is unknown, so quintet.max_cost could not be kept"),
        (.notNeeded, "enough others come before it"),
    ])
    func reasonsInWords(why: Plan.Why, words: String) { #expect(Plan.PassedOver(name: "m", why).reason == words) }

    @Test func theBiasIsTheKeysBeforeTheAgents() throws {
        let all = catalogue(Self.shelf, agents: Self.agents) {
            $0.agentCostBias = ["dev": 0, "atlas": 1]
            $0.keyCostBias = ["00aa": 1]
        }
        func first(_ agent: String, key: String? = nil) throws -> String? {
            try plan(all, .agent(agent)) { $0.key = key }.attempts.first?.model.name
        }
        #expect(try first("dev") == "strong")
        #expect(try first("dev", key: "00aa") == "cheap")
        #expect(try first("dev", key: "other") == "strong")
        #expect(try first("atlas") == "cheap")
    }
}
