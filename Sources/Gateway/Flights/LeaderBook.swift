import Core
import Synchronization

/// Makes one outcome of two: of the request that led a flight, and of the flight's call, which is on its account also when
/// it has left and others got the answer. It is written when both have ended.
final class LeaderBook: Sendable {
    private struct State {
        var request: Outcome?
        var call: Outcome?
        var isCallOver = false
        var isWritten = false

        /// What both make together, once.
        mutating func takeOutcome() -> Outcome? {
            guard let request, isCallOver, !isWritten else { return nil }
            isWritten = true
            guard var outcome = call else { return request }
            outcome.ending = request.ending
            outcome.cache = request.cache
            outcome.seconds = request.seconds
            return outcome
        }
    }

    private let sink: any OutcomeSink
    private let state = Mutex(State())

    init(_ sink: any OutcomeSink) { self.sink = sink }

    /// Where the request's outcome goes.
    var request: any OutcomeSink { Side(book: self, isCall: false) }
    /// Where the call's outcome goes.
    var call: any OutcomeSink { Side(book: self, isCall: true) }

    private struct Side: OutcomeSink {
        let book: LeaderBook
        let isCall: Bool

        func record(_ outcome: Outcome) {
            book.write { if isCall { $0.call = outcome } else { $0.request = outcome } }
        }
    }

    /// The call is over, or none was made.
    func close() { write { $0.isCallOver = true } }

    private func write(_ change: (inout State) -> Void) {
        let outcome = state.withLock { state in
            change(&state)
            return state.takeOutcome()
        }
        if let outcome { sink.record(outcome) }
    }
}
