import CWeights
import TestKit
import Testing

@testable import Core

/// Whatever somebody sends is routed, judged and counted; what nobody can read is guessed at by nobody.
@Suite struct BadInputTests {
    private static let catalogue: Catalogue = {
        let file = Array(UnsafeBufferPointer(start: qw_agents, count: qw_agents_size))
        let model = try! AgentModel(Weights(decoding: file, kind: AgentModel.kind))
        let agents = zip(model.roles, model.profiles).map { role, profile in
            Agent(
                id: role, name: role, role: "", description: "", keywords: profile.keywords, examples: profile.examples,
                tier: .medium, temperature: nil, maxTokens: nil, prompt: "p")
        }
        return Catalogue(
            providers: [], models: models(ModelSketch("m")), agents: agents, policy: Policy(), agentModel: model,
            complexityModel: try! shippedComplexityModel())
    }()

    private static let tenLanguages = """
        Good evening. Guten Abend zusammen. Bonsoir à tous. Buenas noches. Dobry wieczór. Добрый вечер. こんばんは。晚上好。مساء الخير. ערב טוב.
        """

    private func plan(_ text: String, after earlier: [String] = []) throws -> Plan {
        var facts = RequestFacts(target: .auto, promptTokens: TokenEstimate.tokens(in: text))
        facts.text = text
        facts.earlierTexts = earlier
        return try Planner(catalogue: Self.catalogue, health: [], spread: 0).plan(facts)
    }

    @Test(arguments: ["", " \n\t", "\u{0}\u{1}\u{2}\u{7F}", "😀", tenLanguages, "\u{FEFF}\u{202E}\u{200D}", String(repeating: "\u{301}", count: 3000)])
    func whatSaysNothingGoesToTheDefaultAgent(text: String) throws {
        let plan = try plan(text)
        #expect(plan.agent?.id == "dev" && plan.routing?.isDefault == true)
        #expect(plan.complexity?.tier != .complex)
    }

    @Test(arguments: ["x", "漢字", "😀", "a b ", "\n", "\u{0}", "def f(): pass\n", "ab,", "9", "(", "A) ", "\u{301}", "Selenium 测试 тест "])
    func aMegabyteOfAnything(unit: String) throws {
        let text = String(repeating: unit, count: 1_000_000 / unit.utf8.count)
        let first = try plan(text)
        #expect(first.routing == (try plan(text).routing))
        #expect((0...1).contains(first.routing?.confidence ?? -1) && (0...1).contains(first.complexity?.score ?? -1))
        #expect(first.routing?.evidence.allSatisfy { $0.utf8.count <= 80 } == true)
        #expect((1...1_000_000).contains(TokenEstimate.tokens(in: text)))
    }

    /// Any bytes at any length, alone and in a conversation; nothing but the text decides.
    @Test func randomBytes() throws {
        var random = SplitMix64(seed: 77)
        let pieces = Array("ask @luna, design and test the 10 pages of (x) ```\n€漢😀\u{301}".utf8) + [0, 0x80, 0xC3, 0xE2, 0xF0, 0xFF]
        var before: [String] = []
        for _ in 0..<400 {
            let bytes = (0..<Int.random(in: 0...300, using: &random)).compactMap { _ in pieces.randomElement(using: &random) }
            let text = String(decoding: bytes, as: UTF8.self)
            let (once, again) = (try plan(text, after: before), try plan(text, after: before))
            #expect(once.routing == again.routing && once.complexity == again.complexity)
            #expect((0...1).contains(once.routing?.confidence ?? -1) && (0...1).contains(once.complexity?.score ?? -1))
            before = Array(([text] + before).prefix(4))
        }
    }
}
