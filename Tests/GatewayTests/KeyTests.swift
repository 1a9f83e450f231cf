import Core
@testable import Gateway
import TestKit
import Testing

/// A rejected key benches what is reached by it, and nothing else.
@Suite(.timeLimit(.minutes(1))) struct KeyTests {
    private static let two = [ModelSpec.named("a", at: 2)]

    private func report(_ rig: GatewayRig, _ access: String = "a1") -> KeyBenches.Report? {
        rig.gateway.fleet.keys.reports().first { $0.access == access }
    }

    @Test(arguments: [401, 402, 403]) func aRejectedKeyIsNotAskedAgain(status: Int) async {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? .error(status) : .whole() }
        for _ in 0..<3 { #expect(await rig.ask().text == "hello") }
        #expect(rig.calls.providers == ["a1", "a2", "a2", "a2"])
        #expect(report(rig) == .init(access: "a1", variable: "A1_KEY", benchedFor: .seconds(60)))
        #expect(report(rig, "a2")?.benchedFor == nil)
        // It is the key's fault, not the deployment's.
        #expect(rig.counts("a1") == [0, 0])
    }

    @Test func itIsTriedAgainWhenItsTimeComes() async {
        let rig = GatewayRig(Self.two) { provider, index in provider == "a1" && index < 2 ? .error(401) : .whole() }
        _ = await rig.ask()
        rig.time.advance(by: .seconds(60))
        _ = await rig.ask()
        #expect(rig.calls.providers == ["a1", "a2", "a1", "a2"])
        #expect(report(rig)?.benchedFor == .seconds(120))
        rig.time.advance(by: .seconds(120))
        #expect(report(rig)?.benchedFor == .zero)
        _ = await rig.ask()
        #expect(rig.calls.providers.suffix(1) == ["a1"])
        #expect(report(rig)?.benchedFor == nil)
    }

    @Test func allDeploymentsOfTheKeyAreBenched() async {
        let models = [ModelSpec.named("a"), ModelSpec(name: "b", providers: ["a1", "b1"])]
        let rig = GatewayRig(models) { provider, _ in provider == "a1" ? .error(401) : .whole() }
        _ = await rig.ask("a")
        #expect(await rig.ask("b").text == "hello")
        #expect(rig.calls.providers == ["a1", "b1"])
    }

    @Test func theErrorSaysWhichVariableToMend() async {
        let rig = GatewayRig([.named("a")]) { _, _ in .error(401, "sk-canary is no key") }
        let first = await rig.ask()
        #expect(first.status == 502)
        #expect(first.error?.message.contains("A1_KEY") == true)
        let second = await rig.ask()
        #expect(second.status == 503)
        #expect(second.error?.message.contains("mend what A1_KEY holds") == true)
        #expect(second.error?.retryAfter == .seconds(60))
        #expect(rig.calls.providers == ["a1"])
        #expect(!"\(first)\(second)".contains("canary"))
    }

    @Test func aBurstOfRefusalsBenchesOnce() async {
        let gate = Gate()
        let rig = GatewayRig([.named("a")]) { _, _ in .wait(gate, then: .error(401)) }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<5 { group.addTask { _ = await rig.ask() } }
            _ = try? await rig.calls.record.wait("five calls") { $0.calls.count == 5 ? true : nil }
            gate.open()
        }
        #expect(report(rig)?.benchedFor == .seconds(60))
    }
}
