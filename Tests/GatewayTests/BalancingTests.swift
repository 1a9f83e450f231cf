import Core
@testable import Gateway
import TestKit
import Testing

/// What the gateway measures of its deployments, and that calls follow it.
@Suite(.timeLimit(.minutes(1))) struct BalancingTests {
    private static let two = [ModelSpec.named("a", at: 2)]

    private func load(_ rig: GatewayRig, _ index: Int, isStream: Bool) -> DeploymentLoad {
        let fleet = rig.gateway.fleet
        return fleet.loads.load(of: fleet.catalogue.deployments[index], isStream: isStream)
    }

    @Test func callsInFlightAreCountedUntilTheStreamEnds() async throws {
        let rig = GatewayRig(Self.two) { _, _ in .stream() }
        do {
            let stream = try await rig.stream()
            #expect(load(rig, 0, isStream: true).inFlight == 1)
            _ = try await StreamParts(reading: stream)
        }
        #expect(load(rig, 0, isStream: true).inFlight == 0)
    }

    @Test func aCallThatIsLetGoOfIsNoLongerInFlight() async throws {
        let rig = GatewayRig(Self.two) { _, _ in .stream() }
        do { _ = try await rig.stream() }
        #expect(load(rig, 0, isStream: true).inFlight == 0)
    }

    @Test func requestsGoToTheIdleDeployment() async throws {
        let rig = GatewayRig(Self.two) { _, _ in .stream() }
        let first = try await rig.stream()
        let second = try await rig.stream()
        #expect(rig.calls.providers == ["a1", "a2"])
        _ = (try await StreamParts(reading: first), try await StreamParts(reading: second))
    }

    /// `a1` is silent once; while that is remembered, it is not the first choice.
    @Test func aSlowDeploymentIsAvoidedForAWhile() async {
        let rig = GatewayRig([.named("a", at: 2)]) { provider, index in provider == "a1" && index == 0 ? .silence : .whole() }
        _ = await rig.ask()
        #expect(rig.calls.providers == ["a1", "a2"])
        // The whole answer of the other took no time at all, so only the memory of the silence decides.
        #expect(load(rig, 0, isStream: false).latency == 60)
        _ = await rig.ask()
        #expect(rig.calls.providers == ["a1", "a2", "a2"])
    }

    @Test func aDeploymentThatFailsAtOnceDoesNotLookQuick() async {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? .fail(.connect) : .whole() }
        for _ in 0..<3 { _ = await rig.ask() }
        #expect(rig.calls.providers == ["a1", "a2", "a2", "a2"])
        #expect(load(rig, 0, isStream: false).latency == Loads.faultLatency)
    }

    @Test func theCallersMistakesSayNothingAboutSpeed() async {
        let rig = GatewayRig(Self.two) { _, _ in .error(400) }
        _ = await rig.ask()
        #expect(load(rig, 0, isStream: false) == DeploymentLoad())
    }

    @Test func streamsAndWholeAnswersAreMeasuredApart() async throws {
        let rig = GatewayRig([.named("a", at: 2)]) { provider, _ in provider == "a1" ? .fail(.connect) : .stream() }
        _ = try await StreamParts(reading: try await rig.stream())
        #expect(load(rig, 0, isStream: true).latency > 0)
        #expect(load(rig, 0, isStream: false).latency == 0)
    }

    /// The provider reports 9 tokens for a prompt that is much longer, which is believed as far as it may be.
    @Test(arguments: [true, false]) func whatProvidersReportIsLearnt(isStream: Bool) async throws {
        let rig = GatewayRig([.named("a"), .named("b")]) { _, _ in isStream ? .stream(usage: .init(prompt: 9, completion: 3)) : .whole() }
        let fleet = rig.gateway.fleet
        let text = String(repeating: "many words make a long prompt ", count: 50)
        let more = #","tools":[{"type":"function","function":{"name":"x","description":"\#(text)"}}]"#
        if isStream {
            _ = try await StreamParts(reading: try await rig.stream(more: more))
        } else {
            _ = await rig.ask(more: more)
        }
        #expect(fleet.loads.tokenFactor(of: fleet.catalogue.models[0]) == TokenCorrection.bounds.lowerBound)
        #expect(fleet.loads.tokenFactor(of: fleet.catalogue.models[1]) == 1)
        let next = Loads(catalogue: fleet.catalogue, continuing: fleet.loads, now: { ContinuousClock.now })
        #expect(next.tokenFactor(of: fleet.catalogue.models[0]) == TokenCorrection.bounds.lowerBound)
    }

    @Test func roundRobinGoesRound() async {
        var policy = Policy()
        policy.balance = .roundRobin
        let rig = GatewayRig([.named("a", at: 3)], policy: policy) { _, _ in .whole() }
        for _ in 0..<6 { _ = await rig.ask() }
        #expect(rig.calls.providers == ["a1", "a2", "a3", "a1", "a2", "a3"])
    }
}
