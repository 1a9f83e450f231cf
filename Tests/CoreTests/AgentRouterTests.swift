import TestKit
import Testing

@testable import Core

/// Which agent a message goes to.
@Suite struct AgentRouterTests {
    private static let agents = [
        agent("atlas", ["architecture", "system design", "api", "scale"]),
        agent("dev", ["code", "function", "c++", "c#", "java", "stack trace", "api", "go"]),
        agent("luna", ["ui", "colour", "user journey map", "café", "デザイン"]),
        agent("quinn", ["test", "test plan", "bug"]),
    ]
    private let router = AgentRouter(agents: agents)

    private func routed(_ text: String) -> String? { router.route(text).map { Self.agents[$0.agentIndex].id } }
    private func matched(_ text: String) -> [String]? { router.route(text)?.matched }

    @Test(arguments: [
        ("Please write a function", "dev"), ("FUNCTION", "dev"), ("function?", "dev"), ("(function)", "dev"),
        ("what is wrong with my code", "dev"),
        ("choose a colour for me", "luna"), ("is this a bug", "quinn"), ("architecture of the whole", "atlas"),
        ("a system design question", "atlas"), ("system  design", "atlas"), ("system-design", "atlas"),
        ("System\nDesign", "atlas"),
        ("draw a user journey map", "luna"), ("c++ or c#?", "dev"), ("C++", "dev"), ("in C#.", "dev"),
        ("un café noir", "luna"), ("CAFÉ", "luna"),
        ("cafe\u{301}", "luna"), ("デザイン を見て", "luna"),
    ])
    func goesTo(text: String, expected: String) {
        #expect(routed(text) == expected)
        #expect(router.route(text)?.matched.isEmpty == false)
    }

    /// A keyword counts as a whole word only.
    @Test(arguments: [
        "functional", "malfunction", "javascript", "testing", "protest", "decoder", "encode", "barcode", "guide",
        "build", "scaled", "going", "goods",
        "capitals", "debug", "colours", "cafés", "xc++", "c", "c+", "c+++", "c##", "code2", "2code", "systemdesign",
        "design system", "system my design",
        "stack", "trace stack", "user journey", "journey map", "", " ", "!?", "😀", "漢字", "\u{0}",
    ])
    func matchesNothing(text: String) {
        #expect(router.route(text) == .init(agentIndex: 1, confidence: 0, matched: []))
    }

    @Test func mostKeywordsWin() {
        #expect(matched("the test plan for my function") == ["test", "test plan"])
        #expect(routed("the test plan for my function") == "quinn")
        #expect(routed("a bug in my code: the function") == "dev")
        #expect(router.route("a bug in my code: the function")?.confidence == 2.0 / 3)
    }

    @Test func aKeywordCountsOnce() {
        #expect(routed("bug bug bug bug: code function") == "dev")
        #expect(matched("function, code, function and code") == ["code", "function"])
    }

    @Test func tiesGoToTheDefaultThenToTheFirst() {
        #expect(routed("bug in code") == "dev")
        #expect(routed("code bug") == "dev")
        #expect(routed("a bug in the ui") == "luna")
        #expect(routed("the ui has a bug") == "luna")
        // Both name it.
        #expect(routed("an api") == "dev")
        #expect(router.route("an api")?.confidence == 0.5)
    }

    @Test func theSameMessageAlwaysReachesTheSameAgent() {
        var random = SplitMix64(seed: 99)
        let words = Self.agents.flatMap(\.keywords) + ["the", "of", "and", "漢"]
        for _ in 0..<300 {
            let text = (0..<8).compactMap { _ in words.randomElement(using: &random) }.joined(separator: " ")
            #expect(router.route(text) == AgentRouter(agents: Self.agents).route(text), "\(text)")
        }
    }

    /// Each agent by counting, the slow way.
    @Test func agreesWithASimpleCount() throws {
        var random = SplitMix64(seed: 5)
        let words = [
            "api", "code", "system", "design", "test", "plan", "bug", "ui", "c++", "user", "journey", "map", "stack",
            "trace", "x",
        ]
        for _ in 0..<500 {
            let picked = (0..<Int.random(in: 0...12, using: &random)).compactMap { _ in words.randomElement(using: &random) }
            let text = picked.joined(separator: " ")
            let counts = Self.agents.map { agent in agent.keywords.filter { " \(text) ".contains(" \($0) ") }.count }
            let routing = try #require(router.route(text))
            let best = try #require(counts.max())
            try #require(counts[routing.agentIndex] == best, "\(text)")
            try #require(routing.matched.count == best, "\(text)")
            if best > 0 {
                try #require(routing.confidence == Double(best) / Double(counts.reduce(0, +)), "\(text)")
            } else {
                try #require(routing.agentIndex == router.defaultIndex && routing.confidence == 0, "\(text)")
            }
        }
    }

    @Test func withoutAgentsThereIsNoRoute() {
        #expect(AgentRouter(agents: []).route("code") == nil)
    }

    @Test func withoutDevTheFirstIsTheDefault() {
        let router = AgentRouter(agents: [agent("a", ["x"]), agent("b", ["y"])])
        #expect(router.route("nothing")?.agentIndex == 0)
        #expect(router.route("y")?.agentIndex == 1)
        #expect(router.route("x y")?.agentIndex == 0)
    }

    @Test func emptyKeywordsMatchNothing() {
        let router = AgentRouter(agents: [agent("a"), agent("b", ["", " ", "...", "😀"])])
        #expect(router.route("... 😀 anything")?.agentIndex == 0)
        #expect(router.route("")?.matched == [])
    }

    @Test(arguments: ["x ", "function ", "c++ c# ", "漢", "é", "x", "\n", "user journey "])
    func aMegabyteIsNoHardship(unit: String) {
        let text = String(repeating: unit, count: 1_000_000 / unit.utf8.count)
        let taken = ContinuousClock().measure { _ = router.route(text) }
        #expect(taken < .seconds(2))
    }

    @Test func onlyTheBeginningOfALongMessageIsRead() {
        let padding = String(repeating: "word ", count: 3000)
        #expect(routed(padding + "bug") == "quinn")
        #expect(matched(padding + padding + "bug") == [])
    }

    @Test(arguments: [
        ("Hello, World!", ["hello", "world"]), ("C++/C# a_b", ["c++", "c#", "a", "b"]),
        ("asp.net 3.5", ["asp", "net", "3", "5"]), ("", []),
        ("Ünïcödé 漢字 ١٢", ["ünïcödé", "漢字", "١٢"]), ("don't", ["don", "t"]), ("İ", ["i\u{307}"]),
    ])
    func words(text: String, expected: [String]) {
        #expect(AgentRouter.words(of: text).map(String.init) == expected)
    }
}
