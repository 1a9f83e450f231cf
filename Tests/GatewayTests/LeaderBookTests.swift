import Core
@testable import Gateway
import Testing

/// One outcome for a request that led a call, whichever of both ends first.
@Suite struct LeaderBookTests {
    private let sink = OutcomeList()

    private func outcome(_ ending: Outcome.Ending, _ cache: CacheNote = .off, cost: Int64? = nil, seconds: Double = 0) -> Outcome {
        var outcome = Outcome(requestID: "r", isStream: false)
        outcome.ending = ending
        outcome.cache = cache
        outcome.seconds = seconds
        outcome.cost = cost.map { Money(picodollars: $0) }
        if cost != nil {
            outcome.usage = Usage(promptTokens: 1, completionTokens: 2)
            outcome.attempts = [AttemptRecord(model: "m", deployment: "d", fault: nil, seconds: 1, kind: .answer, charge: .nothing)]
        }
        return outcome
    }

    /// What the call cost, under what became of the request.
    private func expectOne(_ ending: Outcome.Ending) throws {
        let written = try sink.only()
        #expect(written.ending == ending && written.seconds == 3 && written.cache == .missed(stored: true))
        #expect(written.cost == Money(picodollars: 7) && written.usage?.completionTokens == 2 && written.attempts.count == 1)
    }

    @Test func theRequestEndsBehindItsCall() throws {
        let book = LeaderBook(sink)
        book.call.record(outcome(.complete, cost: 7, seconds: 2))
        book.close()
        #expect(sink.all.isEmpty)
        book.request.record(outcome(.complete, .missed(stored: true), seconds: 3))
        try expectOne(.complete)
    }

    @Test func theCallOutlivesTheLeader() throws {
        let book = LeaderBook(sink)
        book.request.record(outcome(.callerGone, .missed(stored: true), seconds: 3))
        #expect(sink.all.isEmpty, "what it costs is not known yet")
        book.call.record(outcome(.complete, cost: 7, seconds: 9))
        #expect(sink.all.isEmpty)
        book.close()
        try expectOne(.callerGone)
    }

    @Test func withoutACallItIsTheRequestsOwn() throws {
        let book = LeaderBook(sink)
        book.close()
        book.request.record(outcome(.complete, .hit(.remote, age: .seconds(1), remaining: .seconds(2)), cost: 0))
        #expect(try sink.only().cache.isHit && sink.only().cost == .zero)
    }

    @Test func itIsWrittenOnce() throws {
        let book = LeaderBook(sink)
        book.close()
        book.request.record(outcome(.complete))
        book.close()
        book.call.record(outcome(.complete, cost: 7))
        #expect(try sink.only().cost == nil)
    }

    @Test func aRequestThatWentOnElsewhereIsNotWritten() {
        let book = LeaderBook(sink)
        book.call.record(outcome(.complete, cost: 7))
        book.close()
        #expect(sink.all.isEmpty)
    }
}
