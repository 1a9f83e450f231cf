import Core

/// What recorded requests would have cost under a catalogue and its policy, by model.
struct PolicyReplay: Sendable {
    struct Share: Sendable, Equatable {
        var requests = 0
        var cost = Money.zero
        /// Requests whose price nobody knows; they are not in `cost`.
        var unpriced = 0

        fileprivate mutating func add(_ cost: Money?) {
            requests += 1
            if let cost { self.cost = self.cost + cost } else { unpriced += 1 }
        }
    }

    private let catalogue: Catalogue
    private let models: [String: String]
    /// By model.
    private(set) var shares: [String: Share] = [:]
    /// Requests that no model of this catalogue can serve.
    private(set) var unserved = 0

    init(_ catalogue: Catalogue) {
        self.catalogue = catalogue
        models = Dictionary(
            catalogue.models.flatMap { model in model.deployments.map { ($0.id, model.name) } }) { first, _ in first }
    }

    var total: Share {
        shares.values.reduce(into: Share()) { sum, share in
            sum.requests += share.requests
            sum.cost = sum.cost + share.cost
            sum.unpriced += share.unpriced
        }
    }

    mutating func add(_ request: RecordedRequest) {
        guard let plan = try? Planner(catalogue: catalogue, health: [], spread: 0).plan(facts(of: request)) else {
            unserved += 1
            return
        }
        let model = plan.attempts[0].model
        let cost = request.usage.map { model.price?.cost(of: usage($0, of: request, on: model)) } ?? plan.costEstimate
        shares[model.name, default: Share()].add(cost)
    }

    /// The log keeps no text, so the agent is the one that answered.
    private func facts(of request: RecordedRequest) -> RequestFacts {
        guard request.usage != nil, request.deployment != nil else { return request.facts }
        var facts = request.facts
        let agent = request.agent.flatMap(catalogue.agent)
        facts.promptTokens = max(0, facts.promptTokens - (agent?.promptTokens ?? 0))
        switch (facts.target, agent) {
        case (.auto, let agent?), (.agent, let agent?): facts.target = .agent(agent.id)
        case (.auto, nil), (.agent, nil): facts.target = .anyModel
        case (.autoOnModel(let model), let agent?), (.agentOnModel(_, let model), let agent?):
            facts.target = .agentOnModel(agent: agent.id, model: model)
        case (.autoOnModel(let model), nil), (.agentOnModel(_, let model), nil): facts.target = .model(model)
        case (.model, _), (.anyModel, _): break
        }
        return facts
    }

    /// What a provider had in its cache, another would have had to read.
    private func usage(_ usage: Usage, of request: RecordedRequest, on model: Model) -> Usage {
        guard request.deployment.flatMap({ models[$0] }) != model.name else { return usage }
        return Usage(promptTokens: usage.promptTokens, completionTokens: usage.completionTokens)
    }
}
