/// What will be done for a request, decided before any I/O.
package struct Plan: Sendable {
    /// One call that may be made.
    package struct Attempt: Sendable, Equatable {
        package let model: Model
        package let deployment: Deployment
        package let reason: Reason
    }

    /// Why an attempt is in the plan at its place.
    package enum Reason: String, Sendable {
        /// The caller named the model.
        case named = "named by the caller"
        /// The chooser's first choice.
        case chosen = "cheapest that is good enough"
        /// The chooser's first choice, since its provider has the conversation's beginning in its cache.
        case warm = "has the conversation in its provider's cache"
        /// The chooser's first choice where none is good enough.
        case strongest = "strongest of those that can, and none is good enough"
        /// Listed as a fallback of the named model.
        case fallback = "fallback of the named model"
        /// Found by the chooser, should those before it fail.
        case standIn = "stand-in of like strength"
        /// The same, behind those that are good enough.
        case weaker = "stand-in, though weaker than the request needs"

        /// For a place in the chooser's ranking.
        init(at place: Int, isGoodEnough: Bool, isWarm: Bool) {
            self = switch (place, isGoodEnough) {
            case (0, true): isWarm ? .warm : .chosen
            case (0, false): .strongest
            case (_, true): .standIn
            case (_, false): .weaker
            }
        }

        /// Whether it is only asked because others failed.
        package var isSecondChoice: Bool {
            switch self {
            case .named, .chosen, .warm, .strongest: false
            case .fallback, .standIn, .weaker: true
            }
        }
    }

    /// Whose prompt the model gets; nil for a plain call.
    package let agent: Agent?
    /// How the agent was found; nil where the caller named it.
    package let routing: AgentRouter.Routing?
    /// nil where the caller named the model.
    package let complexity: Complexity?
    /// In order, at least one, at most the policy's limit.
    package let attempts: [Attempt]
    /// The other candidates: of a named model its fallbacks or stand-ins, else every model.
    package let passedOver: [PassedOver]
    /// What the request is expected to cost on any model.
    package let forecast: CostForecast
    /// The same for the first attempt, as of now.
    package let expectation: CostForecast.Expectation
    /// The limit of the whole request.
    package let totalTimeout: Duration

    /// What the first attempt is expected to cost; nil where its price is unknown.
    package var costEstimate: Money? { expectation.cost }
}

/// Why no plan could be made.
package enum PlanFailure: Error, Equatable, Sendable {
    case unknownModel(String)
    case unknownAgent(String, known: [String])
    /// The model exists, but its providers are off.
    case modelOff(String, mend: String)
    /// No provider is on at all.
    case nothingOn
    /// No live model can serve this; with what each candidate lacks.
    case noneAble(reasons: [PassedOver])
    /// No candidate may be asked under the caller's `max_cost`; with the cheapest of those that could else be, nil where no
    /// price is known.
    case tooDear(limit: Money, cheapest: Estimate?)
    /// The caller allows a model that does not exist.
    case unknownAllowedModel(String)
    /// Every candidate's breaker is open; the exact time until the first may be asked again, and which they are.
    case allResting(retryAfter: Duration, resting: [PassedOver])
    /// The provider refused every key that could be used; with the variables that hold them, and the time until the first
    /// is tried again.
    case keysRefused(variables: [String], retryAfter: Duration)

    package typealias PassedOver = Plan.PassedOver

    /// What a model is expected to cost for the request.
    package struct Estimate: Equatable, Sendable {
        package let model: String
        package let cost: Money
        /// What makes the cost: each class of tokens with its price.
        package let items: [Charge.Item]

        /// nil where the model's price is unknown.
        package init?(_ forecast: CostForecast, on model: Model) {
            let expectation = forecast.expectation(on: model)
            guard let cost = expectation.cost else { return nil }
            (self.model, self.cost) = (model.name, cost)
            items = Charge(estimated: expectation.usage, at: model.price).items
        }
    }
}
