import Core
@testable import Gateway
import NIOCore
import TestKit
import Testing
import Wire

/// What a caller gets when there is no answer.
@Suite(.timeLimit(.minutes(1))) struct RefusalTests {
    private static let two = [ModelSpec.named("a", at: 2)]

    @Test(arguments: [400, 404, 409, 413, 422]) func aCallersMistakeIsPassedOn(status: Int) async {
        let words = #"{"error":{"message":"'messages[0].content' is too odd","type":"invalid_request_error","param":"messages","code":"odd"},"x":1}"#
        let rig = GatewayRig(Self.two) { _, _ in .answer(status, [.bytes(words)], isEventStream: false) }
        let answer = await rig.ask()
        #expect(rig.calls.providers == ["a1"])
        #expect(answer.error?.code == .providerRefused)
        #expect(answer.status == status)
        #expect(answer.failure?.providerBody.map { String(buffer: $0) } == words)
        #expect(rig.counts() == [0, 0])
        #expect(rig.outcomes.endings == [.failed(.providerRefused)])
    }

    @Test func aMistakeInAnotherShapeIsTold() async {
        let rig = GatewayRig(Self.two) { _, _ in .answer(422, [.bytes(#"{"message":"odd content"}"#)], isEventStream: false) }
        let answer = await rig.ask()
        #expect(answer.status == 422)
        #expect(answer.failure?.providerBody == nil)
        #expect(answer.error?.message == "odd content")
    }

    @Test func aContentFilterIsPassedOn() async {
        for status in [400, 403] {
            let rig = GatewayRig(Self.two) { _, _ in .error(status, "filtered", code: "content_filter") }
            let answer = await rig.ask()
            #expect(rig.calls.providers == ["a1"])
            #expect(answer.status == status)
            #expect(rig.counts() == [0, 0])
        }
    }

    @Test func aModelThatIsGoneIsTriedElsewhere() async {
        let rig = GatewayRig(Self.two) { provider, _ in
            provider == "a1" ? .error(404, "The model does not exist", code: "model_not_found") : .whole()
        }
        #expect(await rig.ask().text == "hello")
        #expect(rig.counts("a1") == [1, 1])
    }

    @Test func aLongContextGoesToALargerWindow() async {
        let models = [
            ModelSpec.named("a", at: 2, fallbacks: ["b", "c", "d"], window: 8_000), .named("b", window: 4_000),
            .named("c", window: 8_000), .named("d", window: 32_000),
        ]
        let rig = GatewayRig(models) { provider, _ in
            provider == "d1" ? .whole("large") : .error(400, "too long", code: "context_length_exceeded")
        }
        let answer = await rig.ask()
        #expect(answer.text == "large")
        #expect(rig.calls.providers == ["a1", "d1"])
        #expect(rig.counts("a1") == [0, 0])
    }

    @Test func aContextTooLongForAllIsPassedOn() async {
        let models = [ModelSpec.named("a", at: 2, fallbacks: ["b"], window: 8_000), .named("b", window: 4_000)]
        let rig = GatewayRig(models) { _, _ in .error(400, "too long", code: "context_length_exceeded") }
        let answer = await rig.ask()
        #expect(rig.calls.providers == ["a1"])
        #expect(answer.status == 400)
        #expect(answer.failure?.providerBody.map { String(buffer: $0) }?.contains("context_length_exceeded") == true)
    }

    @Test(arguments: [401, 402, 403]) func aRejectedKeyNeverShowsTheProvidersWords(status: Int) async {
        let rig = GatewayRig(Self.two) { _, _ in .error(status, "Incorrect API key provided: sk-canary") }
        let answer = await rig.ask()
        #expect(rig.calls.providers == ["a1", "a2"])
        #expect(answer.status == 502)
        #expect(answer.error?.message.contains("canary") == false)
        #expect(answer.error?.message.contains("a1/there (bad_key") == true)
        #expect(answer.failure.map { String(buffer: $0.body(withReceipt: true)) }?.contains("canary") == false)
        #expect(answer.failure?.providerBody == nil)
        #expect(rig.counts("a1") == [0, 0])
    }

    @Test func aRejectedKeyFailsOver() async {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? .error(401) : .whole() }
        #expect(await rig.ask().text == "hello")
    }

    @Test func whenAllFailTheErrorNamesWhatWasTried() async {
        let rig = GatewayRig([.named("a", fallbacks: ["b"]), .named("b")]) { provider, _ in
            provider == "a1" ? .fail(.connect) : .error(500, "out of order")
        }
        let answer = await rig.ask(id: "req_7")
        #expect(answer.error?.code == .providersFailed)
        #expect(answer.status == 502)
        #expect(answer.error?.isRetryable == true)
        #expect(answer.error?.retryAfter == nil)
        for part in ["a1/there (connect", "b1/there (server_error: out of order)"] {
            #expect(answer.error?.message.contains(part) == true)
        }
        #expect(answer.failure?.attempts.map(\.result) == ["connect", "server_error", "server_error"])
        #expect(answer.failure?.tried.map(\.deployment) == ["a1/there", "b1/there", "b1/there"])
        #expect(answer.failure?.tried.map(\.fault) == ["connect", "server_error", "server_error"])
        #expect(answer.failure?.tried.last?.detail == "out of order")
        #expect(answer.failure?.providerBody == nil)
        #expect(rig.breaker("b1")?.lastFaults.map(\.callID) == ["req_7", "req_7"])
    }

    @Test func whenAllAreRateLimitedTheCallerIsToo() async {
        let rig = GatewayRig(Self.two) { provider, _ in
            .error(429, retryAfter: provider == "a1" ? .seconds(30) : .seconds(20))
        }
        let answer = await rig.ask()
        #expect(answer.status == 429)
        #expect(answer.error?.retryAfter == .seconds(20))
        #expect(answer.failure?.providerBody == nil)
    }

    @Test func aMistakeBehindAFailureIsTheAnswer() async {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? .fail(.connect) : .error(400, "odd") }
        let answer = await rig.ask()
        #expect(answer.status == 400)
        #expect(answer.failure?.attempts.map(\.result) == ["connect", "caller_mistake"])
    }

    @Test func whenAllRestTheWaitIsExact() async {
        let rig = GatewayRig([.named("a", fallbacks: ["b"]), .named("b")]) { _, _ in .whole() }
        rig.open("a1")
        rig.time.advance(by: .seconds(10))
        rig.open("b1")
        rig.time.advance(by: .milliseconds(2_500))
        let answer = await rig.ask()
        #expect(answer.error?.code == .providersResting)
        #expect(answer.status == 503)
        #expect(answer.error?.retryAfter == .milliseconds(47_500))
        #expect(answer.failure?.tried.map(\.deployment) == ["a1/there", "b1/there"])
        #expect(answer.failure?.tried.map(\.fault) == ["breaker_open", "breaker_open"])
        #expect(rig.calls.providers.isEmpty)
        rig.time.advance(by: .milliseconds(47_499))
        #expect(await rig.ask().error?.retryAfter == .milliseconds(1))
        rig.time.advance(by: .milliseconds(1))
        #expect(await rig.ask().text == "hello")
    }

    @Test func oneProbeAtATimeTheOthersAreTurnedAway() async throws {
        let goOn = Gate("probe may answer")
        let rig = GatewayRig([.named("a")]) { _, _ in .wait(goOn, then: .whole()) }
        rig.open("a1")
        rig.time.advance(by: .seconds(60))
        async let probe = rig.ask()
        try await rig.calls.record.wait("probe") { $0.calls.count == 1 ? () : nil }
        let other = await rig.ask()
        #expect(other.status == 503)
        #expect(other.error?.retryAfter == .seconds(1))
        goOn.open()
        #expect(await probe.text == "hello")
        #expect(rig.calls.providers == ["a1"])
        #expect(rig.breaker()?.phase == .halfOpen)
    }

    @Test func whatOpensTheLastBreakerTellsWhenToAskAgain() async {
        var policy = Policy()
        policy.breaker = BreakerSettings(consecutiveFaults: 1)
        let rig = GatewayRig(Self.two, policy: policy) { _, _ in .fail(.connect) }
        let answer = await rig.ask()
        #expect(answer.status == 502)
        #expect(answer.error?.retryAfter == .seconds(60))
    }
}
