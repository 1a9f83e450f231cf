@testable import Core
import Testing

/// The time to the first content, as the report tells it.
@Suite struct RecentTimesTests {
    private func report(after times: [Int]) throws -> BreakerReport {
        let rig = BreakerRig()
        for time in times {
            let ticket = try #require(rig.ticket())
            _ = rig.breaker.settle(ticket, .success, firstContent: .milliseconds(time), now: rig.now)
        }
        return rig.report
    }

    @Test func nothingIsKnownOfNoStream() {
        let rig = BreakerRig()
        rig.successes(3)
        #expect(rig.report.firstContent == nil)
        #expect(rig.report.totalCalls == 3)
    }

    @Test func oneStreamIsAllPercentiles() throws {
        #expect(try report(after: [70]).firstContent == .init(count: 1, p50: .milliseconds(70), p95: .milliseconds(70)))
    }

    @Test func percentilesAreNearestRanks() throws {
        let shuffled = (1...100).map { $0 * 37 % 101 }
        #expect(try report(after: shuffled).firstContent == .init(count: 100, p50: .milliseconds(50), p95: .milliseconds(95)))
        #expect(try report(after: [10, 20]).firstContent == .init(count: 2, p50: .milliseconds(10), p95: .milliseconds(20)))
    }

    @Test func onlyTheLast256StreamsCount() throws {
        let times = [Int](repeating: 9000, count: 1000) + [Int](repeating: 5, count: 256)
        #expect(try report(after: times).firstContent == .init(count: 256, p50: .milliseconds(5), p95: .milliseconds(5)))
        let later = times + [Int](repeating: 7, count: 128)
        #expect(try report(after: later).firstContent == .init(count: 256, p50: .milliseconds(5), p95: .milliseconds(7)))
    }

    @Test func aStreamThatFailsLaterCountsToo() throws {
        let rig = BreakerRig()
        for verdict in [Breaker.Verdict.fault(.cut, retryAfter: nil), .neutral] {
            let ticket = try #require(rig.ticket())
            _ = rig.breaker.settle(ticket, verdict, firstContent: .seconds(1), now: rig.now)
        }
        #expect(rig.report.firstContent?.count == 2)
        #expect(rig.report.totalCalls == 1)
        #expect(rig.report.totalFaults == 1)
    }

    @Test func totalsOutliveTheWindowAndNotAReset() throws {
        let rig = BreakerRig()
        let ticket = try #require(rig.ticket())
        _ = rig.breaker.settle(ticket, .success, firstContent: .seconds(1), now: rig.now)
        rig.faults(5)
        rig.wait(3600)
        #expect(rig.report.windowCalls == 0)
        #expect([rig.report.totalCalls, rig.report.totalFaults] == [6, 5])
        let transition = rig.breaker.perform(.reset, reason: "new", now: rig.now)
        #expect(transition.to == .closed)
        #expect([rig.report.totalCalls, rig.report.totalFaults] == [0, 0])
        #expect(rig.report.firstContent == nil)
    }
}
