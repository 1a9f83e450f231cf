import TestKit
import Testing

@testable import Core

/// Which agent a message goes to where no model is: by the keywords and examples of the profiles alone.
@Suite struct AgentRouterTests {
    private static let agents = [
        agent("atlas", ["architecture", "system design", "api", "scale"]),
        agent("dev", ["code", "function", "c++", "c#", "java", "stack trace", "api", "go"]),
        agent("luna", ["ui", "colour", "user journey map", "café", "デザイン"]),
        agent("quinn", ["test", "test plan", "bug"]),
    ]
    private let router = AgentRouter(agents: agents)

    private func routed(_ text: String) -> String? { router.route(text).map { Self.agents[$0.agentIndex].id } }

    @Test(arguments: [
        ("Please write a function", "dev", "function"), ("FUNCTION", "dev", "function"), ("(function)", "dev", "function"),
        ("choose a colour for me", "luna", "colour"), ("is this a bug", "quinn", "bug"),
        ("a system design question", "atlas", "system design"), ("System\nDesign", "atlas", "system\ndesign"),
        ("system-design", "atlas", "system-design"), ("draw a user journey map", "luna", "user journey map"),
        ("C++", "dev", "c++"), ("in C#.", "dev", "c#"), ("CAFÉ", "luna", "café"), ("デザイン を見て", "luna", "デザイン"),
    ])
    func aKeywordIsAWholeWord(text: String, expected: String, word: String) {
        #expect(routed(text) == expected)
        #expect(router.route(text)?.evidence.contains(word) == true)
        #expect(router.route(text)?.basis == .message)
    }

    @Test(arguments: [
        "functional", "malfunction", "javascript", "testing", "protest", "decoder", "barcode", "guide", "debug", "colours",
        "c", "c+", "c+++", "c##", "code2", "systemdesign", "design system", "system my design", "stack", "trace stack",
        "user journey", "", " ", "!?", "😀", "漢字", "\u{0}",
    ])
    func whereNothingMatchesTheDefaultAnswers(text: String) {
        let routing = router.route(text)
        #expect(routing?.agentIndex == 1)
        #expect(routing?.isDefault == true && routing?.confidence == 0.25 && routing?.evidence == [])
    }

    @Test func mostKeywordsWin() {
        #expect(routed("the test plan for my function") == "quinn")
        #expect(routed("a bug in my code: the function") == "dev")
        #expect(routed("bug bug bug bug: code function") == "dev")
        // Equals: the default, else the earlier.
        #expect(routed("bug in code") == "dev")
        #expect(routed("the ui has a bug") == "luna")
    }

    @Test func theRunnerUpIsTold() {
        let routing = router.route("a bug in the code of my function")
        #expect(routing?.runnerUp?.agent == "quinn")
        #expect((routing?.confidence ?? 0) > (routing?.runnerUp?.confidence ?? 1))
    }

    /// Words of an example count for its agent, also in another form.
    @Test func examplesAloneAreEnough() {
        let lawyer = Agent(
            id: "lex", name: "Lex", role: "Lawyer", description: "", keywords: [],
            examples: ["Review the liability clause of this contract", "Draft a privacy notice"], tier: .medium,
            temperature: nil, maxTokens: nil, prompt: "p")
        let router = AgentRouter(agents: Self.agents + [lawyer])
        #expect(router.route("who bears liability under these contracts?")?.agentIndex == 4)
        #expect(router.route("a contractual question of liability")?.agentIndex == 4)
        #expect(router.route("the weather")?.isDefault == true)
    }

    @Test func theSameMessageAlwaysReachesTheSameAgent() {
        var random = SplitMix64(seed: 99)
        let words = Self.agents.flatMap(\.keywords) + ["the", "of", "and", "漢"]
        for _ in 0..<200 {
            let text = (0..<8).compactMap { _ in words.randomElement(using: &random) }.joined(separator: " ")
            #expect(router.route(text) == AgentRouter(agents: Self.agents).route(text), "\(text)")
        }
    }

    @Test func fewAgentsOrNone() {
        #expect(AgentRouter(agents: []).route("code") == nil)
        let one = AgentRouter(agents: [agent("only")]).route("anything")
        #expect(one?.agentIndex == 0 && one?.confidence == 1 && one?.runnerUp == nil)
        let two = AgentRouter(agents: [agent("aa", ["x"]), agent("bb", ["y"])])
        #expect(two.route("nothing")?.agentIndex == 0 && two.route("nothing")?.isDefault == true)
        #expect(two.route("y")?.agentIndex == 1)
        let many = AgentRouter(agents: (0..<100).map { agent("agent\($0)", ["key\($0)"]) })
        #expect(many.route("what about key77 here")?.agentIndex == 77)
    }

    @Test func emptyKeywordsMatchNothing() {
        let router = AgentRouter(agents: [agent("aa"), agent("bb", ["", " ", "...", "😀!"])])
        #expect(router.route("... anything")?.isDefault == true)
        #expect(router.route("")?.evidence == [])
    }

    @Test func onlyHeadAndTailOfALongMessageAreRead() {
        let padding = String(repeating: "word ", count: 4000)
        #expect(routed("bug " + padding) == "quinn")
        #expect(routed(padding + " bug") == "quinn")
        #expect(router.route(padding + " bug " + padding)?.isDefault == true)
    }
}

/// Agents asked for by name.
@Suite struct AgentWishTests {
    private let wishes = AgentWishes(agents: [agent("atlas"), agent("dev"), agent("luna"), agent("quinn"), agent("sage")])

    @Test(arguments: [
        ("ask luna to look at this", [2]), ("Ask Luna: is this readable?", [2]), ("Please ask luna about the colours", [2]),
        ("could you ask quinn whether this is tested", [3]), ("luna, what do you think?", [2]), ("Luna: what do you think?", [2]),
        ("@quinn please check", [3]), ("please check, @quinn", [3]), ("(@quinn)", [3]), ("hey dev, fix this", [1]),
        ("Hi Sage, how are we doing?", [4]), ("hello atlas", [0]), ("let luna design the page", [2]), ("ask dev to fix it", [1]),
        ("ask luna and quinn to review it", [2, 3]), ("@luna @quinn review", [2, 3]), ("@luna @luna", [2]),
        ("Frag luna, ob das geht", [2]), ("Thanks. Now ask atlas how it scales", [0]),
    ])
    func areFound(text: String, expected: [Int]) {
        #expect(wishes.agents(wishedIn: text) == expected)
    }

    @Test(arguments: [
        "", "luna", "the dev server, again", "ask dev ops people", "tell me about atlas shrugged", "dev server does not start",
        "mail luna@quinn.example", "see @dev.to for it", "npm i @dev/tools", "@dev-team", "the task luna, left open",
        "an atlas of maps", "ask the luna team", "sage advice is rare", "mask luna to fit", "get dev dependencies",
        "hey devs, hello", "What would luna do?", "a b c luna, d",
    ])
    func areNotSeenWhereNoneAre(text: String) {
        #expect(wishes.agents(wishedIn: text) == [])
    }

    @Test func aNameCountsLikeAnID() {
        let named = Agent(
            id: "fe", name: "Fiona", role: "r", description: "d", keywords: [], examples: [], tier: .medium, temperature: nil,
            maxTokens: nil, prompt: "p")
        let wishes = AgentWishes(agents: [agent("dev"), named])
        #expect(wishes.agents(wishedIn: "Fiona, please") == [1])
        #expect(wishes.agents(wishedIn: "@fe please") == [1])
    }

    @Test func aWishIsSureAndSaysSo() throws {
        let agents = [agent("dev", ["code"]), agent("luna")]
        let routing = try #require(AgentRouter(agents: agents).route("ask luna about code code code"))
        #expect(routing.agentIndex == 1 && routing.confidence == 1 && routing.basis == .wish && routing.proposal == [])
        #expect(routing.explanation(agents[1]) == "agent luna was asked for by name")
        #expect(AgentRouter(agents: agents).route("@luna @dev go")?.proposal == ["luna", "dev"])
    }

    @Test func onlyTheBeginningIsSearched() {
        #expect(wishes.agents(wishedIn: String(repeating: "word ", count: 200) + "@luna") == [])
        #expect(wishes.agents(wishedIn: String(repeating: "x", count: 506) + " @luna, please help") == [])
    }
}

/// Messages that order several pieces of work.
@Suite struct WorkOrderTests {
    @Test(arguments: [
        ("design and test the login page", ["design the login page", "test the login page"]),
        ("Design, build and test it", ["Design it", "build it", "test it"]),
        ("Write a function and test it", ["Write a function and ", "test it"]),
        ("I want you to plan the launch, then draft the mail", ["plan the launch, then ", "draft the mail"]),
        ("Please fix the bug. Review my plan.", ["fix the bug. ", "Review my plan."]),
        ("* sketch the page\n* estimate the work", ["sketch the page\n* ", "estimate the work"]),
    ])
    func areTakenApart(text: String, expected: [String]) {
        #expect(WorkOrders.tasks(in: text) == expected)
    }

    @Test(arguments: [
        "", "design the login page", "How to design and automate tests", "the design and the test", "my test plan",
        "a design review with a test plan", "How do designers test?", "write", "should we fix tests",
    ])
    func oneOrNone(text: String) {
        #expect(WorkOrders.tasks(in: text).count < 2)
    }

    @Test func areBounded() {
        #expect(WorkOrders.tasks(in: String(repeating: "test it and ", count: 5000)).count == 5)
    }
}
