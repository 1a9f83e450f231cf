import Core
@testable import Gateway
import TestKit
import Testing

/// Signs of life while nothing comes from the provider.
@Suite(.timeLimit(.minutes(1))) struct HeartbeatTests {
    private static func models(stall: Duration) -> [ModelSpec] {
        var timeouts = Timeouts()
        timeouts.stall = stall
        return [.named("a", fallbacks: ["b"], timeouts: timeouts), .named("b", timeouts: timeouts)]
    }

    @Test func afterTenSecondsOfSilenceABeat() async throws {
        let events = Chat.chunks(["One", " two"]) + ["[DONE]"]
        let pieces: [ScriptedCalls.Piece] =
            events.prefix(2).map { .bytes("data: \($0)\n\n") } + [.pause, .pause]
            + events.dropFirst(2).map { .bytes("data: \($0)\n\n") }
        let rig = GatewayRig(Self.models(stall: .seconds(25))) { _, _ in .answer(200, pieces) }
        let start = rig.time.now
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.beats == 2)
        #expect(parts.text == "One two")
        #expect(parts.order == "ed")
        #expect(start.duration(to: rig.time.now) == .seconds(20))
    }

    @Test func beatsDoNotPutOffTheStall() async throws {
        let rig = GatewayRig(Self.models(stall: .seconds(25))) { provider, _ in
            provider == "a1" ? .events(Chat.chunks(["One"], finish: nil), then: .silence) : .fail(.connect)
        }
        let start = rig.time.now
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.beats == 2)
        #expect(parts.order == "ef")
        #expect(start.duration(to: rig.time.now) == .seconds(25))
    }

    @Test func aStreamThatFlowsHasNone() async throws {
        let rig = GatewayRig(Self.models(stall: .seconds(25))) { _, _ in .stream() }
        #expect(try await StreamParts(reading: rig.stream()).beats == 0)
    }

    @Test func aResumeThatTakesItsTimeBeats() async throws {
        let goOn = Gate("the second provider answers")
        let slept = Watched<[Instant]>([])
        let heartbeat = Heartbeat { instant in
            let count = slept.update { $0.append(instant); return $0.count }
            // Three times the time is over at once; then the provider answers.
            guard count > 3 else { return }
            goOn.open()
            try await Task.sleep(for: .seconds(60))
        }
        let rig = GatewayRig(Self.models(stall: .seconds(25)), heartbeat: heartbeat) { provider, _ in
            provider == "a1"
                ? .events(Chat.chunks(["One"], finish: nil), then: .fail(.cut)) : .wait(goOn, then: .stream(["One", " two"]))
        }
        let start = rig.time.now
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.beats == 3)
        #expect(parts.text == "One two")
        #expect(slept.value.map { start.duration(to: $0) } == [.seconds(10), .seconds(20), .seconds(30), .seconds(40)])
    }

    @Test func aCallerWhoLeavesEndsTheResume() async throws {
        let never = Gate("never")
        let rig = GatewayRig(Self.models(stall: .seconds(25))) { provider, _ in
            provider == "a1" ? .events(Chat.chunks(["One"], finish: nil), then: .fail(.cut)) : .wait(never, then: .stream())
        }
        let stream = try await rig.stream()
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await StreamParts(reading: stream) }
            _ = try? await rig.calls.record.wait("call") { $0.calls.count == 2 ? () : nil }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.waitForAll() }
        }
    }
}
