import Core
import Testing

/// What admins see and do.
@Suite struct BreakerReportTests {
    // MARK: An admin's hand

    @Test func forcedOpenStaysOpen() throws {
        let rig = BreakerRig()
        let late = try #require(rig.ticket())
        let transition = rig.breaker.forceOpen(reason: "maintenance", now: rig.now)
        #expect(transition.to == .open)
        rig.wait(1_000_000)
        #expect(rig.admit() == .refused(retryAfter: .seconds(60)))
        #expect(rig.fail(late, .rateLimited, retryAfter: .seconds(5)).isEmpty)
        #expect(rig.report.isForcedOpen)
        #expect(rig.report.nextProbeIn == nil)
        #expect(rig.report.why == "forced open: maintenance")
        rig.breaker.forceClose(reason: "done", now: rig.now)
        #expect(rig.availability == .ready)
        #expect(rig.report.isForcedOpen == false)
    }

    @Test func forcedCloseStartsCleanAndCanOpenAgain() {
        let rig = BreakerRig.open()
        rig.breaker.forceClose(reason: "fixed", now: rig.now)
        #expect(rig.report.consecutiveFaults == 0)
        #expect(rig.report.windowCalls == 0)
        #expect(rig.report.openedCount == 1)
        rig.faults(4)
        #expect(rig.phase == .closed)
        rig.faults(1)
        #expect(rig.admit() == .refused(retryAfter: .seconds(60)))
    }

    @Test func forcingMakesOlderTicketsStale() throws {
        let rig = BreakerRig()
        let old = rig.tickets(10)
        rig.breaker.forceClose(reason: "clean slate", now: rig.now)
        for ticket in old { rig.fail(ticket) }
        #expect(rig.phase == .closed)
        #expect(rig.report.windowCalls == 0)

        let probed = BreakerRig.waitedOut()
        let probe = try #require(probed.ticket())
        probed.breaker.forceOpen(reason: "stop", now: probed.now)
        probed.settle(probe, .success)
        #expect(probed.report.isForcedOpen)
    }

    @Test func resetForgetsButKeepsItsTransitions() {
        let rig = BreakerRig.open()
        let transition = rig.breaker.reset(reason: "new key", now: rig.now)
        #expect(transition.from == .open)
        #expect(transition.to == .closed)
        let report = rig.report
        #expect(report.phase == .closed)
        #expect(report.openedCount == 0)
        #expect(report.lastFaults.isEmpty)
        #expect(report.windowCalls == 0)
        #expect(report.consecutiveFaults == 0)
        #expect(report.transitions.map(\.why) == ["reset: new key", "5 provider faults in a row, the last: server error"])
    }

    @Test func resetEndsForcedOpen() {
        let rig = BreakerRig()
        rig.breaker.forceOpen(reason: "a", now: rig.now)
        rig.breaker.reset(reason: "b", now: rig.now)
        #expect(rig.availability == .ready)
    }

    @Test func anAdminsActIsWrittenDownEvenWhenThePhaseStays() {
        let rig = BreakerRig()
        rig.successes(1)
        rig.wait(30)
        rig.breaker.forceClose(reason: "why not", now: rig.now)
        #expect(rig.report.transitions.map(\.to) == [.closed])
        #expect(rig.report.heldFor == .seconds(30))  // it has been closed all the while
        rig.breaker.forceOpen(reason: "one", now: rig.now)
        rig.breaker.forceOpen(reason: "two", now: rig.now)
        #expect(rig.report.transitions.count == 3)
        #expect(rig.report.openedCount == 1)
    }

    @Test func longTextsAreCut() throws {
        let rig = BreakerRig()
        let long = String(repeating: "e\u{301}", count: 5000)
        rig.breaker.forceOpen(reason: long, now: rig.now)
        rig.breaker.reset(reason: "", now: rig.now)
        let ticket = try #require(rig.ticket())
        _ = rig.breaker.settle(ticket, .fault(.cut, retryAfter: nil), callID: long, now: rig.now)
        #expect(rig.report.lastFaults.first?.callID?.unicodeScalars.count == 200)
        #expect(rig.report.transitions.last?.why.unicodeScalars.count == 200 + "forced open: ".count)
    }

    // MARK: The report

    @Test func aNewBreakerReportsNothing() {
        let report = BreakerRig().report
        #expect(report.phase == .closed)
        #expect(report.why == "nothing has happened yet")
        #expect(report.heldFor == .zero)
        #expect(report.successRate == nil)
        #expect(report.nextProbeIn == nil)
        #expect(report.lastFaults.isEmpty)
        #expect(report.transitions.isEmpty)
        #expect(report.openedCount == 0)
    }

    @Test func phasesHaveTheNamesAdminsKnow() {
        #expect(Breaker.Phase.allCases.map(\.rawValue) == ["closed", "open", "half_open"])
    }

    @Test func tellsHowLongAndWhenTheNextProbeIs() throws {
        let rig = BreakerRig()
        rig.call(.success)
        rig.wait(7)
        #expect(rig.report.heldFor == .seconds(7))
        rig.faults(5)
        #expect(rig.report.heldFor == .zero)
        rig.wait(20)
        #expect(rig.report.heldFor == .seconds(20))
        #expect(rig.report.nextProbeIn == .seconds(40))
        rig.wait(70)
        #expect(rig.report.phase == .open)
        #expect(rig.report.nextProbeIn == .zero)
        let probe = try #require(rig.ticket())
        rig.wait(2)
        #expect(rig.report.phase == .halfOpen)
        #expect(rig.report.heldFor == .seconds(2))
        #expect(rig.report.probeRunningFor == .seconds(2))
        #expect(rig.report.nextProbeIn == nil)
        rig.settle(probe, .success)
        #expect(rig.report.probeRunningFor == nil)
        #expect(rig.report.nextProbeIn == .zero)
        _ = rig.ticket()
        rig.wait(180)
        #expect(rig.report.nextProbeIn == .zero)
    }

    @Test func countsTheWindow() {
        let rig = BreakerRig()
        rig.successes(3)
        rig.faults(1)
        #expect(rig.report.windowCalls == 4)
        #expect(rig.report.windowFaults == 1)
        #expect(rig.report.successRate == 0.75)
    }

    @Test func theWindowShowsLateResultsWhileOpen() {
        let rig = BreakerRig()
        let late = rig.tickets(2)
        rig.faults(5)
        rig.fail(late[0])
        rig.settle(late[1], .success)
        #expect(rig.report.windowCalls == 7)
        #expect(rig.report.windowFaults == 6)
    }

    @Test func listsTheLastFiveFaultsNewestFirst() throws {
        let rig = BreakerRig()
        let kinds: [Fault] = [.connect, .tls, .stall, .cut, .empty, .malformed, .reset]
        let tickets = rig.tickets(kinds.count)
        for (index, fault) in kinds.enumerated() {
            rig.wait(1)
            let id = index == 6 ? nil : "call-\(index)"
            let elapsed: Duration? = index == 5 ? .milliseconds(250) : nil
            _ = rig.breaker.settle(
                tickets[index], .fault(fault, retryAfter: nil), callID: id, elapsed: elapsed, now: rig.now)
        }
        rig.wait(3)
        let faults = rig.report.lastFaults
        #expect(faults.map(\.fault) == [.reset, .malformed, .empty, .cut, .stall])
        #expect(faults.map(\.ago) == [3, 4, 5, 6, 7].map { .seconds($0) })
        #expect(faults.map(\.callID) == [nil, "call-5", "call-4", "call-3", "call-2"])
        #expect(faults.map(\.elapsed) == [.seconds(7), .milliseconds(250), .seconds(5), .seconds(4), .seconds(3)])
    }

    @Test func keepsTheStoryOfItsTransitions() {
        let rig = BreakerRig.waitedOut()
        rig.faults(1, .stall)
        rig.wait(120)
        rig.successes(3)
        rig.wait(5)
        let story = rig.report.transitions
        #expect(story.map(\.from) == [.halfOpen, .open, .halfOpen, .open, .closed])
        #expect(story.map(\.to) == [.closed, .halfOpen, .open, .halfOpen, .open])
        #expect(story.map(\.ago) == [5, 5, 125, 125, 185].map { .seconds($0) })
        #expect(story.first?.why == "probes that succeeded: 3")
        #expect(rig.report.openedCount == 2)
    }

    @Test func keepsTheLastTwentyTransitions() {
        let rig = BreakerRig()
        for number in 0..<50 { rig.breaker.forceClose(reason: "\(number)", now: rig.now) }
        #expect(rig.report.transitions.count == 20)
        #expect(rig.report.transitions.first?.why == "forced closed: 49")
        #expect(rig.report.transitions.last?.why == "forced closed: 30")
    }

    @Test func readingChangesNothing() {
        let rig = BreakerRig.waitedOut()
        let before = rig.report
        _ = rig.availability
        #expect(rig.report == before)
        #expect(rig.phase == .open)
        #expect(rig.ticket()?.transition != nil)
    }
}
