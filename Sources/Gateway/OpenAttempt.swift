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
    private let forecast: CostForecast
    private let prompt: Prompt
    private let isStream: Bool
    /// Those that its request brings about itself, by the limits that it sets.
    private let hastyFaults: Set<Fault>
    /// Of the team's call that it is made for.
    private let member: MemberBook?
    /// nil once it was paid.
    private let debt: Mutex<Debt?>

    /// What can be learned from what the provider counts of it.
    struct Prompt: Sendable {
        /// Whether what the provider counts says how good the estimate is: not for a continuation, which has more text, nor with
        /// images or sound, whose tokens are a mere guess.
        let isComparable: Bool
        /// nil where the provider will not keep it.
        let conversation: UInt64?
    }

    private struct Debt {
        let permit: Fleet.Permit
        /// Of a stream, from the attempt's beginning.
        var firstContent: Duration?
        var tally = Tally()
    }

    init(
        _ planned: Plan.Attempt, for kind: Receipt.Kind, forecast: CostForecast, prompt: Prompt, permit: Fleet.Permit, fleet: Fleet,
        settlement: Settlement, requestID: String, isStream: Bool, hastyFaults: Set<Fault> = [], member: MemberBook? = nil
    ) {
        self.isStream = isStream
        self.hastyFaults = hastyFaults
        self.member = member
        self.kind = kind
        self.forecast = forecast
        self.prompt = prompt
        self.planned = planned
        self.fleet = fleet
        self.settlement = settlement
        self.requestID = requestID
        started = settlement.seconds
        debt = Mutex(Debt(permit: permit))
    }

    deinit {
        if let member, !member.isNeeded { lose() } else if let debt = settle(.neutral) { record(.callerGone, debt.tally) }
    }

    /// The answer has come so far. What is told last is charged, also if the caller leaves.
    func note(_ tally: Tally) { debt.withLock { $0?.tally = tally } }

    /// The first content is there; of an answer that is not streamed, all of it.
    func deliver() {
        let seconds = settlement.seconds - started
        fleet.loads.observe(seconds, of: planned.deployment, isStream: isStream)
        fleet.hedging?.observe(seconds, of: planned.deployment, isStream: isStream)
        if isStream { debt.withLock { $0?.firstContent = .seconds(seconds) } }
    }

    func succeed() {
        guard let debt = settle(.success) else { return }
        record(nil, debt.tally)
        guard let usage = debt.tally.usage else { return }
        if prompt.isComparable { fleet.loads.observeTokens(usage.promptTokens, estimated: forecast.promptTokens, of: planned.model) }
        guard let conversation = prompt.conversation, let provider = fleet.catalogue.provider(planned.deployment.provider)
        else { return }
        fleet.prompts.note(usage, of: conversation, by: planned, api: provider.api)
    }

    /// False if it was paid before.
    @discardableResult
    func fail(_ fault: Fault, retryAfter: Duration?) -> Bool {
        let isHasty = hastyFaults.contains(fault)
        guard let debt = settle(isHasty ? .neutral : .fault(fault, retryAfter: retryAfter)) else { return false }
        record(fault, debt.tally)
        if isHasty {
            fleet.loads.observe(atLeast: settlement.seconds - started, of: planned.deployment, isStream: isStream)
        } else if fault.meaning.blame == .provider {
            fleet.loads.observeFault(after: settlement.seconds - started, of: planned.deployment, isStream: isStream)
        }
        return true
    }

    /// Another call has answered first. What this one has cost is wasted, and without its first content it would have taken longer
    /// than it did.
    ///
    /// - Returns: what it has cost; nil if it was paid before.
    @discardableResult
    func lose() -> Charge? {
        guard let debt = settle(.fault(.notNeeded, retryAfter: nil)) else { return nil }
        let charge = record(.notNeeded, debt.tally, as: .waste)
        guard debt.firstContent == nil else { return charge }
        let seconds = settlement.seconds - started
        fleet.loads.observe(atLeast: seconds, of: planned.deployment, isStream: isStream)
        fleet.hedging?.observe(atLeast: seconds, of: planned.deployment, isStream: isStream)
        return charge
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

    @discardableResult
    private func record(_ fault: Fault?, _ tally: Tally, as end: Receipt.Kind? = nil) -> Charge {
        let record = AttemptRecord(
            model: planned.model.name, deployment: planned.deployment.id, fault: fault,
            seconds: settlement.seconds - started, kind: end ?? (tally.isDelivered ? kind : .failedAttempt),
            charge: tally.charge(after: fault, promptTokens: forecast.promptTokens, at: planned.model.price))
        settlement.note { $0.attempts.append(record) }
        // The rest of an answer that another began says nothing of how long answers are.
        if fault == nil, kind != .resumedPart, tally.isDelivered, let usage = tally.usage {
            fleet.loads.lengths.observe(usage, of: planned.model, forecast)
        }
        return record.charge
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
