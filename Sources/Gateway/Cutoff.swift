package import Core
import Synchronization

/// The moment from which on answers that still run are cut, because the gateway stops. Whoever is cancelled behind it was not
/// left by the caller.
package final class Cutoff: Sendable {
    private let flag = Atomic(false)

    package init() {}

    package var isPast: Bool { flag.load(ordering: .acquiring) }

    package func pass() { flag.store(true, ordering: .releasing) }

    /// What a caller is told whose answer was cut: another try finds the next gateway, or this one started anew.
    package static var error: GatewayError {
        var error = GatewayError(.draining, .gateway, "The gateway is stopping, and ended the answer. Try again.")
        error.isRetryable = true
        return error
    }

    /// The same where an answer was expected.
    package static var failure: AnswerFailure { AnswerFailure(error: error) }
}

/// Passes outcomes on, those that were cut under their own name.
struct CutoffSink: OutcomeSink {
    let sink: any OutcomeSink
    let cutoff: Cutoff

    func record(_ outcome: Outcome) {
        guard cutoff.isPast, outcome.ending == .callerGone else { return sink.record(outcome) }
        var cut = outcome
        cut.ending = .failed(.draining)
        sink.record(cut)
    }
}
