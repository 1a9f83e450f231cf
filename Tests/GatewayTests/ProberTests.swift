import Core
@testable import Gateway
import TestKit
import Testing

/// Open breakers and benched keys are probed without traffic.
@Suite(.timeLimit(.minutes(1))) struct ProberTests {
    private static let one = [ModelSpec.named("a")]

    private func kinds(_ rig: GatewayRig) -> [UpstreamCall.Kind] { rig.calls.record.value.calls.map(\.kind) }

    @Test func nothingIsProbedBeforeItsTime() async {
        let rig = GatewayRig(Self.one) { _, _ in .whole() }
        let prober = Prober(gateway: rig.gateway)
        await prober.probeAll()
        rig.open("a1")
        rig.time.advance(by: .seconds(59))
        await prober.probeAll()
        #expect(rig.calls.providers == [])
        rig.time.advance(by: .seconds(1))
        await prober.probeAll()
        #expect(rig.calls.providers == ["a1", "a1"])
    }

    @Test func itCanBeTurnedOff() async {
        var policy = Policy()
        policy.probe = .off
        let rig = GatewayRig(Self.one, policy: policy) { _, _ in .whole() }
        rig.open("a1")
        rig.time.advance(by: .seconds(60))
        await Prober(gateway: rig.gateway).probeAll()
        #expect(rig.calls.providers == [])
    }

    @Test(arguments: [Fault.connect, .connectTimeout, .tls]) func aListOfModelsClosesWhatCouldNotBeReached(fault: Fault) async {
        let rig = GatewayRig(Self.one) { _, _ in .answer(200, [.bytes(#"{"data":[]}"#)], isEventStream: false) }
        let prober = Prober(gateway: rig.gateway)
        rig.open("a1", fault: fault)
        rig.time.advance(by: .seconds(60))
        for phase in [Breaker.Phase.halfOpen, .halfOpen, .closed] {
            await prober.probeAll()
            #expect(rig.breaker()?.phase == phase)
        }
        #expect(kinds(rig) == [.models, .models, .models])
        await prober.probeAll()
        #expect(rig.calls.providers.count == 3)
    }

    @Test(arguments: [Fault.serverError, .modelGone, .stall, .firstContentTimeout, .rateLimited, .empty])
    func whatDidNotAnswerMustAnswer(fault: Fault) async {
        let rig = GatewayRig(Self.one) { _, index in index.isMultiple(of: 2) ? .answer(200, []) : .whole("x") }
        let prober = Prober(gateway: rig.gateway)
        rig.open("a1", fault: fault)
        rig.time.advance(by: .seconds(60))
        for _ in 0..<3 { await prober.probeAll() }
        #expect(rig.breaker()?.phase == .closed)
        #expect(kinds(rig) == [.models, .chat, .models, .chat, .models, .chat])
        let body = rig.calls.record.value.calls[1].body
        #expect(body.contains(#""model":"a-there""#) && body.contains(#""max_tokens":1"#))
    }

    /// A list that works says nothing of a model that is gone.
    @Test func aModelThatIsGoneStaysOut() async {
        let rig = GatewayRig(Self.one) { _, index in
            index == 0 ? .answer(200, []) : .error(404, "no such model", code: "model_not_found")
        }
        rig.open("a1", fault: .modelGone)
        rig.time.advance(by: .seconds(60))
        await Prober(gateway: rig.gateway).probeAll()
        #expect(rig.breaker()?.phase == .open)
        #expect(rig.breaker()?.nextProbeIn == .seconds(120))
        #expect(rig.breaker()?.lastFaults.first?.callID == Probe.name)
    }

    @Test(arguments: [ScriptedCalls.Reaction.fail(.connect), .error(500), .error(503, retryAfter: .seconds(10)), .silence])
    func aProviderThatIsDownCostsNoTokens(reaction: ScriptedCalls.Reaction) async {
        let rig = GatewayRig(Self.one) { _, _ in reaction }
        rig.open("a1")
        rig.time.advance(by: .seconds(60))
        await Prober(gateway: rig.gateway).probeAll()
        #expect(kinds(rig) == [.models])
        #expect(rig.breaker()?.phase == .open)
        #expect(rig.breaker()?.nextProbeIn == .seconds(120))
    }

    @Test(arguments: [404, 405, 501]) func withoutAListItMustAnswer(status: Int) async {
        let rig = GatewayRig(Self.one) { _, index in index == 0 ? .error(status) : .whole() }
        rig.open("a1", fault: .connect)
        rig.time.advance(by: .seconds(60))
        await Prober(gateway: rig.gateway).probeAll()
        #expect(kinds(rig) == [.models, .chat])
        #expect(rig.breaker()?.probeSuccesses == 1)
    }

    /// Some models refuse so small a limit; asking every second would not change that.
    @Test func aProbeThatProvesNothingIsNotRepeatedAtOnce() async {
        let rig = GatewayRig(Self.one) { _, index in index.isMultiple(of: 2) ? .answer(200, []) : .error(400) }
        let prober = Prober(gateway: rig.gateway)
        rig.open("a1")
        rig.time.advance(by: .seconds(60))
        for _ in 0..<5 { await prober.probeAll() }
        #expect(kinds(rig) == [.models, .chat])
        // The slot is free for a real request meanwhile.
        #expect(rig.breaker()?.nextProbeIn == .zero)
        rig.time.advance(by: .seconds(60))
        await prober.probeAll()
        #expect(kinds(rig).count == 4)
    }

    @Test func aBenchedKeyIsTriedWhenItsTimeComes() async {
        let models = [ModelSpec.named("a"), ModelSpec(name: "b", providers: ["a1"])]
        let rig = GatewayRig(models) { _, index in index == 0 ? .error(401) : index == 1 ? .answer(200, []) : .whole() }
        let prober = Prober(gateway: rig.gateway)
        _ = await rig.ask()
        rig.time.advance(by: .seconds(59))
        await prober.probeAll()
        #expect(rig.calls.providers.count == 1)
        rig.time.advance(by: .seconds(1))
        await prober.probeAll()
        // Once for the key, not once for each of its deployments; and a list is no proof of credit.
        #expect(kinds(rig) == [.chat, .models, .chat])
        #expect(rig.gateway.fleet.keys.areFit)
    }

    @Test func aBenchedKeyKeepsItsOpenBreakersUnprobed() async {
        let rig = GatewayRig(Self.one) { _, _ in .error(401) }
        _ = await rig.ask()
        rig.time.advance(by: .seconds(1))
        rig.open("a1")
        let prober = Prober(gateway: rig.gateway)
        rig.time.advance(by: .seconds(59))
        // The key's trial falls on a breaker that is still open.
        await prober.probeAll()
        #expect(rig.calls.providers.count == 1)
        rig.time.advance(by: .seconds(1))
        await prober.probeAll()
        #expect(kinds(rig) == [.chat, .models])
        #expect(rig.gateway.fleet.keys.reports().first?.benchedFor == .seconds(120))
    }

    @Test func fewAreProbedAtOnce() async throws {
        let gate = Gate()
        let models = [ModelSpec.named("a", at: 10)]
        let rig = GatewayRig(models) { _, _ in .wait(gate, then: .fail(.connect)) }
        for number in 1...10 { rig.open("a\(number)") }
        rig.time.advance(by: .seconds(60))
        async let round: Void = Prober(gateway: rig.gateway).probeAll()
        _ = try await rig.calls.record.wait("the first probes") { $0.calls.count >= Prober.limit ? true : nil }
        #expect(rig.calls.providers.count == Prober.limit)
        gate.open()
        await round
        #expect(Set(rig.calls.providers).count == 10)
    }

    @Test func aCancelledProbeFreesItsSlot() async throws {
        let rig = GatewayRig(Self.one) { _, _ in .wait(Gate(), then: .whole()) }
        rig.open("a1")
        rig.time.advance(by: .seconds(60))
        let prober = Prober(gateway: rig.gateway)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await prober.probeAll() }
            _ = try await rig.calls.record.wait("the probe") { $0.calls.count == 1 ? true : nil }
            group.cancelAll()
        }
        #expect(rig.breaker()?.phase == .halfOpen)
        #expect(rig.breaker()?.nextProbeIn == .zero)
    }
}
