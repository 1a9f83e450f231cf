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
    /// nil once it was paid.
    private let debt: Mutex<Debt?>

    private struct Debt {
        let ticket: Breaker.Ticket
        /// Of a stream, from the attempt's beginning.
        var firstContent: Duration?
    }

    init(_ planned: Plan.Attempt, ticket: Breaker.Ticket, breakers: Breakers, settlement: Settlement, requestID: String) {
        self.planned = planned
        self.breakers = breakers
        self.settlement = settlement
        self.requestID = requestID
        started = settlement.seconds
        debt = Mutex(Debt(ticket: ticket))
    }

    deinit {
        if settle(.neutral) { record(.callerGone) }
    }

    /// The stream's first content is there, so many seconds after the request arrived.
    func reachedContent(at seconds: Double) {
        let time = Duration.seconds(seconds - started)
        debt.withLock { $0?.firstContent = time }
    }

    func succeed() {
        if settle(.success) { record(nil) }
    }

    func fail(_ fault: Fault, retryAfter: Duration?) {
        if settle(.fault(fault, retryAfter: retryAfter)) { record(fault) }
    }

    /// False if it was settled before.
    private func settle(_ verdict: Breaker.Verdict) -> Bool {
        let debt = debt.withLock { debt -> Debt? in
            defer { debt = nil }
            return debt
        }
        guard let debt else { return false }
        breakers.settle(
            planned.deployment, debt.ticket, verdict, requestID: requestID, firstContent: debt.firstContent)
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
    let reader: StreamReader
    /// What was held back until now.
    let events: [SSEEvent]
    /// The whole answer is there already.
    let isComplete: Bool
}
