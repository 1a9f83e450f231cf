import Core
import Synchronization
import Wire

/// An attempt under way: it owes its breaker a verdict, and pays exactly once, as neutral if it is just let go of.
final class OpenAttempt: Sendable {
    let planned: Plan.Attempt
    private let fleet: Fleet
    private let settlement: Settlement
    private let requestID: String
    /// As estimated; nil where that is not to be compared with what the provider counts.
    private let promptTokens: Int?
    private let started: Double
    /// nil once it was paid.
    private let debt: Mutex<Debt?>

    private struct Debt {
        let permit: Fleet.Permit
        /// Of a stream, from the attempt's beginning.
        var firstContent: Duration?
    }

    init(
        _ planned: Plan.Attempt, permit: Fleet.Permit, fleet: Fleet, settlement: Settlement, requestID: String,
        promptTokens: Int? = nil
    ) {
        self.planned = planned
        self.fleet = fleet
        self.settlement = settlement
        self.requestID = requestID
        self.promptTokens = promptTokens
        started = settlement.seconds
        debt = Mutex(Debt(permit: permit))
    }

    deinit {
        if settle(.neutral) { record(.callerGone) }
    }

    /// The first content is there; of an answer that is not streamed, all of it.
    func deliver(isStream: Bool) {
        let seconds = settlement.seconds - started
        fleet.loads.observe(seconds, of: planned.deployment, isStream: isStream)
        if isStream { debt.withLock { $0?.firstContent = .seconds(seconds) } }
    }

    /// - Parameter usage: as the provider reported it.
    func succeed(_ usage: Usage?) {
        if settle(.success) { record(nil) }
        guard let usage, let promptTokens else { return }
        fleet.loads.observeTokens(usage.promptTokens, estimated: promptTokens, of: planned.model)
    }

    func fail(_ fault: Fault, retryAfter: Duration?, isStream: Bool) {
        guard settle(.fault(fault, retryAfter: retryAfter)) else { return }
        record(fault)
        guard fault.meaning.blame == .provider else { return }
        fleet.loads.observeFault(after: settlement.seconds - started, of: planned.deployment, isStream: isStream)
    }

    /// False if it was settled before.
    private func settle(_ verdict: Breaker.Verdict) -> Bool {
        let debt = debt.withLock { debt -> Debt? in
            defer { debt = nil }
            return debt
        }
        guard let debt else { return false }
        fleet.settle(debt.permit, verdict, requestID: requestID, firstContent: debt.firstContent)
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
