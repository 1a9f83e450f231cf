import Core
@testable import Gateway
import TestKit
import Testing
import Wire

/// What the gateway learns of how long answers are.
@Suite struct AnswerLengthTests {
    private static let two = [ModelSpec.named("a", fallbacks: ["b"]), .named("b")]

    private func expected(_ rig: GatewayRig, _ model: String = "a", _ kind: AnswerKind = AnswerKind()) throws -> (tokens: Int, answers: Int) {
        let fleet = rig.gateway.fleet
        return fleet.loads.answerLength(of: try #require(fleet.catalogue.model(model)), kind)
    }

    @Test(arguments: [true, false]) func itLearnsFromWhatProvidersCount(isStream: Bool) async throws {
        let usage = Chat.Usage(prompt: 9, completion: 20)
        let rig = GatewayRig(Self.two) { _, _ in isStream ? .stream(usage: usage) : .whole(usage: usage) }
        #expect(try expected(rig).tokens == 500)
        for _ in 0..<16 {
            if isStream { _ = try await StreamParts(reading: rig.stream()) } else { _ = await rig.ask() }
        }
        #expect(try expected(rig) == (20, 16))
        // Nobody looked at how hard these were; of others nothing is known.
        #expect(try expected(rig, "a", AnswerKind(tier: .simple)) == (250, 0))
        // The other model is expected to be like it until it shows what it does.
        #expect(try expected(rig, "b").tokens == 20)
        // 6 × 100 + 20 × 1000.
        #expect(await rig.ask(more: #","quintet":{"max_cost":2.06e-8}"#).text != nil || isStream)
        #expect(await rig.ask(more: #","quintet":{"max_cost":2.05e-8}"#).error?.code == .costLimit)
    }

    @Test func itLearnsNothingFromWhatIsNoAnswer() async throws {
        let silent = GatewayRig([.named("a")]) { _, _ in .whole("hello", usage: nil) }
        _ = await silent.ask()
        #expect(try expected(silent).answers == 0)
        let cut = GatewayRig(Self.two) { provider, _ in
            provider == "a1"
                ? .events(Chat.chunks(["One"], finish: nil), then: .fail(.cut))
                : .stream(["One", " two"], usage: Chat.Usage(prompt: 9, completion: 5))
        }
        _ = try await StreamParts(reading: cut.stream())
        #expect(try expected(cut).answers == 0)
        #expect(try expected(cut, "b").answers == 0)
    }

    @Test func whatALimitCutIsNoShortAnswer() async throws {
        let rig = GatewayRig([.named("a")]) { _, _ in .whole(usage: Chat.Usage(prompt: 9, completion: 20)) }
        for _ in 0..<16 { _ = await rig.ask(more: #","max_tokens":20"#) }
        #expect(try expected(rig) == (500, 16))
    }

    @Test func aReloadKeepsWhatIsKnownByItsName() async throws {
        let agent = Agent(
            id: "x", name: "x", role: "", description: "", keywords: [], examples: [], tier: .medium, temperature: nil,
            maxTokens: nil, prompt: "p")
        let rig = GatewayRig(Self.two, agents: [agent]) { _, _ in .whole(usage: Chat.Usage(prompt: 9, completion: 20)) }
        for _ in 0..<16 { _ = await rig.ask("agent/x") }
        let kinds = [Tier.simple, .medium, .complex].map { AnswerKind(agent: 0, tier: $0) }
        let kind = try #require(kinds.first { (try? expected(rig, "a", $0).answers) == 16 })
        let other = Agent(
            id: "before", name: "", role: "", description: "", keywords: [], examples: [], tier: .medium, temperature: nil,
            maxTokens: nil, prompt: "q")
        _ = rig.gateway.adopt(
            Catalogue([.named("0"), .named("a")], agents: [other, agent], policy: Policy()), calls: rig.calls)
        #expect(try expected(rig, "a", AnswerKind(agent: 1, tier: kind.tier)) == (20, 16))
        #expect(try expected(rig, "a", AnswerKind(agent: 0, tier: kind.tier)).answers == 0)
    }
}

private func == (left: (tokens: Int, answers: Int), right: (Int, Int)) -> Bool { left.tokens == right.0 && left.answers == right.1 }
