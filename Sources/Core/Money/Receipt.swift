/// What an answer cost, line by line.
package struct Receipt: Sendable, Equatable {
    /// What a line's call was for.
    package enum Kind: String, Sendable {
        /// It gave the answer, or its beginning; the outcome says whether it broke off.
        case answer
        /// Nothing of it reached the caller.
        case failedAttempt = "failed_attempt"
        /// It went on with an answer that another had begun.
        case resumedPart = "resumed_part"
        /// Started beside an attempt that was late, it gave the answer, or its beginning.
        case hedge
        /// Another call answered first, so that it was cancelled, or too late.
        case waste
        /// No call: the answer came from the gateway's cache.
        case cacheHit = "cache_hit"
        /// No call of its own: an identical request's call, which ran already, answered it too.
        case sharedCall = "shared_call"
        /// It made one answer of a team's.
        case synthesis
    }

    /// One call.
    package struct Line: Sendable, Equatable {
        package let kind: Kind
        /// Who of a team made it.
        package var member: String?
        package let model: String
        /// The deployment's id.
        package let deployment: String
        /// `ok`, or the fault's name.
        package let outcome: String
        package let charge: Charge
        /// What was not spent, because the answer was there already.
        package let saved: Money?

        package init(kind: Kind, model: String, deployment: String, outcome: String, charge: Charge, saved: Money? = nil) {
            self.kind = kind
            self.model = model
            self.deployment = deployment
            self.outcome = outcome
            self.charge = charge
            self.saved = saved
        }

        /// For an answer from the gateway's cache, with what it had cost when it was made.
        package static func cacheHit(model: String, deployment: String, saved: Money?) -> Line {
            Line(kind: .cacheHit, model: model, deployment: deployment, outcome: "ok", charge: .nothing, saved: saved)
        }
    }

    /// In the order in which the calls ended.
    package let lines: [Line]

    package init(_ lines: [Line]) { self.lines = lines }

    /// The exact sum of the lines' amounts; those that are unknown count as nothing and make it incomplete.
    package var total: Money { lines.reduce(.zero) { $0 + ($1.charge.amount ?? .zero) } }

    /// Every line's amount is known.
    package var isComplete: Bool { lines.allSatisfy { $0.charge.amount != nil } }

    /// Some line's tokens were not counted by the provider.
    package var isEstimated: Bool { lines.contains { $0.charge.basis == .estimated } }
}
