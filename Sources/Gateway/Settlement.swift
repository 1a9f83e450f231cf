import Core
import Synchronization

/// Gathers a request's outcome and hands it over exactly once: when the answer ends, or, if everything that could
/// have ended it was let go of, as a caller who left.
final class Settlement: Sendable {
    private let sink: any OutcomeSink
    /// When the request arrived.
    let started: Instant
    private let now: @Sendable () -> Instant
    /// nil once it was handed over.
    private let outcome: Mutex<Outcome?>

    init(requestID: String, isStream: Bool, sink: any OutcomeSink, since started: Instant, now: @escaping @Sendable () -> Instant) {
        self.sink = sink
        self.now = now
        self.started = started
        outcome = Mutex(Outcome(requestID: requestID, isStream: isStream))
    }

    deinit { settle(.callerGone) }

    /// Seconds since the request arrived.
    var seconds: Double { started.duration(to: now()).seconds }

    /// The attempts that ended so far.
    var attempts: [AttemptRecord] { outcome.withLock { $0?.attempts ?? [] } }

    func note(_ change: (inout Outcome) -> Void) {
        outcome.withLock { if $0 != nil { change(&$0!) } }
    }

    /// The request goes on under another settlement; nothing is handed over.
    func withdraw() { outcome.withLock { $0 = nil } }

    /// Ends the request; later calls change nothing.
    func settle(_ ending: Outcome.Ending) {
        let seconds = seconds
        let settled = outcome.withLock { outcome -> Outcome? in
            defer { outcome = nil }
            outcome?.ending = ending
            outcome?.seconds = seconds
            if let cost = outcome?.attempts.cost { outcome?.cost = cost }
            return outcome
        }
        if let settled { sink.record(settled) }
    }
}

extension Duration {
    /// As a number, for reports.
    package var seconds: Double {
        self / .seconds(1)
    }
}
