import Core
import Synchronization
import Wire

/// An attempt under way: it owes its breaker a verdict, and pays exactly once, as neutral if it is just let go of.
final class OpenAttempt: Sendable {
    let planned: Plan.Attempt
    private let breakers: Breakers
    private let settlement: Settlement
    private let requestID: String
    private let started: Double
    /// nil once it was given back.
    private let ticket: Mutex<Breaker.Ticket?>

    init(_ planned: Plan.Attempt, ticket: Breaker.Ticket, breakers: Breakers, settlement: Settlement, requestID: String) {
        self.planned = planned
        self.breakers = breakers
        self.settlement = settlement
        self.requestID = requestID
        started = settlement.seconds
        self.ticket = Mutex(ticket)
    }

    deinit {
        if settle(.neutral) { record(.callerGone) }
    }

    func succeed() {
        if settle(.success) { record(nil) }
    }

    func fail(_ fault: Fault, retryAfter: Duration?) {
        if settle(.fault(fault, retryAfter: retryAfter)) { record(fault) }
    }

    /// False if it was settled before.
    private func settle(_ verdict: Breaker.Verdict) -> Bool {
        let ticket = ticket.withLock { ticket -> Breaker.Ticket? in
            defer { ticket = nil }
            return ticket
        }
        guard let ticket else { return false }
        breakers.settle(planned.deployment, ticket, verdict, requestID: requestID)
        return true
    }

    private func record(_ fault: Fault?) {
        let record = AttemptRecord(
            model: planned.model.name, deployment: planned.deployment.id, fault: fault,
            seconds: settlement.seconds - started)
        settlement.note { $0.attempts.append(record) }
    }
}

/// A stream that reached its first content.
struct OpenedStream: Sendable {
    let reply: any ProviderReply
    let attempt: OpenAttempt
    var reader: StreamReader
    /// What was held back until now.
    let events: [SSEEvent]
    /// The whole answer is there already.
    let isComplete: Bool
    /// Longest wait between two chunks.
    let stall: Duration
}
