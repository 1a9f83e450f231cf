import Core
@testable import Edge
import Foundation
import NIOCore
import TestKit
import Testing

/// The board as JSON.
@Suite struct BreakerBoardTests {
    private func object(_ board: BreakerBoard, _ filter: BreakerFilter = .all) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(board.json(filter).readableBytesView)) as? [String: Any])
    }

    @Test func holdsWhatThePageTells() throws {
        var fixture = BoardFixture()
        fixture.add("a/b", model: "m") { breaker, time in
            breaker.succeed(4, firstContent: .milliseconds(250), at: time)
            time.advance(by: .seconds(2))
            breaker.fail(5, .cut, id: "req_9", at: time)
        }
        fixture.time.advance(by: .seconds(10))
        let all = try object(fixture.board)
        #expect(all["timestamp"] as? String == "2025-11-20T12:00:00Z")
        #expect(all["overview"] as? [String: Int] == ["closed": 0, "half_open": 0, "open": 1, "off": 0])
        let breaker = try #require((all["breakers"] as? [[String: Any]])?.first)
        #expect(breaker["deployment"] as? String == "a/b")
        #expect(breaker["model"] as? String == "m")
        #expect(breaker["state"] as? String == "open")
        #expect(breaker["held_by_admin"] as? Bool == false)
        #expect(breaker["since"] as? String == "2025-11-20T11:59:50Z")
        #expect(breaker["next_probe_seconds"] as? Double == 50)
        #expect(breaker["next_probe_at"] as? String == "2025-11-20T12:00:50Z")
        #expect(breaker["total_calls"] as? Int == 9)
        #expect(breaker["total_faults"] as? Int == 5)
        let first = try #require(breaker["first_token"] as? [String: Any])
        #expect(first["streams"] as? Int == 4)
        #expect(first["p50_seconds"] as? Double == 0.25)
        let faults = try #require(breaker["last_faults"] as? [[String: Any]])
        #expect(faults.count == 5)
        #expect(faults.first?["request_id"] as? String == "req_9")
        #expect((breaker["transitions"] as? [[String: Any]])?.first?["to"] as? String == "open")
        #expect((all["settings"] as? [String: Any])?["consecutive_faults"] as? Int == 5)
    }

    @Test func filtersItsBreakersAndCountsAll() throws {
        var fixture = BoardFixture()
        fixture.add("a/b") { $0.fail(5, at: $1) }
        fixture.add("c/d")
        let some = try object(fixture.board, BreakerFilter(text: "", phase: .closed))
        #expect((some["breakers"] as? [[String: Any]])?.compactMap { $0["deployment"] as? String } == ["c/d"])
        #expect((some["overview"] as? [String: Int])?["open"] == 1)
    }

    @Test func whatRestsIsListedBySoonestProbe() {
        var fixture = BoardFixture()
        fixture.add("held/open") { $0.forceOpen(reason: "r", now: $1.now) }
        fixture.add("later/one") { breaker, time in
            time.advance(by: .seconds(5))
            breaker.fail(5, at: time)
        }
        #expect(fixture.board.resting.map(\.deployment.id) == ["later/one", "held/open"])
    }
}
