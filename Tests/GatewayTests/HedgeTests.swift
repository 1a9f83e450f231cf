import Core
@testable import Gateway
import TestKit
import Testing
import Wire

/// A second attempt beside one that is late. Tokens cost 100 picodollars to read and 1000 to write; the question is 4 tokens.
@Suite(.timeLimit(.minutes(1))) struct HedgeTests {
    private static let usage = Chat.Usage(prompt: 9, completion: 3)
    private static let two = [ModelSpec.named("a", fallbacks: ["b"]), .named("b")]
    private static let three = [ModelSpec.named("a", fallbacks: ["b", "c"]), .named("b"), .named("c")]
    /// One request short of a hedge.
    private static let warmUps = HedgeBudget.requestsPerHedge - 1

    private static var on: Policy {
        var policy = Policy()
        policy.hedge = .on
        return policy
    }

    private static func answer(_ text: String = "hello", isStream: Bool) -> ScriptedCalls.Reaction {
        isStream ? .stream([text], usage: usage) : .whole(text, usage: usage)
    }

    /// A gateway whose `a1` has answered at once often enough; from then on the providers do as scripted, their calls counted from 0.
    private static func rig(
        _ models: [ModelSpec] = two, policy: Policy = on, isStream: Bool = false, script: @escaping ScriptedCalls.Script
    ) async throws -> GatewayRig {
        let isWarm = Watched(false)
        let rig = GatewayRig(models, policy: policy) { provider, index in
            isWarm.value ? script(provider, index) : answer(isStream: isStream)
        }
        for _ in 0..<warmUps { try await ask(rig, isStream: isStream) }
        #expect(rig.calls.providers.count == warmUps)
        rig.calls.record.update { $0 = ScriptedCalls.Record() }
        isWarm.update { $0 = true }
        return rig
    }

    /// Asks, reads the answer to its end, and returns its text and head.
    @discardableResult
    private static func ask(_ rig: GatewayRig, isStream: Bool, more: String = "") async throws -> (text: String, head: AnswerHead) {
        switch try await rig.ask(isStream: isStream, more: more).get() {
        case .whole(let head, let answer): return (answer.text, head)
        case .stream(let head, let stream): return (try await StreamParts(reading: stream).text, head)
        }
    }

    private static func brief(_ rig: GatewayRig) throws -> [String] {
        try #require(rig.outcomes.all.last).attempts.receipt.lines.map { line in
            "\(line.kind.rawValue) \(line.deployment) \(line.outcome) \(line.charge.basis.rawValue) \(line.charge.amount.map { "\($0.picodollars)" } ?? "?")"
        }
    }

    private static func report(_ rig: GatewayRig) throws -> HedgeReport { try #require(rig.gateway.fleet.hedging).report }

    // MARK: Who wins

    @Test(arguments: [true, false]) func theQuickerSecondAnswers(isStream: Bool) async throws {
        let never = Gate()
        let rig = try await Self.rig(isStream: isStream) { provider, _ in
            provider == "a1" ? .pause(then: .wait(never, then: .fail(.cut))) : Self.answer("second", isStream: isStream)
        }
        let start = rig.time.now
        let (text, head) = try await Self.ask(rig, isStream: isStream)
        #expect(text == "second")
        #expect(head.model == "b")
        #expect(head.hedge == .won)
        #expect(head.attemptCount == 2)
        // As late as the slow end of what a1 usually takes: it took no time at all.
        #expect(start.duration(to: rig.time.now) == .milliseconds(1))
        #expect(try Self.brief(rig) == ["waste a1/there not_needed estimated 600", "hedge b1/there ok reported 3900"])
        let outcome = try #require(rig.outcomes.all.last)
        #expect(outcome.ending == .complete)
        #expect(outcome.attempts.receipt.total == Money(picodollars: 4500))
        #expect(outcome.cost == nil)
        // Neither praised nor blamed.
        #expect(rig.counts("a1") == [Self.warmUps, 0])
        #expect(rig.counts("b1") == [1, 0])
        let report = try Self.report(rig)
        #expect([report.requests, report.started, report.won, report.wastedCalls, report.unknownWaste] == [20, 1, 1, 1, 0])
        #expect(report.wasted == Money(picodollars: 600))
    }

    @Test(arguments: [true, false]) func theFirstMayStillBeQuicker(isStream: Bool) async throws {
        let asked = Gate("the hedge"), never = Gate()
        let rig = try await Self.rig(isStream: isStream) { provider, _ in
            if provider == "a1" { return .pause(then: .wait(asked, then: Self.answer("first", isStream: isStream))) }
            asked.open()
            return .wait(never, then: .fail(.cut))
        }
        let (text, head) = try await Self.ask(rig, isStream: isStream)
        #expect(text == "first")
        #expect(head.model == "a")
        #expect(head.hedge == .lost)
        #expect(try Self.brief(rig) == ["waste b1/there not_needed estimated 600", "answer a1/there ok reported 3900"])
        #expect(rig.counts("b1") == [0, 0])
        #expect(try Self.report(rig).won == 0)
        #expect(try Self.report(rig).wastedCalls == 1)
    }

    /// A head and a role are no content: the wait is for that.
    @Test func aStreamThatHasBegunWithoutContentIsLate() async throws {
        let never = Gate()
        let role = Chat.chunks([], finish: nil).map { "data: \($0)\n\n" }.joined()
        let rig = try await Self.rig(isStream: true) { provider, _ in
            provider == "a1" ? .answer(200, [.bytes(role), .pause, .wait(never)]) : Self.answer("second", isStream: true)
        }
        #expect(try await Self.ask(rig, isStream: true).text == "second")
        #expect(try Self.brief(rig).first == "waste a1/there not_needed estimated 600")
        // Both replies are let go of, the loser's before it was at its end.
        _ = try await rig.calls.record.wait("both replies") { $0.released == 2 ? true : nil }
    }

    /// The stream goes on where it was interrupted, and loses nothing of what it had read.
    @Test func aLateStreamThatWinsIsWhole() async throws {
        let asked = Gate("the hedge"), never = Gate()
        let events = Chat.chunks(["One", " two"], usage: Self.usage).map { "data: \($0)\n\n" }
        let rig = try await Self.rig(isStream: true) { provider, _ in
            guard provider == "a1" else {
                asked.open()
                return .wait(never, then: .fail(.cut))
            }
            let half = events[0].count / 2
            return .answer(200, [
                .bytes(String(events[0].prefix(half))), .pause, .wait(asked), .bytes(String(events[0].dropFirst(half)) + events[1...].joined()),
                .bytes("data: [DONE]\n\n"),
            ])
        }
        #expect(try await Self.ask(rig, isStream: true).text == "One two")
        #expect(try Self.brief(rig).last == "answer a1/there ok reported 3900")
    }

    @Test func anotherDeploymentOfTheModelComesFirst() async throws {
        let never = Gate()
        var policy = Self.on
        policy.balance = .weighted
        let rig = try await Self.rig([.named("a", at: 2, fallbacks: ["b"]), .named("b")], policy: policy) { provider, _ in
            provider == "a1" ? .pause(then: .wait(never, then: .fail(.cut))) : .whole(provider, usage: Self.usage)
        }
        #expect(try await Self.ask(rig, isStream: false).text == "a2")
        #expect(rig.calls.providers == ["a1", "a2"])
    }

    // MARK: Failures

    @Test func whenTheFirstFailsTheHedgeGoesOn() async throws {
        let failed = Gate("the first's failure")
        let rig = try await Self.rig { provider, _ in
            provider == "a1" ? .pause(then: .error(500)) : .wait(failed, then: .whole("second", usage: Self.usage))
        }
        let task = Task { try await Self.ask(rig, isStream: false) }
        _ = try await rig.calls.record.wait("both calls") { $0.calls.count == 2 ? true : nil }
        // The breaker hears of the failure at once, not when the hedge has ended.
        try await eventually { rig.counts("a1")[1] == 1 }
        failed.open()
        #expect(try await task.value.text == "second")
        #expect(try Self.brief(rig) == ["failed_attempt a1/there server_error nothing 0", "hedge b1/there ok reported 3900"])
    }

    @Test func whenTheHedgeFailsTheFirstGoesOn() async throws {
        let asked = Gate("the hedge")
        let rig = try await Self.rig { provider, _ in
            if provider == "a1" { return .pause(then: .wait(asked, then: .whole("first", usage: Self.usage))) }
            return .error(500)
        }
        let task = Task { try await Self.ask(rig, isStream: false) }
        try await eventually { rig.counts("b1") == [1, 1] }
        asked.open()
        let (text, head) = try await task.value
        #expect(text == "first")
        #expect(head.hedge == .lost)
        #expect(try Self.brief(rig) == ["failed_attempt b1/there server_error nothing 0", "answer a1/there ok reported 3900"])
        #expect(try Self.report(rig).wastedCalls == 0)
    }

    @Test(arguments: [true, false]) func whenBothFailTheRestOfThePlanFollows(isStream: Bool) async throws {
        let rig = try await Self.rig(Self.three, isStream: isStream) { provider, index in
            switch provider {
            case "a1": index == 0 ? .pause(then: .error(500)) : .error(500)
            case "b1": .error(500)
            default: Self.answer("third", isStream: isStream)
            }
        }
        let (text, head) = try await Self.ask(rig, isStream: isStream)
        #expect(text == "third")
        // a1 is tried again, as ever, b1 not: the hedge was its turn.
        #expect(rig.calls.providers == ["a1", "b1", "a1", "c1"])
        #expect(head.attemptCount == 4)
        #expect(head.hedge == .lost)
    }

    @Test func whenAllFailTheErrorTellsOfAll() async throws {
        let rig = try await Self.rig { provider, index in provider == "a1" && index == 0 ? .pause(then: .error(500)) : .error(503) }
        let answer = await rig.ask()
        #expect(answer.status == 502)
        #expect(answer.failure?.tried.map(\.deployment).sorted() == ["a1/there", "a1/there", "b1/there"])
        #expect(answer.failure?.tried.map(\.deployment) == answer.failure?.attempts.map(\.deployment))
    }

    /// Nobody else would answer differently, so the hedge is called off.
    @Test func theCallersMistakeEndsBoth() async throws {
        let asked = Gate("the hedge"), never = Gate()
        let rig = try await Self.rig { provider, _ in
            if provider == "a1" { return .pause(then: .wait(asked, then: .error(400, "bad field"))) }
            asked.open()
            return .wait(never, then: .fail(.cut))
        }
        let answer = await rig.ask()
        #expect(answer.error?.code == .providerRefused)
        #expect(try Self.brief(rig) == ["failed_attempt a1/there caller_mistake nothing 0", "waste b1/there not_needed estimated 600"])
    }

    /// What broke off behind the hedge's first content is taken up by the one that was late.
    @Test func aHedgeThatBreaksOffIsTakenUp() async throws {
        let never = Gate()
        let rig = try await Self.rig(isStream: true) { provider, index in
            if provider == "b1" { return .events(Chat.chunks(["One"], finish: nil), then: .fail(.cut)) }
            return index == 0 ? .pause(then: .wait(never, then: .fail(.cut))) : .stream(["One", " two"], usage: Self.usage)
        }
        #expect(try await Self.ask(rig, isStream: true).text == "One two")
        #expect(try Self.brief(rig) == [
            "waste a1/there not_needed estimated 600", "hedge b1/there cut estimated 1600", "resumed_part a1/there ok reported 3900",
        ])
    }

    // MARK: When there is none

    private static func late(_ provider: String) -> ScriptedCalls.Reaction {
        provider == "a1" ? .takes(.seconds(1), then: .whole("first", usage: usage)) : .whole("second", usage: usage)
    }

    /// Asks once more and expects the late first answer, and no second call.
    private static func expectNone(_ rig: GatewayRig, more: String = "", sourceLocation: SourceLocation = #_sourceLocation) async throws {
        rig.calls.record.update { $0 = ScriptedCalls.Record() }
        let (text, head) = try await ask(rig, isStream: false, more: more)
        #expect(text == "first", sourceLocation: sourceLocation)
        #expect(head.hedge == nil, sourceLocation: sourceLocation)
        #expect(rig.calls.providers == ["a1"], sourceLocation: sourceLocation)
    }

    @Test func notWhileItIsOff() async throws {
        let rig = try await Self.rig(policy: Policy()) { _, _ in .whole("first") }
        #expect(rig.gateway.fleet.hedging == nil)
        try await Self.expectNone(rig)
    }

    @Test func notBesideAnythingThatIsInTime() async throws {
        let rig = try await Self.rig { _, _ in .whole("first") }
        try await Self.expectNone(rig)
        #expect(try Self.report(rig).started == 0)
    }

    @Test func notWithAnOpenBreaker() async throws {
        let rig = try await Self.rig { provider, _ in Self.late(provider) }
        rig.open("b1")
        try await Self.expectNone(rig)
    }

    /// It was closed when the plan was made.
    @Test func notWithABreakerThatHasOpenedMeanwhile() async throws {
        let opened = Gate("the breaker")
        let rig = try await Self.rig { provider, _ in
            provider == "a1" ? .wait(opened, then: .pause(then: .whole("first", usage: Self.usage))) : .whole("second", usage: Self.usage)
        }
        let task = Task { try await Self.ask(rig, isStream: false) }
        _ = try await rig.calls.record.wait("the first call") { $0.calls.count == 1 ? true : nil }
        rig.open("b1")
        opened.open()
        #expect(try await task.value.text == "first")
        #expect(rig.calls.providers == ["a1"])
        #expect(try Self.report(rig).started == 0)
    }

    /// A breaker that wants a probe is not closed.
    @Test func notAsAProbe() async throws {
        let rig = try await Self.rig { provider, _ in Self.late(provider) }
        rig.open("b1")
        rig.time.advance(by: .seconds(61))
        try await Self.expectNone(rig)
        #expect(rig.breaker("b1")?.phase == .open)
    }

    @Test func notWithAKeyThatWasRefused() async throws {
        let rig = try await Self.rig { provider, _ in provider == "b1" ? .error(401) : Self.late(provider) }
        _ = await rig.ask("b")
        try await Self.expectNone(rig)
    }

    @Test func notWithoutAnybodyElse() async throws {
        try await Self.expectNone(Self.rig([.named("a")]) { provider, _ in Self.late(provider) })
        var policy = Self.on
        policy.attemptLimit = 1
        try await Self.expectNone(Self.rig(policy: policy) { provider, _ in Self.late(provider) })
    }

    /// 6 × 100 + 5 × 1000 each at most: the answers were shorter.
    @Test func notBeyondTheCallersLimit() async throws {
        let rig = try await Self.rig { provider, index in
            // The first time, which is noted, must not make the second one usual.
            provider == "a1" ? .takes(.seconds(index == 0 ? 1 : 5), then: .whole("first", usage: Self.usage)) : .whole("second", usage: Self.usage)
        }
        try await Self.expectNone(rig, more: #","max_tokens":5,"quintet":{"max_cost":6e-9}"#)
        let (text, _) = try await Self.ask(rig, isStream: false, more: #","max_tokens":5,"quintet":{"max_cost":1.12e-8}"#)
        #expect(["first", "second"].contains(text))
        #expect(try Self.report(rig).started == 1)
    }

    /// All are late, and one in twenty is hedged.
    @Test func notMoreThanOneInTwenty() async throws {
        let never = Gate()
        let rig = try await Self.rig { provider, index in
            // Those that are hedged would wait for ever.
            if provider == "a1" { return .pause(then: index % 20 == 0 ? .wait(never, then: .fail(.cut)) : .whole("first", usage: Self.usage)) }
            return .whole("second", usage: Self.usage)
        }
        var texts: [String] = []
        for _ in 0..<100 { texts.append(try await Self.ask(rig, isStream: false).text) }
        #expect(texts == (0..<100).map { $0 % 20 == 0 ? "second" : "first" })
        let report = try Self.report(rig)
        #expect([report.requests, report.started, report.won] == [Self.warmUps + 100, 5, 5])
    }

    /// A late model that is about to be left anyway is left.
    @Test func notBehindTheLimitOfTheWait() async throws {
        let rig = try await Self.rig { provider, _ in provider == "a1" ? .silence : .whole("second", usage: Self.usage) }
        let (text, head) = try await Self.ask(rig, isStream: false, more: #","quintet":{"timeouts":{"answer_seconds":0.001}}"#)
        #expect(text == "second")
        #expect(head.hedge == nil)
        #expect(head.failedAttempts.map(\.fault) == [.firstContentTimeout])
    }

    // MARK: Leaving, reloading

    @Test(arguments: [true, false]) func whoLeavesEndsBoth(isStream: Bool) async throws {
        let never = Gate()
        let rig = try await Self.rig(isStream: isStream) { provider, _ in
            provider == "a1" ? .pause(then: .wait(never, then: .fail(.cut))) : .wait(never, then: .fail(.cut))
        }
        let task = Task { await rig.ask(isStream: isStream) }
        _ = try await rig.calls.record.wait("both calls") { $0.calls.count == 2 ? true : nil }
        task.cancel()
        #expect(await task.value.error?.code == .callerGone)
        #expect(try Self.brief(rig).sorted() == [
            "failed_attempt a1/there caller_gone estimated 600", "failed_attempt b1/there caller_gone estimated 600",
        ])
        #expect(try #require(rig.outcomes.all.last).ending == .callerGone)
    }

    @Test func aReloadGoesOnWithWhatIsKnown() async throws {
        let never = Gate()
        let rig = try await Self.rig { provider, _ in
            provider == "a1" ? .pause(then: .wait(never, then: .fail(.cut))) : .whole("second", usage: Self.usage)
        }
        _ = rig.gateway.adopt(Catalogue(Self.two, agents: [], policy: Self.on), calls: rig.calls)
        #expect(try await Self.ask(rig, isStream: false).text == "second")
        #expect(try Self.report(rig).requests == 20)
        _ = rig.gateway.adopt(Catalogue(Self.two, agents: [], policy: Policy()), calls: rig.calls)
        #expect(rig.gateway.fleet.hedging == nil)
    }
}

/// Waits for what has no signal of its own.
private func eventually(_ isSo: @Sendable () -> Bool) async throws {
    for _ in 0..<100_000 where !isSo() { await Task.yield() }
    try #require(isSo())
}
