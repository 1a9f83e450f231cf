extension Plan {
    /// A candidate that was not taken.
    package struct PassedOver: Sendable, Equatable {
        /// A deployment's id or a model's name.
        package let name: String
        package let why: Why

        package init(name: String, _ why: Why) {
            self.name = name
            self.why = why
        }

        /// In words. Made when somebody asks: most plans are never read.
        package var reason: String { why.inWords }
        /// It may be asked again later, by itself.
        package var isResting: Bool { why.wait != nil }
    }

    /// What keeps a candidate from being asked.
    package enum Why: Sendable, Equatable {
        case off
        case breaker(wait: Duration)
        case key(variable: String, wait: Duration)
        case lacks(Abilities)
        /// Tokens that it reads, and that the request has.
        case tooLong(window: Int, tokens: Int)
        /// The caller named the models that it allows, and this is none of them.
        case notAllowed
        case tooDear(estimate: Money, limit: Money)
        /// The caller set a limit, and nobody knows what this one costs.
        case unpriced
        /// Others come first, as many as may be asked.
        case notNeeded
    }
}

extension Plan.Why {
    package var inWords: String {
        switch self {
        case .off: "its provider is off"
        case .breaker: "its breaker is open"
        case .key(let variable, _): "the provider refused its key (\(variable))"
        case .lacks(let abilities): "it has no " + abilities.names.joined(separator: ", ")
        case .tooLong(let window, let tokens): "it reads \(window) tokens, the request has about \(tokens)"
        case .notAllowed: "it is none of the models in quintet.models"
        case .tooDear(let estimate, let limit):
            "it would cost about \(estimate.decimalUSD) USD, more than quintet.max_cost (\(limit.decimalUSD))"
        case .unpriced: "its price is unknown, so quintet.max_cost could not be kept"
        case .notNeeded: "enough others come before it"
        }
    }

    /// Until it may be gone; nil for what does not go by itself.
    var wait: Duration? {
        switch self {
        case .breaker(let wait), .key(_, let wait): wait
        default: nil
        }
    }
}
