/// Whether late requests are hedged; the raw values are the names in `models.json`.
package enum HedgePolicy: String, Sendable, CaseIterable {
    /// When a first content is later than the deployment's own 95th percentile, another attempt is started beside it.
    case on
    case off
}

/// What became of a hedge.
package enum HedgeOutcome: String, Sendable {
    /// It answered first.
    case won
    /// It did not, or failed.
    case lost
}

/// Which attempt is started beside one that is late.
package enum HedgeRule {
    /// The first of the plan's further attempts that is well, and that the caller's limit has room for; nil for none.
    ///
    /// - Parameters:
    ///   - limit: what the caller wants to pay at most: both attempts together must be expected to stay within it.
    ///   - cost: what a model is expected to cost; nil where its price is unknown, which no limit has room for.
    ///   - isWell: whether a deployment's breaker is closed and its key in use. One that is being probed is not.
    /// - Returns: the place among `alternatives`, from 0.
    package static func choice(
        among alternatives: some Collection<Plan.Attempt>, beside first: Plan.Attempt, limit: Money?, cost: (Model) -> Money?,
        isWell: (Deployment) -> Bool
    ) -> Int? {
        alternatives.enumerated().first { _, second in
            isWell(second.deployment) && fits(first.model, second.model, limit, cost)
        }?.offset
    }

    private static func fits(_ first: Model, _ second: Model, _ limit: Money?, _ cost: (Model) -> Money?) -> Bool {
        guard let limit else { return true }
        guard let first = cost(first), let second = cost(second) else { return false }
        return first + second <= limit
    }
}
