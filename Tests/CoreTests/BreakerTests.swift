import Core
import Testing

/// Closed and open: what opens a breaker and how long it refuses.
@Suite struct BreakerTests {
    @Test func isReadyAtFirst() {
        let rig = BreakerRig()
        #expect(rig.availability == .ready)
        #expect(rig.ticket()?.isProbe == false)
        #expect(rig.phase == .closed)
    }

    @Test func opensAtFiveFaultsInARow() throws {
        let rig = BreakerRig()
        rig.faults(4)
        #expect(rig.phase == .closed)
        let ticket = try #require(rig.ticket())
        let transitions = rig.fail(ticket, .stall)
        #expect(transitions.map(\.from) == [.closed])
        #expect(transitions.map(\.to) == [.open])
        #expect(transitions.map(\.reason) == [.consecutiveFaults(5, last: .stall)])
        #expect(transitions.map(\.at) == [rig.now])
        #expect(rig.admit() == .refused(retryAfter: .seconds(60)))
    }

    @Test func oneModelFailsFastOnceOpen() {
        let rig = BreakerRig()
        let called = (0..<15).map { _ in rig.call(.fault(.connect, retryAfter: nil)) }
        #expect(called.filter { $0 }.count == 5)
    }

    @Test func attemptsOnADeadProviderStayFew() {
        let rig = BreakerRig()
        var attempts = 0
        for _ in 0..<600 {  // ten minutes, a call every second
            attempts += rig.call(.fault(.connect, retryAfter: nil)) ? 1 : 0
            rig.wait(1)
        }
        // Five faults at 0–4 s, then a probe after 60, 120, 240 s; the next would be due after 300 s more.
        #expect(attempts == 5 + 3)
    }

    @Test func aSuccessEndsTheRowButStaysInTheWindow() {
        let rig = BreakerRig()
        rig.faults(4)
        rig.call(.success)
        #expect(rig.report.consecutiveFaults == 0)
        #expect(rig.report.windowCalls == 5)
        #expect(rig.report.windowFaults == 4)
        rig.faults(4)
        #expect(rig.phase == .closed)
        rig.faults(1)  // the tenth call: 9 of 10
        #expect(rig.phase == .open)
    }

    @Test(arguments: [Fault.badKey, .contextTooLong, .contentFilter, .callerMistake, .callerGone, .poolExhausted])
    func faultsOfOthersProveNothing(fault: Fault) {
        let rig = BreakerRig()
        rig.faults(20, fault, retryAfter: .seconds(100))
        #expect(rig.availability == .ready)
        #expect(rig.report.windowCalls == 0)
        #expect(rig.report.consecutiveFaults == 0)
        #expect(rig.report.lastFaults.isEmpty)
    }

    @Test(arguments: Fault.allCases.filter(\.meaning.countsForBreaker))
    func everyFaultOfTheProviderCounts(fault: Fault) {
        let rig = BreakerRig()
        rig.faults(5, fault)
        #expect(rig.phase == .open)
    }

    @Test func neutralCallsNeitherEndTheRowNorLengthenIt() {
        let rig = BreakerRig()
        rig.faults(4)
        rig.call(.neutral)
        rig.faults(1, .callerMistake)
        #expect(rig.report.consecutiveFaults == 4)
        #expect(rig.phase == .closed)
        rig.faults(1)
        #expect(rig.phase == .open)
    }

    // MARK: The window

    @Test func opensAtHalfOfTenCalls() {
        let rig = BreakerRig()
        for _ in 0..<4 {
            rig.successes(1)
            rig.faults(1)
        }
        rig.successes(1)
        #expect(rig.phase == .closed)  // 4 of 9
        rig.faults(1)
        #expect(rig.phase == .open)  // 5 of 10
        #expect(rig.report.why == "5 of 10 calls failed within 60.0 seconds")
    }

    @Test func aSuccessCanCompleteTheTen() {
        let rig = BreakerRig()
        for _ in 0..<4 {
            rig.faults(1)
            rig.successes(1)
        }
        rig.faults(1)
        #expect(rig.phase == .closed)  // 5 of 9, but nine are too few
        rig.successes(1)
        #expect(rig.phase == .open)
    }

    @Test func staysClosedBelowHalf() {
        let rig = BreakerRig()
        for _ in 0..<200 {
            rig.successes(2)
            rig.faults(1)
        }
        #expect(rig.phase == .closed)
        #expect(rig.report.windowCalls == 600)
    }

    @Test func theWindowSlides() {
        let rig = BreakerRig()
        rig.successes(6)
        rig.wait(59)
        rig.faults(3)
        #expect(rig.report.windowCalls == 9)
        rig.wait(0.999)
        #expect(rig.report.windowCalls == 9)
        rig.wait(0.001)
        #expect(rig.report.windowCalls == 3)
        rig.call(.success)
        rig.faults(4)
        #expect(rig.report.windowCalls == 8)
        #expect(rig.phase == .closed)  // the old successes are gone, and with them the ten calls
    }

    @Test func successesThatSlideOutNoLongerOutweighFaults() {
        let rig = BreakerRig()
        rig.successes(100)
        rig.wait(30)
        for _ in 0..<5 {
            rig.faults(1)
            rig.successes(1)
        }
        #expect(rig.phase == .closed)
        rig.wait(31)
        rig.successes(1)
        #expect(rig.phase == .closed)  // 5 of 11
        rig.faults(1)
        #expect(rig.phase == .open)  // 6 of 12
    }

    @Test(arguments: [60.0, 61, 90, 119, 120, 121, 3600, 1e6])
    func aGapEmptiesTheWindow(seconds: Double) {
        let rig = BreakerRig()
        for second in 0..<60 {  // a call in every bucket
            rig.call(second.isMultiple(of: 3) ? .fault(.reset, retryAfter: nil) : .success)
            rig.wait(1)
        }
        rig.wait(seconds - 1)
        #expect(rig.report.windowCalls == 0)
        #expect(rig.report.windowFaults == 0)
        #expect(rig.report.successRate == nil)
        rig.call(.success)
        #expect(rig.report.windowCalls == 1)
        #expect(rig.report.successRate == 1)
    }

    @Test func aGapShorterThanTheWindowKeepsTheRest() {
        let rig = BreakerRig()
        for _ in 0..<60 {
            rig.successes(1)
            rig.wait(1)
        }
        rig.wait(19)  // 79 s: buckets 20 to 59 are left
        #expect(rig.report.windowCalls == 40)
        rig.successes(1)
        #expect(rig.report.windowCalls == 41)
    }

    @Test func anEarlierTimeCountsAsTheLatest() throws {
        let rig = BreakerRig()
        rig.wait(100)
        let ticket = try #require(rig.ticket())
        rig.wait(-5)
        rig.settle(ticket, .success)
        rig.wait(5)
        #expect(rig.report.windowCalls == 1)
        rig.faults(5)
        rig.wait(-90)
        #expect(rig.admit() == .refused(retryAfter: .seconds(60)))
    }

    // MARK: How long it stays open

    @Test func refusesForExactlyWhatIsLeft() {
        let rig = BreakerRig.open()
        rig.wait(.milliseconds(12_345))
        #expect(rig.admit() == .refused(retryAfter: .milliseconds(47_655)))
        #expect(rig.availability == .refused(retryAfter: .milliseconds(47_655)))
        rig.wait(.milliseconds(47_655) - .nanoseconds(1))
        #expect(rig.admit() == .refused(retryAfter: .nanoseconds(1)))
        rig.wait(.nanoseconds(1))
        #expect(rig.availability == .probeDue)
    }

    @Test func waitsAsLongAsTheProviderAsks() {
        let rig = BreakerRig()
        rig.faults(5, .rateLimited, retryAfter: .seconds(90))
        #expect(rig.admit() == .refused(retryAfter: .seconds(90)))
    }

    @Test func aShortRetryAfterDoesNotShortenTheWait() {
        let rig = BreakerRig()
        rig.faults(5, .rateLimited, retryAfter: .seconds(2))
        #expect(rig.admit() == .refused(retryAfter: .seconds(60)))
    }

    @Test func theShareHeedsRetryAfterToo() {
        let rig = BreakerRig()
        for _ in 0..<5 {
            rig.successes(1)
            rig.faults(1, .rateLimited, retryAfter: .seconds(75))
        }
        #expect(rig.admit() == .refused(retryAfter: .seconds(75)))
    }

    @Test(arguments: [Duration.seconds(3601), .seconds(1_000_000_000), .seconds(Int64.max)])
    func noProviderParksItForEver(asked: Duration) {
        let rig = BreakerRig()
        rig.faults(5, .rateLimited, retryAfter: asked)
        #expect(rig.admit() == .refused(retryAfter: .seconds(3600)))
    }

    @Test func aNegativeRetryAfterIsNone() {
        let rig = BreakerRig()
        rig.faults(5, .rateLimited, retryAfter: .seconds(-100))
        #expect(rig.admit() == .refused(retryAfter: .seconds(60)))
    }

    @Test func retryAfterWhileClosedIsOnlyAFault() {
        let rig = BreakerRig()
        rig.faults(1, .rateLimited, retryAfter: .seconds(600))
        #expect(rig.availability == .ready)
        #expect(rig.report.consecutiveFaults == 1)
        rig.faults(4, .serverError)
        #expect(rig.admit() == .refused(retryAfter: .seconds(60)))
    }

    @Test func lateFaultsExtendAndNeverShorten() {
        let rig = BreakerRig()
        let late = rig.tickets(4)
        rig.faults(5)
        rig.wait(10)
        #expect(rig.fail(late[0], .rateLimited, retryAfter: .seconds(20)).isEmpty)
        #expect(rig.admit() == .refused(retryAfter: .seconds(50)))
        rig.fail(late[1], .rateLimited, retryAfter: .seconds(120))
        #expect(rig.admit() == .refused(retryAfter: .seconds(120)))
        rig.fail(late[2])  // litellm#40130: the second failure must not bring back the first deadline
        #expect(rig.admit() == .refused(retryAfter: .seconds(120)))
        rig.fail(late[3], .rateLimited, retryAfter: .seconds(90_000))
        #expect(rig.admit() == .refused(retryAfter: .seconds(3600)))
    }

    @Test func aLateFaultExtendsAWaitThatIsOverButUnprobed() throws {
        let rig = BreakerRig()
        let late = try #require(rig.ticket())
        rig.faults(5)
        rig.wait(70)
        #expect(rig.availability == .probeDue)
        rig.fail(late, .rateLimited, retryAfter: .seconds(30))
        #expect(rig.admit() == .refused(retryAfter: .seconds(30)))
    }

    @Test func lateSuccessesDoNotClose() {
        let rig = BreakerRig()
        let late = rig.tickets(10)
        rig.faults(5)
        for ticket in late { #expect(rig.settle(ticket, .success).isEmpty) }
        #expect(rig.admit() == .refused(retryAfter: .seconds(60)))
    }

    // MARK: Other settings

    @Test func otherSettingsCountFromNowOn() {
        let rig = BreakerRig.open()
        rig.breaker.adopt(BreakerSettings(consecutiveFaults: 2, openFor: .seconds(5), successesToClose: 1))
        // The wait that has begun stays.
        #expect(rig.report.nextProbeIn == .seconds(60))
        rig.wait(60)
        rig.call(.success)
        #expect(rig.phase == .closed)
        rig.faults(2)
        #expect(rig.phase == .open)
        #expect(rig.report.nextProbeIn == .seconds(5))
    }

    @Test func aWindowOfTheSameLengthIsKept() {
        let rig = BreakerRig()
        rig.successes(3)
        rig.breaker.adopt(BreakerSettings(consecutiveFaults: 9))
        #expect(rig.report.windowCalls == 3)
        rig.breaker.adopt(BreakerSettings(window: .seconds(10)))
        #expect(rig.report.windowCalls == 0)
    }
}
