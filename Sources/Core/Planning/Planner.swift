/// Makes plans: a pure function of the request, the catalogue and the health of the deployments.
package struct Planner: Sendable {
    private let catalogue: Catalogue
    /// By deployment index, as of now; an empty one says that all are well.
    private let health: [Breaker.Availability]
    /// The providers' accesses whose key is benched, and for how long.
    private let benched: [String: Duration]
    /// 0..<1, spreads calls over a model's deployments.
    private let spread: Double
    /// nil takes all deployments for equally busy and quick.
    private let measures: (any DeploymentMeasures)?

    package init(
        catalogue: Catalogue, health: [Breaker.Availability], benched: [String: Duration] = [:], spread: Double,
        measures: (any DeploymentMeasures)? = nil
    ) {
        self.catalogue = catalogue
        self.health = health
        self.benched = benched
        self.spread = spread
        self.measures = measures
    }

    /// Who is to answer a request, whoever is healthy: what does not change while the catalogue stays.
    package struct Route: Sendable {
        /// Whose prompt the model gets; nil for a plain call.
        package let agent: Agent?
        /// How the agent was found; nil where the caller named it.
        package let routing: AgentRouter.Routing?
    }

    /// The plan for a request.
    package func plan(_ facts: RequestFacts) throws(PlanFailure) -> Plan { try plan(facts, by: try route(facts)) }

    /// The plan for a request whose agent is known.
    package func plan(_ facts: RequestFacts, by route: Route) throws(PlanFailure) -> Plan {
        if let unknown = facts.allowedModels?.first(where: { catalogue.model($0) == nil }) {
            throw .unknownAllowedModel(unknown)
        }
        let (agent, routing) = (route.agent, route.routing)
        // The agent's prompt is part of what the model reads.
        var facts = facts
        facts.promptTokens += agent?.promptTokens ?? 0
        switch facts.target {
        case .model(let name), .agentOnModel(_, let name), .autoOnModel(let name):
            let model = try model(named: name)
            let candidates = Candidates(
                [(model, Plan.Reason.named)] + substitutes(for: model, facts), forecast: forecast(facts, tier: nil, agent: agent))
            return try assemble(facts, candidates, agent: agent, routing: routing, complexity: nil)
        case .auto, .anyModel, .agent:
            let complexity = Complexity(
                of: facts, by: catalogue.complexityModel, judgesTools: catalogue.policy.routesTools)
            let needed = Chooser.qualityNeeded(
                complexity: complexity, agent: agent, priority: facts.priority,
                costBias: catalogue.policy.costBias(agent: agent?.id, key: facts.key))
            let forecast = forecast(facts, tier: complexity.tier, agent: agent)
            let ranked = Chooser.rank(
                catalogue.models, for: facts, forecast: forecast, qualityNeeded: needed, measures: measures)
            if ranked.isEmpty { throw noCandidate(facts) }
            let isWarm = facts.warmPrompt?.model == ranked[0].name
                && Chooser.rank(ranked, for: facts, forecast: forecast.cold, qualityNeeded: needed, measures: measures).first?.name
                    != ranked[0].name
            let candidates = Candidates(
                ranked.enumerated().map { place, model in
                    (model, .init(at: place, isGoodEnough: model.quality >= needed, isWarm: isWarm))
                },
                forecast: forecast,
                unable: catalogue.models.compactMap { model in
                    guard model.isLive else { return .init(name: model.name, .off) }
                    return Chooser.shortcoming(of: model, for: facts, measures: measures).map { .init(name: model.name, $0) }
                })
            return try assemble(facts, candidates, agent: agent, routing: routing, complexity: complexity)
        }
    }

    private func forecast(_ facts: RequestFacts, tier: Tier?, agent: Agent?) -> CostForecast {
        CostForecast(
            facts, tier: tier, agent: agent, agentIndex: agent.flatMap { catalogue.position(of: $0) }, measures: measures)
    }

    /// Who might be asked, best first, and who cannot.
    private struct Candidates {
        var models: [(model: Model, reason: Plan.Reason)]
        let forecast: CostForecast
        let unable: [Plan.PassedOver]

        init(_ models: [(Model, Plan.Reason)], forecast: CostForecast, unable: [Plan.PassedOver] = []) {
            self.models = models
            self.forecast = forecast
            self.unable = unable
        }

        /// What the caller has against the model.
        func objection(to model: Model, _ facts: RequestFacts) -> Plan.Why? {
            if let allowed = facts.allowedModels, !allowed.contains(model.name) { return .notAllowed }
            guard let limit = facts.maxCost else { return nil }
            guard let cost = forecast.cost(on: model) else { return .unpriced }
            return cost > limit ? .tooDear(estimate: cost, limit: limit) : nil
        }
    }

    /// Finds the agent, and that the model which was named is there: all that names what a request is for.
    package func route(_ facts: RequestFacts) throws(PlanFailure) -> Route {
        switch facts.target {
        case .model(let name), .agentOnModel(_, let name), .autoOnModel(let name): _ = try model(named: name)
        case .auto, .anyModel, .agent: break
        }
        switch facts.target {
        case .model, .anyModel:
            return Route(agent: nil, routing: nil)
        case .agent(let id), .agentOnModel(let id, _):
            guard let agent = catalogue.agent(id) else {
                throw .unknownAgent(id, known: catalogue.agents.map(\.id))
            }
            return Route(agent: agent, routing: nil)
        case .auto, .autoOnModel:
            let routing = catalogue.router.route(facts.text, after: facts.earlierTexts)
            return Route(agent: routing.map { catalogue.agents[$0.agentIndex] }, routing: routing)
        }
    }

    private func model(named name: String) throws(PlanFailure) -> Model {
        guard let model = catalogue.model(name) else { throw .unknownModel(name) }
        guard model.isLive else { throw .modelOff(name, mend: mend(for: model)) }
        return model
    }

    /// Who comes after a named model: its own list, or else the chooser's stand-ins that can serve this request.
    private func substitutes(for model: Model, _ facts: RequestFacts) -> [(Model, Plan.Reason)] {
        if let fallbacks = model.fallbacks {
            return fallbacks.compactMap(catalogue.model).map { ($0, .fallback) }
        }
        return catalogue.standIns[model.index].lazy.map { catalogue.models[$0] }
            .filter { Chooser.shortcoming(of: $0, for: facts, measures: measures) == nil }
            .prefix(catalogue.policy.attemptLimit).map { ($0, .standIn) }
    }

    /// Turns candidates into attempts, leaving out those that cannot be asked now.
    private func assemble(
        _ facts: RequestFacts, _ candidates: Candidates, agent: Agent?, routing: AgentRouter.Routing?, complexity: Complexity?
    ) throws(PlanFailure) -> Plan {
        let limit = catalogue.policy.attemptLimit
        var attempts: [Plan.Attempt] = []
        var passedOver: [Plan.PassedOver] = []
        for (model, reason) in candidates.models {
            if let why = attempts.count < limit ? candidates.objection(to: model, facts) : .notNeeded {
                passedOver.append(.init(name: model.name, why))
                continue
            }
            for deployment in inOrder(model, facts, isFirst: attempts.isEmpty) {
                if let why = attempts.count < limit ? obstacle(to: deployment) : .notNeeded {
                    passedOver.append(.init(name: deployment.id, why))
                } else {
                    attempts.append(.init(model: model, deployment: deployment, reason: reason))
                }
            }
        }
        guard let first = attempts.first else { throw failure(facts, passedOver, candidates.forecast) }
        return Plan(
            agent: agent, routing: routing, complexity: complexity, attempts: attempts,
            passedOver: passedOver + candidates.unable, forecast: candidates.forecast,
            expectation: candidates.forecast.expectation(on: first.model),
            totalTimeout: facts.priority == .quick ? Self.quickTimeout : first.model.timeouts.total)
    }

    /// The limit of a quick request, whatever its model's.
    private static let quickTimeout: Duration = .seconds(5)

    /// What keeps a deployment from being asked now.
    private func obstacle(to deployment: Deployment) -> Plan.Why? {
        guard deployment.isLive else { return .off }
        if let wait = benched[deployment.access] { return .key(variable: deployment.keyVariable ?? "", wait: wait) }
        guard deployment.index < health.count, case .refused(let wait) = health[deployment.index] else { return nil }
        return .breaker(wait: wait)
    }

    /// Why no candidate is left: those that rest come back by themselves, so they are told first.
    private func failure(_ facts: RequestFacts, _ passedOver: [Plan.PassedOver], _ forecast: CostForecast) -> PlanFailure {
        let resting = passedOver.filter(\.isResting)
        if let soonest = resting.compactMap(\.why.wait).min() {
            let variables = resting.compactMap { if case .key(let variable, _) = $0.why { variable } else { nil } }
            guard variables.count == resting.count else { return .allResting(retryAfter: soonest, resting: resting) }
            return .keysRefused(variables: Set(variables).sorted(), retryAfter: soonest)
        }
        let estimates = passedOver.compactMap { candidate -> PlanFailure.Estimate? in
            guard case .tooDear = candidate.why else { return nil }
            return catalogue.model(candidate.name).flatMap { .init(forecast, on: $0) }
        }
        if let limit = facts.maxCost, !estimates.isEmpty || passedOver.contains(where: { $0.why == .unpriced }) {
            return .tooDear(limit: limit, cheapest: estimates.min { $0.cost < $1.cost })
        }
        return facts.allowedModels == nil ? noCandidate(facts) : .noneAble(reasons: passedOver)
    }

    /// A model's deployments in the order in which to ask them, behind them those that cannot be asked now.
    ///
    /// - Parameter isFirst: the plan begins with this model, so it is its turn; models further down may never be asked.
    private func inOrder(_ model: Model, _ facts: RequestFacts, isFirst: Bool) -> [Deployment] {
        guard model.deployments.count > 1 else { return model.deployments }
        let ready = model.deployments.filter { obstacle(to: $0) == nil }
        var order = ordered(ready, of: model, facts, isFirst: isFirst)
        // Where a provider has the prompt in its cache, it is cheaper there than anywhere else.
        if let warm = facts.warmPrompt?.deployment, let place = order.firstIndex(where: { $0.id == warm }) {
            order.insert(order.remove(at: place), at: 0)
        }
        return order
            + model.deployments.filter { deployment in !ready.contains { $0.index == deployment.index } }
    }

    private func ordered(_ ready: [Deployment], of model: Model, _ facts: RequestFacts, isFirst: Bool) -> [Deployment] {
        guard ready.count > 1 else { return ready }
        switch model.balance {
        case .weighted:
            return Balancer.order(ready, by: .weighted, spread: spread)
        case .roundRobin:
            return Balancer.order(ready, by: .roundRobin, turn: isFirst ? measures?.nextTurn(of: model) ?? 0 : 0, spread: spread)
        case .leastBusy, .peakEWMA:
            let loads = ready.map { measures?.load(of: $0, isStream: facts.isStream) ?? DeploymentLoad() }
            return Balancer.order(ready, by: model.balance, loads: loads, spread: spread)
        }
    }

    private func noCandidate(_ facts: RequestFacts) -> PlanFailure {
        let live = catalogue.liveModels
        guard !live.isEmpty else { return .nothingOn }
        return .noneAble(
            reasons: live.map { .init(name: $0.name, Chooser.shortcoming(of: $0, for: facts, measures: measures) ?? .off) })
    }

    private func mend(for model: Model) -> String {
        for deployment in model.deployments {
            if case .off(let mend) = catalogue.provider(deployment.provider)?.state { return mend }
        }
        return "turn one of its providers on"
    }
}
