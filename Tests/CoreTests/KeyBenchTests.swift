import Core
import Testing

/// A provider's key: benched when it is refused, tried again one call at a time.
@Suite struct KeyBenchTests {
    private static let refusal = Breaker.Verdict.fault(.badKey, retryAfter: nil)
    private static let start = ContinuousClock.now

    private static func at(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    /// A bench by reference, so that expectations can change it.
    private final class Rig {
        var bench = KeyBench()
        var isFit: Bool { bench.fitEpoch != nil }

        func admit(_ seconds: Double) -> KeyBench.Pass? { bench.admit(now: at(seconds)) }
        func availability(_ seconds: Double) -> Breaker.Availability { bench.availability(now: at(seconds)) }

        func settle(_ pass: KeyBench.Pass, _ verdict: Breaker.Verdict, _ seconds: Double) -> KeyBench.Change? {
            bench.settle(pass, verdict, now: at(seconds))
        }
    }

    /// A key that was refused at the start.
    private static func benched() throws -> Rig {
        let rig = Rig()
        let pass = try #require(rig.admit(0))
        #expect(rig.settle(pass, refusal, 0) == .benched(.seconds(60)))
        return rig
    }

    @Test(arguments: Fault.allCases) func onlyARefusedKeyIsBenched(fault: Fault) throws {
        let rig = Rig()
        let pass = try #require(rig.admit(0))
        let change = rig.settle(pass, .fault(fault, retryAfter: .seconds(9)), 0)
        #expect(change == (fault == .badKey ? .benched(.seconds(60)) : nil))
        #expect((!rig.isFit) == (fault == .badKey))
    }

    @Test func aBenchedKeyIsRefusedUntilItsTime() throws {
        let rig = try Self.benched()
        #expect(rig.availability(20) == .refused(retryAfter: .seconds(40)))
        #expect(rig.admit(59.9) == nil)
        #expect(rig.availability(60) == .probeDue)
    }

    @Test func oneCallAtATimeTriesIt() throws {
        let rig = try Self.benched()
        let trial = try #require(rig.admit(60))
        #expect(rig.admit(60) == nil)
        #expect(rig.availability(61) == .refused(retryAfter: Breaker.waitForProbe))
        #expect(rig.settle(trial, .success, 62) == .lifted)
        #expect(rig.isFit)
        #expect(rig.admit(62) != nil)
    }

    @Test func refusalsDoubleTheBenchUpToItsLimit() throws {
        let rig = try Self.benched()
        var now = 0.0
        var length = 60.0
        for expected in [120.0, 240, 300, 300] {
            now += length
            #expect(rig.availability(now) == .probeDue)
            let trial = try #require(rig.admit(now))
            #expect(rig.settle(trial, Self.refusal, now) == .benched(.seconds(expected)))
            length = expected
        }
        // Once lifted, it begins with the short bench again.
        let trial = try #require(rig.admit(now + length))
        #expect(rig.settle(trial, .success, now + length) == .lifted)
        let pass = try #require(rig.admit(now + length))
        #expect(rig.settle(pass, Self.refusal, now + length) == .benched(.seconds(60)))
    }

    @Test(arguments: [Breaker.Verdict.neutral, .fault(.serverError, retryAfter: nil), .fault(.callerMistake, retryAfter: nil)])
    func aTrialThatProvesNothingLeavesItToTheNext(verdict: Breaker.Verdict) throws {
        let rig = try Self.benched()
        let trial = try #require(rig.admit(60))
        #expect(rig.settle(trial, verdict, 61) == nil)
        #expect(rig.availability(61) == .probeDue)
    }

    @Test func aTrialThatNeverReportsIsGivenUp() throws {
        let rig = try Self.benched()
        let lost = try #require(rig.admit(60))
        let after = 60 + KeyBench.trialLease / .seconds(1)
        #expect(rig.admit(after - 0.1) == nil)
        let next = try #require(rig.admit(after))
        #expect(rig.settle(lost, .success, after) == nil)
        #expect(rig.settle(next, .success, after) == .lifted)
    }

    /// A burst of calls that are refused together benches the key once; those that still succeed do not lift it.
    @Test func callsUnderWayChangeNothing() throws {
        let rig = Rig()
        let passes = (0..<3).compactMap { _ in rig.admit(0) }
        #expect(rig.settle(passes[0], Self.refusal, 0) == .benched(.seconds(60)))
        #expect(rig.settle(passes[1], Self.refusal, 1) == nil)
        #expect(rig.settle(passes[2], .success, 2) == nil)
        #expect(rig.availability(2) == .refused(retryAfter: .seconds(58)))
    }
}
