import Testing

@testable import Core

/// What was said before in a conversation counts for the agent, the complexity and the model.
@Suite struct ConversationTests {
    private static let agents = [
        agent("dev", ["code", "function"]), agent("luna", ["colour", "button"]), agent("quinn", ["bug", "test"]),
    ]
    private let router = AgentRouter(agents: agents)

    private func route(_ text: String, after earlier: [String]) -> AgentRouter.Routing? { router.route(text, after: earlier) }

    @Test func aMessageThatSaysNothingStaysWithTheAgent() throws {
        let routing = try #require(route("and in blue?", after: ["thanks", "which colour for the button", "the function"]))
        #expect(Self.agents[routing.agentIndex].id == "luna")
        #expect(routing.basis == .conversation && !routing.isDefault)
        #expect(routing.explanation(Self.agents[1]).contains("luna as before in the conversation"))
        #expect(route("and then?", after: ["ask quinn to look at it"])?.agentIndex == 2)
        // A team was proposed for the earlier message, not for this one.
        #expect(route("and then?", after: ["ask luna and quinn to look at it"])?.proposal == [])
    }

    @Test func aMessageThatSaysSomethingDecides() {
        #expect(route("now a test for the bug", after: ["which colour for the button"])?.basis == .message)
        #expect(route("now a test for the bug", after: ["which colour for the button"])?.agentIndex == 2)
        #expect(route("and now I would like to see the code for it", after: ["which colour for the button"])?.agentIndex == 0)
        #expect(route("ask dev", after: ["which colour for the button"])?.basis == .wish)
        #expect(route("hm", after: ["so", ""])?.isDefault == true)
    }

    // MARK: Complexity

    private func complexity(_ text: String, after earlier: [String] = []) throws -> Complexity {
        Complexity(of: RequestFacts(.auto, text: text) { $0.earlierTexts = earlier }, by: try shippedComplexityModel())
    }

    private static let hard = "Prove that the algorithm terminates if n > 7, and explain why each invariant must hold while the queue is not empty."

    @Test func aFollowUpIsHalfAsHardAsWhatItFollows() throws {
        let (alone, before) = (try complexity("and if not?"), try complexity(Self.hard))
        let following = try complexity("and if not?", after: ["ok", Self.hard])
        #expect(alone.score < following.score && following.score < before.score)
        #expect(following.signals.first == "harder questions before")
        #expect(try complexity(Self.hard, after: ["hi", "thanks"]).score == before.score)
    }

    @Test func whatWasJudgedBeforeIsTaken() throws {
        let before = Complexity(score: 0.123, signals: [], isJudged: true)
        let facts = RequestFacts(.auto, text: Self.hard) {
            $0.complexity = before
            $0.needs = .tools
        }
        let model = try shippedComplexityModel()
        #expect(Complexity(of: facts, by: model) == before)
    }

    @Test func theLengthThatIsAskedForCounts() throws {
        let essay = "Write an essay about the causes of the war in"
        #expect(try complexity("\(essay) 2,000 words").signals.contains("a long answer wanted"))
        #expect(try complexity("\(essay) 2,000 words").score > complexity("\(essay) 200 words").score)
        #expect(try complexity("\(essay) 40 words").score < complexity("\(essay) 200 words").score)
        // A number of pages that is no order.
        #expect(try !complexity("Ann reads a book of 300 pages").signals.contains("a long answer wanted"))
    }

    // MARK: The model

    private static func price(_ prompt: Int64, cached: Int64) -> Price {
        func money(_ dollars: Int64) -> Money { Money(picodollars: dollars * 1_000_000) }
        return Price(.init(prompt: money(prompt), completion: money(1), cachedPrompt: money(cached)))
    }

    private func plan(_ sketches: [ModelSketch], tokens: Int, warm: RequestFacts.WarmPrompt?, quality: Double = 0.5) throws -> Plan {
        let facts = RequestFacts(.anyModel, tokens: tokens) {
            $0.warmPrompt = warm
            $0.complexity = Complexity(score: quality, signals: [], isJudged: true)
        }
        return try Planner(catalogue: catalogue(sketches), health: [], spread: 0.9).plan(facts)
    }

    /// A conversation stays while the provider's cache is worth more than a switch.
    @Test func aConversationStaysWithItsModel() throws {
        let shelf = [ModelSketch("dear", quality: 70, price: Self.price(3, cached: 1)), ModelSketch("cheap", quality: 70, price: Self.price(2, cached: 2))]
        func first(_ cached: Int?, quality: Double = 0.5) throws -> String {
            let plan = try plan(
                shelf, tokens: 10_000, warm: cached.map { .init(model: "dear", deployment: nil, tokens: $0) }, quality: quality)
            return "\(plan.attempts[0].model.name): \(plan.attempts[0].reason)"
        }
        #expect(try first(nil) == "cheap: chosen")
        // Of 10,000 tokens 9,000 cost 1 instead of 3: 12,000 against 20,000.
        #expect(try first(9_000) == "dear: warm")
        #expect(try first(4_000) == "cheap: chosen")
        // No cache makes a model good enough.
        let weak = [ModelSketch("dear", quality: 30, price: Self.price(3, cached: 0)), ModelSketch("cheap", quality: 70, price: Self.price(2, cached: 2))]
        #expect(try plan(weak, tokens: 10_000, warm: .init(model: "dear", tokens: 10_000)).attempts[0].model.name == "cheap")
    }

    /// The cache is at one of the model's places.
    @Test func aConversationStaysWithItsDeployment() throws {
        let many = [ModelSketch("m", weights: [1, 1, 1])]
        for place in 0..<3 {
            let warm = RequestFacts.WarmPrompt(model: "m", deployment: "on/m\(place)", tokens: 2000)
            let plan = try plan(many, tokens: 3000, warm: warm)
            #expect(plan.attempts.first?.deployment.id == "on/m\(place)")
            #expect(Set(plan.attempts.map(\.deployment.id)).count == 3)
        }
        let resting = Planner(
            catalogue: catalogue(many), health: [.refused(retryAfter: .seconds(9)), .ready, .ready], spread: 0)
        let facts = RequestFacts(.model("m")) { $0.warmPrompt = .init(model: "m", deployment: "on/m0", tokens: 2000) }
        #expect(try resting.plan(facts).attempts.map(\.deployment.id).contains("on/m0") == false)
    }
}
