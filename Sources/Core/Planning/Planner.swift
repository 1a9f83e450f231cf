/// Makes plans: a pure function of the request, the catalogue and the health of the deployments.
package struct Planner: Sendable {
    private let catalogue: Catalogue
    /// By deployment index, as of now; an empty one says that all are well.
    private let health: [Breaker.Availability]
    /// 0..<1, spreads calls over a model's deployments by weight.
    private let spread: Double

    package init(catalogue: Catalogue, health: [Breaker.Availability], spread: Double) {
        self.catalogue = catalogue
        self.health = health
        self.spread = spread
    }

    /// The plan for a request.
    package func plan(_ facts: RequestFacts) throws(PlanFailure) -> Plan {
        let (agent, routing) = try agent(for: facts)
        switch facts.target {
        case .model(let name), .agentOnModel(_, let name), .autoOnModel(let name):
            guard let model = catalogue.model(name) else { throw .unknownModel(name) }
            guard model.isLive else { throw .modelOff(name, mend: mend(for: model)) }
            let candidates = [(model, Plan.Reason.named)] + substitutes(for: model, facts)
            return try assemble(facts, candidates, agent: agent, routing: routing, complexity: nil)
        case .auto, .anyModel, .agent:
            let complexity = Complexity(of: facts)
            let needed = Chooser.qualityNeeded(
                complexity: complexity, agent: agent, priority: facts.priority, costBias: catalogue.policy.costBias)
            let ranked = Chooser.rank(catalogue.models, for: facts, qualityNeeded: needed)
            if ranked.isEmpty { throw noCandidate(facts) }
            let candidates = ranked.enumerated().map { ($1, $0 == 0 ? Plan.Reason.chosen : .standIn) }
            return try assemble(facts, candidates, agent: agent, routing: routing, complexity: complexity)
        }
    }

    private func agent(for facts: RequestFacts) throws(PlanFailure) -> (Agent?, AgentRouter.Routing?) {
        switch facts.target {
        case .model, .anyModel:
            return (nil, nil)
        case .agent(let id), .agentOnModel(let id, _):
            guard let agent = catalogue.agent(id) else {
                throw .unknownAgent(id, known: catalogue.agents.map(\.id))
            }
            return (agent, nil)
        case .auto, .autoOnModel:
            let routing = catalogue.router.route(facts.text)
            return (routing.map { catalogue.agents[$0.agentIndex] }, routing)
        }
    }

    /// Who comes after a named model: its own list, or else the chooser's stand-ins that can serve this request.
    private func substitutes(for model: Model, _ facts: RequestFacts) -> [(Model, Plan.Reason)] {
        if let fallbacks = model.fallbacks {
            return fallbacks.compactMap(catalogue.model).map { ($0, .fallback) }
        }
        return catalogue.standIns[model.index].lazy.map { catalogue.models[$0] }
            .filter { Chooser.shortcoming(of: $0, for: facts) == nil }
            .prefix(catalogue.policy.attemptLimit).map { ($0, .standIn) }
    }

    /// Turns candidates into attempts, leaving out those that cannot be asked now.
    private func assemble(
        _ facts: RequestFacts, _ candidates: [(Model, Plan.Reason)], agent: Agent?, routing: AgentRouter.Routing?,
        complexity: Complexity?
    ) throws(PlanFailure) -> Plan {
        let limit = catalogue.policy.attemptLimit
        var attempts: [Plan.Attempt] = []
        var passedOver: [Plan.PassedOver] = []
        var soonest: Duration?
        for (model, reason) in candidates where attempts.count < limit {
            for deployment in spreadOut(model.deployments) where attempts.count < limit {
                guard deployment.isLive else {
                    passedOver.append(.init(name: deployment.id, reason: "its provider is off"))
                    continue
                }
                if deployment.index < health.count, case .refused(let wait) = health[deployment.index] {
                    passedOver.append(.init(name: deployment.id, reason: "its breaker is open", isResting: true))
                    soonest = min(soonest ?? wait, wait)
                    continue
                }
                attempts.append(.init(model: model, deployment: deployment, reason: reason))
            }
        }
        guard let first = attempts.first else {
            throw soonest.map { .allResting(retryAfter: $0, resting: passedOver.filter(\.isResting)) } ?? noCandidate(facts)
        }
        return Plan(
            agent: agent, routing: routing, complexity: complexity, attempts: attempts, passedOver: passedOver,
            costEstimate: Chooser.expectedCost(of: first.model, for: facts),
            totalTimeout: facts.priority == .quick ? Self.quickTimeout : first.model.timeouts.total)
    }

    /// The limit of a quick request, whatever its model's.
    private static let quickTimeout: Duration = .seconds(5)

    /// A model's deployments in the order in which to ask them: the first by weight, the others behind it.
    private func spreadOut(_ deployments: [Deployment]) -> [Deployment] {
        guard deployments.count > 1 else { return deployments }
        let live = deployments.filter(\.isLive)
        var point = spread * Double(live.reduce(0) { $0 + $1.weight })
        for deployment in live {
            point -= Double(deployment.weight)
            if point < 0 { return [deployment] + deployments.filter { $0.index != deployment.index } }
        }
        return deployments
    }

    private func noCandidate(_ facts: RequestFacts) -> PlanFailure {
        let live = catalogue.liveModels
        guard !live.isEmpty else { return .nothingOn }
        return .noneAble(
            reasons: live.map { .init(name: $0.name, reason: Chooser.shortcoming(of: $0, for: facts) ?? "it is off") })
    }

    private func mend(for model: Model) -> String {
        for deployment in model.deployments {
            if case .off(let mend) = catalogue.provider(deployment.provider)?.state { return mend }
        }
        return "turn one of its providers on"
    }
}
