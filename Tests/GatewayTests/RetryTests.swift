import Core
@testable import Gateway
import NIOCore
import TestKit
import Testing
import Wire

/// When the same deployment is asked once more.
@Suite(.timeLimit(.minutes(1))) struct RetryTests {
    private static let two = [ModelSpec.named("a", at: 2)]

    @Test(arguments: [500, 502, 503, 529, 408]) func aServerErrorIsRetriedOnce(status: Int) async {
        let rig = GatewayRig(Self.two) { provider, index in
            provider == "a1" && index == 0 ? .error(status) : .whole()
        }
        let answer = await rig.ask()
        #expect(rig.calls.providers == ["a1", "a1"])
        #expect(answer.head?.attemptCount == 2)
        #expect(answer.head?.failedAttempts.map(\.fault) == [.serverError])
        #expect(rig.counts() == [2, 1])
    }

    @Test(arguments: [ScriptedCalls.Reaction.error(500), .fail(.reset), .error(429, retryAfter: .milliseconds(1))])
    func neverThrice(reaction: ScriptedCalls.Reaction) async {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? reaction : .whole() }
        _ = await rig.ask()
        #expect(rig.calls.providers == ["a1", "a1", "a2"])
    }

    @Test func eachDeploymentHasItsOwnRetry() async {
        let rig = GatewayRig(Self.two) { _, _ in .fail(.reset) }
        _ = await rig.ask()
        #expect(rig.calls.providers == ["a1", "a1", "a2", "a2"])
    }

    @Test func aSilentProviderIsNotAskedAgain() async {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? .silence : .whole() }
        _ = await rig.ask()
        #expect(rig.calls.providers == ["a1", "a2"])
    }

    @Test func aShortRetryAfterIsWaitedOut() async {
        let wait = Duration.milliseconds(60)
        let rig = GatewayRig(Self.two) { _, index in index == 0 ? .error(429, retryAfter: wait) : .whole() }
        let start = ContinuousClock.now
        let answer = await rig.ask()
        // Never earlier than asked for, however fast the machine is.
        #expect(start.duration(to: .now) >= wait)
        #expect(rig.calls.providers == ["a1", "a1"])
        #expect(answer.head?.failedAttempts.map(\.fault) == [.rateLimited])
    }

    @Test func aRetryAfterOfZeroIsTakenAtItsWord() async {
        let rig = GatewayRig(Self.two) { _, index in index == 0 ? .error(429, retryAfter: .zero) : .whole() }
        _ = await rig.ask()
        #expect(rig.calls.providers == ["a1", "a1"])
    }

    @Test(arguments: [Duration.milliseconds(3001), .seconds(20), .seconds(3600)], [429, 503])
    func aLongRetryAfterFailsOverAtOnce(wait: Duration, status: Int) async {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? .error(status, retryAfter: wait) : .whole() }
        _ = await rig.ask()
        #expect(rig.calls.providers == ["a1", "a2"])
    }

    @Test func rateLimitedWithoutATimeFailsOverAtOnce() async {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? .error(429) : .whole() }
        _ = await rig.ask()
        #expect(rig.calls.providers == ["a1", "a2"])
    }

    @Test func aWaitThatOutlastsTheRequestIsNotBegun() async {
        var timeouts = Timeouts()
        timeouts.total = .seconds(2)
        let rig = GatewayRig([.named("a", at: 2, timeouts: timeouts)]) { provider, _ in
            provider == "a1" ? .error(429, retryAfter: .seconds(3)) : .whole()
        }
        _ = await rig.ask()
        #expect(rig.calls.providers == ["a1", "a2"])
    }

    @Test func aRetryThatTheBreakerRefusesGoesElsewhere() async {
        var policy = Policy()
        policy.breaker = BreakerSettings(consecutiveFaults: 1)
        let rig = GatewayRig(Self.two, policy: policy) { provider, _ in provider == "a1" ? .error(500) : .whole() }
        _ = await rig.ask()
        #expect(rig.calls.providers == ["a1", "a2"])
    }

    @Test func aStreamIsRetriedLikeAWholeAnswer() async throws {
        let rig = GatewayRig(Self.two) { _, index in index == 0 ? .error(500) : .stream() }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.order == "ed")
        #expect(rig.calls.providers == ["a1", "a1"])
    }

    @Test func aRetryGetsTheSameBody() async {
        let rig = GatewayRig(Self.two) { _, index in index == 0 ? .error(500) : .whole() }
        _ = await rig.ask()
        let bodies = rig.calls.record.value.calls.map(\.body)
        #expect(bodies.count == 2 && bodies[0] == bodies[1])
    }
}
