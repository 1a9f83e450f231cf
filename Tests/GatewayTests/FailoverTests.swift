import Core
@testable import Gateway
import NIOCore
import TestKit
import Testing
import Wire

/// Who is asked, in which order, and who is not.
@Suite(.timeLimit(.minutes(1))) struct FailoverTests {
    private static let two = [ModelSpec.named("a", at: 2)]
    private static let chain = [
        ModelSpec.named("a", fallbacks: ["c", "b"]), .named("b", fallbacks: ["a"]), .named("c"),
    ]

    @Test func theFirstThatAnswersAnswers() async {
        let rig = GatewayRig(Self.chain) { _, _ in .whole("from the first") }
        let answer = await rig.ask()
        #expect(answer.text == "from the first")
        #expect(answer.head?.attemptCount == 1)
        #expect(answer.head?.deployment == "a1/there")
        #expect(rig.calls.providers == ["a1"])
        #expect(rig.calls.record.value.calls[0].body.contains(#""model":"a-there""#))
    }

    @Test(arguments: Fault.allCases.filter { $0.meaning.remedy == .goElsewhere }, [false, true])
    func thePlanIsFollowedInItsOrder(fault: Fault, isStream: Bool) async {
        let rig = GatewayRig(Self.chain) { provider, _ in
            provider != "b1" ? .fail(fault) : isStream ? .stream() : .whole()
        }
        let answer = await rig.ask(isStream: isStream)
        #expect(rig.calls.providers == ["a1", "c1", "b1"])
        #expect(answer.head?.model == "b")
        #expect(answer.head?.attemptCount == 3)
        // What the transport calls a stall is a wait for the first content here.
        let name = fault == .stall ? Fault.firstContentTimeout : fault
        #expect(answer.head?.failedAttempts.map(\.fault) == [name, name])
        #expect(answer.head?.failedAttempts.map(\.deployment) == ["a1/there", "c1/there"])
    }

    @Test func chanceSpreadsOverTheDeploymentsOfAModel() async {
        for (chance, order) in [(0.0, ["a1", "a2", "a3"]), (0.4, ["a2", "a1", "a3"]), (0.99, ["a3", "a2", "a1"])] {
            let rig = GatewayRig([.named("a", at: 3)], chance: chance) { _, _ in .fail(.connect) }
            _ = await rig.ask()
            #expect(rig.calls.providers == order)
        }
    }

    @Test(arguments: [
        "<html>busy</html>", "{}", #"{"choices":[]}"#, #"{"choices":[{"index":0}]}"#, #"{"error":{}}"#, Chat.answer(text: ""), "",
    ]) func anAnswerThatIsNoneCountsAsFailure(body: String) async {
        let rig = GatewayRig(Self.two) { provider, _ in
            provider == "a1" ? .answer(200, [.bytes(body)], isEventStream: false) : .whole()
        }
        let answer = await rig.ask()
        #expect(answer.text == "hello")
        #expect(rig.calls.providers == ["a1", "a2"])
        #expect(rig.counts("a1") == [1, 1])
    }

    /// An error that the provider reports inside its stream is like a 5xx: worth one more try there.
    @Test func anErrorInsideTheStreamBeforeItsFirstContentGoesUnseen() async throws {
        let events = Chat.chunks([], finish: nil) + [Chat.error(message: "overloaded", code: 529)]
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? .events(events) : .stream(["from", "two"]) }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(rig.calls.providers == ["a1", "a1", "a2"])
        #expect(parts.events == Chat.chunks(["from", "two"]))
    }

    @Test(arguments: [
        // Nothing, only a role, only usage, an end without content, no events at all.
        [], Chat.chunks([], finish: nil), Chat.chunks([], usage: .init(prompt: 1, completion: 0), finish: nil) + ["[DONE]"],
        Chat.chunks([]) + ["[DONE]"],
        ["[DONE]"], ["not JSON"], [#"{"type":"response.created"}"#],
    ]) func aStreamThatFailsBeforeItsFirstContentFailsUnseen(events: [String]) async throws {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? .events(events) : .stream(["from", "two"]) }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(rig.calls.providers == ["a1", "a2"])
        #expect(parts.events == Chat.chunks(["from", "two"]))
        #expect(parts.order == "ed")
        #expect(rig.counts("a1") == [1, 1])
        // The reply that failed was let go of, and with it its connection.
        #expect(rig.calls.record.value.released >= 1)
    }

    @Test func anAnswerThatIsNoStreamFailsUnseen() async throws {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? .whole() : .stream() }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.order == "ed")
        #expect(rig.calls.providers == ["a1", "a2"])
    }

    /// An error with a status of 200 is what it says it is, not an answer that cannot be read.
    @Test func anErrorInPlaceOfAnAnswerIsThatError() async {
        let error = #"{"error":{"message":"Rate limit reached","code":429}}"#
        let rig = GatewayRig(Self.two) { provider, _ in
            provider == "a1" ? .answer(200, [.bytes(error)], isEventStream: false) : .whole()
        }
        let answer = await rig.ask()
        #expect(answer.head?.failedAttempts.map(\.fault) == [.rateLimited])
        #expect(rig.breaker("a1")?.lastFaults.map(\.fault) == [.rateLimited])
        let alone = GatewayRig([.named("a")]) { _, _ in .answer(200, [.bytes(error)], isEventStream: false) }
        #expect(await alone.ask().error?.message.contains("Rate limit reached") == true)
    }

    @Test func whereErrorsAreWantedNothingIsTriedBehindTheCommitPoint() async throws {
        var policy = Policy()
        policy.onCut = .error
        for ending in [ScriptedCalls.Piece.fail(.reset), .fail(.cut), .silence, .bytes("data: \(Chat.error(message: "no", code: 500))\n\n")] {
            let rig = GatewayRig(Self.two, policy: policy) { _, _ in .events(Chat.chunks(["once"], finish: nil), then: ending) }
            let parts = try await StreamParts(reading: rig.stream())
            #expect(parts.order == "ef")
            #expect(rig.calls.providers == ["a1"])
        }
    }

    @Test func anOpenBreakerIsPassedOver() async {
        let rig = GatewayRig(Self.chain) { _, _ in .whole() }
        rig.open("a1", "c1")
        let answer = await rig.ask()
        #expect(rig.calls.providers == ["b1"])
        #expect(answer.head?.attemptCount == 1)
    }

    @Test func aBreakerThatOpensMeanwhileIsPassedOver() async {
        let asked = Gate("a1 was asked")
        let rig = GatewayRig(Self.chain) { provider, _ in provider == "a1" ? .wait(asked, then: .fail(.connect)) : .whole() }
        async let answer = rig.ask()
        _ = try? await rig.calls.record.wait("call") { $0.calls.count == 1 ? () : nil }
        rig.open("c1")
        asked.open()
        #expect(await answer.head?.deployment == "b1/there")
        #expect(rig.calls.providers == ["a1", "b1"])
    }

    @Test func atMostSixAttempts() async {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"]
        let models = [ModelSpec.named("a", fallbacks: Array(names.dropFirst()))] + names.dropFirst().map { .named($0) }
        let rig = GatewayRig(models) { _, _ in .fail(.connect) }
        let answer = await rig.ask()
        #expect(rig.calls.providers == ["a1", "b1", "c1", "d1", "e1", "f1"])
        #expect(answer.failure?.attempts.count == 6)
        let retrying = GatewayRig(models) { _, _ in .error(500) }
        _ = await retrying.ask()
        #expect(retrying.calls.providers == ["a1", "a1", "b1", "b1", "c1", "c1"])
    }

    @Test func aModelThatIsNoneIsNotPlanned() async {
        let rig = GatewayRig(Self.two) { _, _ in .whole() }
        let answer = await rig.ask("nobody")
        #expect(answer.error?.code == .modelNotFound)
        #expect(answer.error?.param == "model")
        #expect(answer.status == 404)
        #expect(rig.outcomes.all.map(\.ending) == [.failed(.modelNotFound)])
    }
}
