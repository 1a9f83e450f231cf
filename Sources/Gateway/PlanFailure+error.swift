import Core

extension GatewayError {
    /// All candidates' breakers are open.
    static func resting(_ wait: Duration) -> GatewayError {
        var error = GatewayError(
            .providersResting, .provider,
            "Every model that could answer is resting after failures. Ask again after \(wait.seconds.rounded(.up)) s; GET /ai/circuit-breaker shows why."
        )
        error.retryAfter = wait
        error.isRetryable = true
        return error
    }

    /// The answer to a caller whose request could not be planned.
    init(_ failure: PlanFailure) {
        switch failure {
        case .unknownModel(let name):
            self.init(
                .modelNotFound, .client,
                "There is no model '\(name.prefix(200))'. GET /v1/models lists what can be asked for.", param: "model")
        case .unknownAgent(let id, let known):
            self.init(
                .agentNotFound, .client,
                "There is no agent '\(id.prefix(200))'. Known agents: \(known.joined(separator: ", ")).", param: "model")
        case .modelOff(let name, let mend):
            self.init(.modelOff, .gateway, "The model '\(name)' is known but off: \(mend).", param: "model")
        case .nothingOn:
            self.init(
                .noProvider, .gateway,
                "No provider is on. Set a provider's key in the environment; 'quintet check' lists them.")
        case .noneAble(let reasons):
            let detail = reasons.prefix(10).map { "\($0.name): \($0.reason)" }.joined(separator: "; ")
            self.init(.noModelFits, .client, "No model that is on can serve this request. \(detail).", param: "model")
        case .tooDear(let limit, let cheapest):
            let estimate = cheapest.map {
                "The cheapest, \($0.model), would cost about \($0.cost.decimalUSD) USD: raise the limit, or ask for a shorter answer by max_tokens."
            } ?? "No price is known of those that could: leave the limit out to ask them."
            self.init(
                .costLimit, .client,
                "No model can answer this within 'quintet.max_cost' (\(limit.decimalUSD) USD). \(estimate)",
                param: "quintet.max_cost")
        case .unknownAllowedModel(let name):
            self = .invalid(
                "quintet.models",
                "'quintet.models' names '\(name.prefix(200))', which does not exist. GET /v1/models lists what does.")
        case .allResting(let wait, _):
            self = .resting(wait)
        case .keysRefused(let variables, let wait):
            self.init(
                .providersResting, .provider,
                "The provider refused the gateway's key: mend what \(variables.joined(separator: ", ")) holds, and start the gateway again. It is tried again in \(wait.seconds.rounded(.up)) s."
            )
            retryAfter = wait
            isRetryable = true
        }
    }
}

extension AnswerFailure {
    /// The answer to a caller whose request could not be planned.
    init(_ failure: PlanFailure) {
        error = GatewayError(failure)
        switch failure {
        case .allResting(_, let resting): tried = resting.resting
        case .tooDear(_, let cheapest): estimate = cheapest
        default: break
        }
    }
}
