import CWeights
import TestKit
import Testing

@testable import Core

/// The router with the weights that are built in.
@Suite struct AgentModelTests {
    private static let weights = try! Weights(
        decoding: Array(UnsafeBufferPointer(start: qw_agents, count: qw_agents_size)), kind: AgentModel.kind)
    private static let model = try! AgentModel(weights)
    /// The profiles that the model was trained with.
    private static let agents = zip(model.roles, model.profiles).map { profile($0, $1.keywords, $1.examples) }
    private static let router = AgentRouter(agents: agents, model: model)

    private static func profile(_ id: String, _ keywords: [String], _ examples: [String]) -> Agent {
        Agent(
            id: id, name: id, role: examples.last ?? "", description: examples.dropLast().last ?? "",
            keywords: keywords, examples: Array(examples.dropLast(2)), tier: .medium, temperature: nil, maxTokens: nil,
            prompt: "p")
    }

    private func routed(_ text: String, _ agents: [Agent] = agents) -> String? {
        AgentRouter(agents: agents, model: Self.model).route(text).flatMap { $0.isDefault ? nil : agents[$0.agentIndex].id }
    }

    @Test(arguments: [
        ("Write a TypeScript function that groups orders by customer and month", "dev"),
        ("Why does my Python loop skip every second item of the list?", "dev"),
        ("How do I sort a dictionary by its values in Python?", "dev"),
        ("Which colour palette fits a banking app and passes WCAG?", "luna"),
        ("Make the onboarding screen friendlier for first time users", "luna"),
        ("How big should the buttons of a mobile form be?", "luna"),
        ("Write test cases for a password reset", "quinn"),
        ("Our end-to-end tests fail randomly in CI", "quinn"),
        ("Selenium cannot find the element in the iframe", "quinn"),
        ("Plan a three month launch with four people", "sage"),
        ("The client keeps adding requests and my team is burnt out", "sage"),
        ("How do I estimate story points with a new scrum team?", "sage"),
        ("Kubernetes pods restart under load and latency grows", "atlas"),
        ("Move a PostgreSQL cluster to another region without downtime", "atlas"),
        ("Should we split the monolith into microservices?", "atlas"),
    ])
    func knowsEachAgentsWork(text: String, expected: String) {
        #expect(routed(text) == expected)
    }

    @Test func saysWhatDecided() throws {
        let routing = try #require(Self.router.route("Our Selenium tests are flaky"))
        #expect(routing.confidence > 0.8 && routing.confidence <= 1)
        #expect(routing.evidence.contains("selenium") && routing.evidence.count <= 5)
        #expect(routing.runnerUp.map { $0.agent != "quinn" && $0.confidence < 0.2 } == true)
        #expect(routing.explanation(Self.agents[routing.agentIndex]).contains("for "))
    }

    /// What it cannot read it does not guess at; it asks the default agent, and says so.
    @Test(arguments: [
        "", " ", "\u{0}\u{1}", "😀", "hi", "この関数のバグを直してください", "如何设计一个分布式系统", "اكتب دالة", "asdkjh qwelkj zxcmn",
        "👩‍👩‍👧‍👦👩‍👩‍👧‍👦", "………", "שלום עולם",
    ])
    func abstains(text: String) throws {
        let routing = try #require(Self.router.route(text))
        #expect(routing.isDefault && routing.confidence < 0.3)
        #expect(Self.agents[routing.agentIndex].id == "dev")
        #expect(routing.explanation(Self.agents[routing.agentIndex]).contains("no agent stood out"))
    }

    /// One known word among foreign ones may say enough, the foreign ones say little.
    @Test func readsKnownWordsOfOtherLanguages() {
        #expect(routed("¿Cómo escribo pruebas automatizadas con Selenium?") == "quinn")
        #expect(routed("Wie plane ich einen Sprint mit dem Scrum Team?") == "sage")
        #expect((Self.router.route("Ich wüsste gern, wie das Wetter morgen wird")?.confidence ?? 1) < 0.5)
    }

    /// A few words that are not clearly for another agent are no change of the subject.
    @Test func aShortFollowUpStaysWithItsAgent() throws {
        #expect(Self.router.route("make it shorter")?.basis == .message)
        let routing = try #require(Self.router.route("make it shorter", after: ["Which colour palette fits a banking app and passes WCAG?"]))
        #expect(routing.basis == .conversation && Self.agents[routing.agentIndex].id == "luna")
    }

    @Test func garbageIsAnswered() {
        var random = SplitMix64(seed: 7)
        for size in [1, 3, 50, 400, 9000] {
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
            let routing = Self.router.route(String(decoding: bytes, as: UTF8.self))
            #expect(routing != nil && (0...1).contains(routing?.confidence ?? -1))
        }
    }

    @Test func aMegabyteIsReadInPart() {
        let text = "Selenium tests fail. " + String(repeating: "漢字 code 😀\n", count: 70_000) + "Why are the tests flaky?"
        #expect(Self.router.route(text)?.evidence.contains("selenium") == true)
    }

    @Test func repetitionAddsNothing() {
        #expect(Self.model.read("selenium").scores == Self.model.read(String(repeating: "selenium\n", count: 1)).scores)
        let once = Self.model.read("tests fail tests fail").scores
        let often = Self.model.read(String(repeating: "tests fail ", count: 300)).scores
        #expect(once == often)
    }

    @Test func proposesATeamForWorkOfSeveral() throws {
        #expect(Self.router.route("design and test the login page")?.proposal == ["luna", "quinn"])
        #expect(
            Self.router.route("Write a function that parses ISO dates and write unit tests for it")?.proposal == ["dev", "quinn"])
        #expect(Self.router.route("How to design and test a REST API?")?.proposal == [])
        #expect(Self.router.route("Write test cases for a password reset")?.proposal == [])
    }
}

/// Profiles that are not those of the training.
@Suite struct ChangedProfileTests {
    private static let model = try! AgentModel(
        Weights(decoding: Array(UnsafeBufferPointer(start: qw_agents, count: qw_agents_size)), kind: AgentModel.kind))

    private func profile(_ id: String, keywords: [String] = [], examples: [String] = [], role: String = "") -> Agent {
        Agent(
            id: id, name: "", role: role, description: "", keywords: keywords, examples: examples, tier: .medium,
            temperature: nil, maxTokens: nil, prompt: "p")
    }

    private func trained(_ role: String, as id: String? = nil, _ change: ([String]) -> [String] = { $0 }) -> Agent {
        let profile = Self.model.profiles[Self.model.roles.firstIndex(of: role)!]
        return self.profile(id ?? role, keywords: change(profile.keywords), examples: profile.examples)
    }

    private var shipped: [Agent] { Self.model.roles.map { trained($0) } }

    private func routed(_ text: String, _ agents: [Agent]) -> String? {
        let routing = AgentRouter(agents: agents, model: Self.model).route(text)
        return routing.flatMap { $0.isDefault ? nil : agents[$0.agentIndex].id }
    }

    @Test func aRenamedAgentKeepsItsRole() {
        let agents = ["atlas", "luna", "quinn", "sage"].map { trained($0) } + [trained("dev", as: "coder")]
        #expect(routed("Write a TypeScript function that groups orders", agents) == "coder")
        #expect(AgentRouter(agents: agents, model: Self.model).route("hi")?.agentIndex == 4)
        #expect(AgentRouter(agents: agents, model: Self.model).unplayedRoles == [])
    }

    @Test func anEditedAgentKeepsItsRoleAndItsNewWordsCount() {
        let agents = shipped.map { $0.id == "sage" ? trained("sage") { $0 + ["zorbfish"] } : $0 }
        #expect(routed("Estimate the backlog of the sprint", agents) == "sage")
        let before = AgentRouter(agents: shipped, model: Self.model).route("Write the code of the zorbfish")
        let after = AgentRouter(agents: agents, model: Self.model).route("Write the code of the zorbfish")
        #expect(before.map { shipped[$0.agentIndex].id } == "dev")
        #expect((after?.confidence ?? 1) < (before?.confidence ?? 0) - 0.1)
        #expect(routed("zorbfish", agents) == "sage")
    }

    @Test func aKeywordThatWasTakenAwayCountsLess() {
        let text = "the load testing of it"
        let before = AgentRouter(agents: shipped, model: Self.model).route(text)
        let without = shipped.map { $0.id == "quinn" ? trained("quinn") { $0.filter { $0 != "load testing" } } : $0 }
        let after = AgentRouter(agents: without, model: Self.model).route(text)
        #expect(before.map { shipped[$0.agentIndex].id } == "quinn")
        #expect((after?.confidence ?? 1) < (before?.confidence ?? 0))
    }

    @Test func anotherAgentUnderAnOldNameIsNotTheOldOne() {
        let cook = profile(
            "quinn", keywords: ["recipe", "sauce", "oven"],
            examples: ["What sauce goes with roast duck?", "A vegetarian menu for eight guests"], role: "Cook")
        let agents = shipped.map { $0.id == "quinn" ? cook : $0 }
        let router = AgentRouter(agents: agents, model: Self.model)
        #expect(router.unplayedRoles == ["quinn"])
        #expect(routed("a recipe for a sauce", agents) == "quinn")
        #expect(routed("Selenium tests are flaky", agents) != "quinn")
    }

    /// A profile of its own words under the old id still plays the role that they speak of.
    @Test func aRewrittenProfileOfTheSameWorkKeepsItsRole() {
        let rewritten = profile("quinn", examples: ["Test the checkout with Selenium", "Write test cases for the export"])
        let agents = shipped.map { $0.id == "quinn" ? rewritten : $0 }
        #expect(AgentRouter(agents: agents, model: Self.model).unplayedRoles == [])
        #expect(routed("Our end-to-end tests fail randomly in CI", agents) == "quinn")
    }

    @Test func aSixthAgentWithExamplesAloneIsFound() {
        let lawyer = profile(
            "lex",
            examples: [
                "Is this licence compatible with the GPL?", "Draft a liability clause for our hosting contract",
                "What does the GDPR say about storing invoices?", "Review the non-disclosure agreement of a supplier",
            ], role: "Lawyer")
        let agents = shipped + [lawyer]
        #expect(routed("Does our contract limit liability under the GDPR?", agents) == "lex")
        #expect(routed("Write a TypeScript function that groups orders", agents) == "dev")
        #expect(routed("Our Selenium tests are flaky", agents) == "quinn")
        #expect(routed("hi", agents) == nil)
    }

    @Test func aRoleWithoutAnAgentIsLeftOut() {
        let agents = shipped.filter { $0.id != "quinn" }
        #expect(AgentRouter(agents: agents, model: Self.model).unplayedRoles == ["quinn"])
        let routing = AgentRouter(agents: agents, model: Self.model).route("Our Selenium tests are flaky")
        #expect(routing != nil)
    }

    @Test func weightsOfSomethingElseAreRefused() throws {
        let table = WeightTable(bits: 6, lanes: 8, scales: .init(repeating: 1, count: 8), bytes: .init(repeating: 0, count: 512))
        func problem(_ labels: [String], notes: [String: String] = [:], kind: String = "agents") -> String? {
            let weights = Weights(
                kind: kind, labels: labels, notes: notes, biases: labels.map { _ in 0 }, temperature: 1, table: table)
            do {
                _ = try AgentModel(weights)
                return nil
            } catch { return error.description }
        }
        #expect(problem(["a"])?.contains("2 to 6") == true)
        #expect(problem(["a", "a"])?.contains("twice") == true)
        #expect(problem(["a", "b"])?.contains("which profile 'a' had") == true)
        #expect(problem(["a", "b"], kind: "complexity") != nil)
    }
}

/// Training on a few questions.
@Suite struct AgentTrainingTests {
    private static let agents = [agent("cook", ["sauce", "oven"]), agent("gardener", ["soil", "roses"])]
    private static let questions = (0..<30).flatMap { number in
        [
            AgentTraining.Question(text: "Which sauce for roast number \(number)", label: "cook"),
            AgentTraining.Question(text: "Which soil for my roses in bed \(number)", label: "gardener"),
        ]
    }

    private func training() -> AgentTraining {
        var training = AgentTraining()
        training.bits = 12
        return training
    }

    @Test func makesWeightsThatRoute() throws {
        let outcome = try training().train(Self.questions, agents: Self.agents) { _ in }
        #expect(outcome.heldOut.accuracy == 1 && outcome.heldOut.count == 6)
        let model = try AgentModel(Weights(decoding: outcome.weights.encoded(), kind: AgentModel.kind))
        let router = AgentRouter(agents: Self.agents, model: model)
        #expect(router.route("a sauce for the roast")?.agentIndex == 0)
        #expect(router.route("roses like this soil")?.agentIndex == 1)
    }

    @Test func isTheSameToTheByte() throws {
        var told: [Double] = []
        let first = try training().train(Self.questions, agents: Self.agents) { told.append($0) }
        let second = try training().train(Self.questions, agents: Self.agents) { _ in }
        #expect(first.weights.encoded() == second.weights.encoded())
        #expect(told.last == 1 && told == told.sorted())
    }

    @Test func needsAProfileForEachLabelAndSeveralLabels() {
        func problem(_ labels: [String]) -> String? {
            do {
                _ = try training().train(labels.map { .init(text: "x", label: $0) }, agents: Self.agents) { _ in }
                return nil
            } catch { return error.description }
        }
        #expect(problem(["cook", "pilot"])?.contains("'pilot'") == true)
        #expect(problem(["cook"])?.contains("2 to 6") == true)
        #expect(problem([])?.contains("0 agents") == true)
    }

    /// Figures worked out by hand.
    @Test func figuresAreCounted() {
        func answer(_ share: Float, _ label: Int) -> (shares: SIMD8<Float>, label: Int) {
            (SIMD8(share, 1 - share, 0, 0, 0, 0, 0, 0), label)
        }
        let figures = RoutingFigures([answer(0.9, 0), answer(0.9, 1), answer(0.6, 0), answer(0.6, 0)])
        #expect(figures.accuracy == 0.75 && figures.sureShare == 0.5 && figures.sureAccuracy == 0.5)
        // Two bins: |1 − 1.8| and |2 − 1.2| over four answers.
        #expect(abs(figures.calibrationError - 0.4) < 1e-6)
    }
}
