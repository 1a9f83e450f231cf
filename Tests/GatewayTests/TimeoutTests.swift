import Core
@testable import Gateway
import TestKit
import Testing
import Wire

/// Every limit, of a model and of a caller, ends just what it is for.
@Suite(.timeLimit(.minutes(1))) struct TimeoutTests {
    private static func models(_ change: (inout Timeouts) -> Void = { _ in }) -> [ModelSpec] {
        var timeouts = Timeouts()
        change(&timeouts)
        return [.named("a", fallbacks: ["b"], timeouts: timeouts), .named("b", timeouts: timeouts)]
    }

    @Test func connectAndAcquireAreHandedToTheTransport() async {
        let rig = GatewayRig(Self.models { $0.connect = .seconds(3); $0.acquire = .seconds(4) }) { _, _ in .whole() }
        let start = rig.time.now
        _ = await rig.ask()
        _ = await rig.ask(more: #","quintet":{"timeouts":{"connect_seconds":1,"acquire_seconds":2}}"#)
        let calls = rig.calls.record.value.calls
        #expect(calls.map(\.connectTimeout) == [.seconds(3), .seconds(1)])
        #expect(calls.map { start.duration(to: $0.acquireBy) } == [.seconds(4), .seconds(2)])
    }

    @Test(arguments: [(true, "", 7), (true, #","quintet":{"timeouts":{"first_content_seconds":2}}"#, 2), (false, "", 20), (false, #","quintet":{"timeouts":{"answer_seconds":3}}"#, 3)])
    func aSilentProviderIsLeft(isStream: Bool, more: String, seconds: Int) async throws {
        let rig = GatewayRig(Self.models { $0.firstContent = .seconds(7); $0.answer = .seconds(20) }) { provider, _ in
            provider == "a1" ? .silence : isStream ? .stream() : .whole()
        }
        let start = rig.time.now
        let answer = await rig.ask(isStream: isStream, more: more)
        #expect(answer.head?.failedAttempts.map(\.fault) == [.firstContentTimeout])
        #expect(start.duration(to: rig.time.now) == .seconds(seconds))
    }

    @Test func headersAloneAreNoContent() async throws {
        let rig = GatewayRig(Self.models { $0.firstContent = .seconds(7) }) { provider, _ in
            provider == "a1" ? .events(Chat.chunks([], finish: nil), then: .silence) : .stream()
        }
        let start = rig.time.now
        #expect(await rig.ask(isStream: true).head?.failedAttempts.map(\.fault) == [.firstContentTimeout])
        #expect(start.duration(to: rig.time.now) == .seconds(7))
    }

    /// A model's own limit is for trying elsewhere; the caller's is meant.
    @Test func theLastCandidateHasOnlyTheCallersLimit() async {
        let alone = [ModelSpec.named("a")]
        let patient = GatewayRig(alone) { _, _ in .silence }
        let start = patient.time.now
        #expect(await patient.ask(isStream: true).error?.code == .deadline)
        #expect(start.duration(to: patient.time.now) == .seconds(180))
        let hurried = GatewayRig(alone) { _, _ in .silence }
        let begin = hurried.time.now
        let answer = await hurried.ask(isStream: true, more: #","quintet":{"timeouts":{"first_content_seconds":2}}"#)
        #expect(answer.failure?.attempts.map(\.fault) == [.firstContentTimeout])
        #expect(begin.duration(to: hurried.time.now) == .seconds(2))
    }

    @Test(arguments: [("", 6), (#","quintet":{"timeouts":{"stall_seconds":2}}"#, 2)]) func aStreamThatStopsIsLeft(more: String, seconds: Int) async throws {
        let rig = GatewayRig(Self.models { $0.stall = .seconds(6) }) { provider, _ in
            provider == "a1" ? .events(Chat.chunks(["One"], finish: nil), then: .silence) : .stream(["One", " two"])
        }
        let start = rig.time.now
        let parts = try await StreamParts(reading: rig.stream(more: more))
        #expect(parts.text == "One two")
        #expect(try rig.outcomes.only().attempts.map(\.fault) == [.stall, nil])
        #expect(start.duration(to: rig.time.now) == .seconds(seconds))
    }

    @Test(arguments: [("", 30), (#","quintet":{"deadline_seconds":4}"#, 4)]) func allAttemptsShareTheDeadline(more: String, seconds: Int) async {
        let rig = GatewayRig(Self.models { $0.total = .seconds(30); $0.answer = .seconds(40) }) { _, _ in .silence }
        let start = rig.time.now
        let answer = await rig.ask(more: more)
        #expect(answer.status == 504)
        #expect(answer.failure?.tried.map(\.fault) == ["total_timeout"])
        #expect(rig.calls.providers == ["a1"])
        #expect(start.duration(to: rig.time.now) == .seconds(seconds))
    }

    /// Nobody who is in a hurry closes a model to others.
    @Test(arguments: [
        #""timeouts":{"first_content_seconds":2}"#, #""timeouts":{"stall_seconds":2}"#, #""deadline_seconds":2"#,
    ])
    func aRequestsOwnHasteIsNotTheModelsFault(limits: String) async {
        let rig = GatewayRig(Self.models { $0.firstContent = .seconds(7); $0.stall = .seconds(6) }) { provider, _ in
            provider == "a1" ? .events(Chat.chunks(limits.contains("stall") ? ["One"] : [], finish: nil), then: .silence) : .stream(["One"])
        }
        for _ in 1...20 { _ = try? await StreamParts(reading: rig.stream(more: ",\"quintet\":{\(limits)}")) }
        #expect(rig.calls.providers.count { $0 == "a1" } == 20)
        // The operator's limit is what a model has to keep: five of these and it rests.
        for _ in 1...8 { _ = try? await StreamParts(reading: rig.stream()) }
        #expect(rig.calls.providers.count { $0 == "a1" } == 25)
    }

    @Test func onlyLimitsBelowTheModelsOwnAreHaste() throws {
        var policy = RequestPolicy()
        let model = try #require(GatewayRig(Self.models()) { _, _ in .silence }.gateway.catalogue.models.first)
        func faults(isStream: Bool = true) -> Set<Fault> { policy.hastyFaults(on: model, isStream: isStream, total: .seconds(180)) }
        #expect(faults() == [])
        policy.deadline = .seconds(181)
        policy.firstContent = model.timeouts.firstContent
        #expect(faults() == [])
        policy.deadline = .seconds(179)
        policy.answer = .milliseconds(1)
        #expect(faults() == [.totalTimeout])
        #expect(faults(isStream: false) == [.totalTimeout, .firstContentTimeout])
        policy.connect = .milliseconds(1)
        policy.stall = .milliseconds(1)
        policy.firstContent = .milliseconds(1)
        #expect(faults() == [.totalTimeout, .connectTimeout, .stall, .firstContentTimeout])
    }
}
