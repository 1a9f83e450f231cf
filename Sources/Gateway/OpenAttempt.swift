import Core
import Synchronization
import Wire

/// An attempt under way: it owes its breaker a verdict, and pays exactly once, as neutral if it is just let go of.
final class OpenAttempt: Sendable {
    let planned: Plan.Attempt
    private let fleet: Fleet
    private let settlement: Settlement
    private let requestID: String
    private let started: Double
    /// What it is for, if anything of it reaches the caller.
    private let kind: Receipt.Kind
    /// Of the request, estimated.
    private let promptTokens: Int
    /// nil once it was paid.
    private let debt: Mutex<Debt?>

    private struct Debt {
        let permit: Fleet.Permit
        /// Of a stream, from the attempt's beginning.
        var firstContent: Duration?
        var tally = Tally()
    }

    init(
        _ planned: Plan.Attempt, for kind: Receipt.Kind, promptTokens: Int, permit: Fleet.Permit, fleet: Fleet,
        settlement: Settlement, requestID: String
    ) {
        self.kind = kind
        self.promptTokens = promptTokens
        self.planned = planned
        self.fleet = fleet
        self.settlement = settlement
        self.requestID = requestID
        started = settlement.seconds
        debt = Mutex(Debt(permit: permit))
    }

    deinit {
        if let debt = settle(.neutral) { record(.callerGone, debt.tally) }
    }

    /// The answer has come so far. What is told last is charged, also if the caller leaves.
    func note(_ tally: Tally) { debt.withLock { $0?.tally = tally } }

    /// The first content is there; of an answer that is not streamed, all of it.
    func deliver(isStream: Bool) {
        let seconds = settlement.seconds - started
        fleet.loads.observe(seconds, of: planned.deployment, isStream: isStream)
        if isStream { debt.withLock { $0?.firstContent = .seconds(seconds) } }
    }

    func succeed() {
        if let debt = settle(.success) { record(nil, debt.tally) }
    }

    func fail(_ fault: Fault, retryAfter: Duration?, isStream: Bool) {
        guard let debt = settle(.fault(fault, retryAfter: retryAfter)) else { return }
        record(fault, debt.tally)
        guard fault.meaning.blame == .provider else { return }
        fleet.loads.observeFault(after: settlement.seconds - started, of: planned.deployment, isStream: isStream)
    }

    /// What was owed; nil if it was settled before.
    private func settle(_ verdict: Breaker.Verdict) -> Debt? {
        let debt = debt.withLock { debt -> Debt? in
            defer { debt = nil }
            return debt
        }
        guard let debt else { return nil }
        fleet.settle(debt.permit, verdict, requestID: requestID, firstContent: debt.firstContent)
        return debt
    }

    private func record(_ fault: Fault?, _ tally: Tally) {
        let record = AttemptRecord(
            model: planned.model.name, deployment: planned.deployment.id, fault: fault,
            seconds: settlement.seconds - started, kind: tally.isDelivered ? kind : .failedAttempt,
            charge: tally.charge(after: fault, promptTokens: promptTokens, at: planned.model.price))
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
