package import Core

/// What one attempt came to.
package struct AttemptRecord: Sendable, Equatable {
    package let model: String
    package let deployment: String
    /// nil for the attempt that answered.
    package let fault: Fault?
    package let seconds: Double
    /// What it was for.
    package let kind: Receipt.Kind
    package let charge: Charge

    /// `ok`, or the fault's name.
    package var result: String { fault?.rawValue ?? "ok" }
}

extension [AttemptRecord] {
    /// What the attempts cost, one line each.
    package var receipt: Receipt {
        Receipt(
            map {
                .init(kind: $0.kind, model: $0.model, deployment: $0.deployment, outcome: $0.result, charge: $0.charge)
            })
    }

    /// What they cost together; nil where a part of it is unknown or estimated.
    package var cost: Money? {
        var sum = Money.zero
        for attempt in self {
            guard attempt.charge.basis != .estimated, let amount = attempt.charge.amount else { return nil }
            sum = sum + amount
        }
        return sum
    }
}

/// What happened to one request, written once, at its end.
package struct Outcome: Sendable {
    package enum Ending: Sendable, Equatable {
        case complete
        case failed(GatewayError.Code)
        case callerGone
    }

    /// What a model was chosen by, so that another policy can be tried on it.
    package struct Asked: Sendable {
        package let target: RequestFacts.Target
        package let needs: Abilities
        /// nil where the caller named the model.
        package let complexity: Complexity?
    }

    package let requestID: String
    package let isStream: Bool
    package var ending: Ending = .callerGone
    package var agent: String?
    /// nil for a request that no call was planned for.
    package var asked: Asked?
    /// What the cache had to do with it.
    package var cache = CacheNote.off
    package var attempts: [AttemptRecord] = []
    /// How a stream that broke off was taken up, each time.
    package var resumptions: [Resumption] = []
    /// As the attempt that finished the answer counted it.
    package var usage: Usage?
    /// Of all that was spent; nil where a part of it is unknown or estimated, as that of an attempt that broke off mostly is:
    /// the attempts' ``Receipt`` has the rest.
    package var cost: Money?
    /// From the request's arrival to its end.
    package var seconds: Double = 0
    /// From the request's arrival to the first content.
    package var firstContentSeconds: Double?
}
