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

    /// The plan for a request.
    package func plan(_ facts: RequestFacts) throws(PlanFailure) -> Plan {
        let (agent, routing) = try agent(for: facts)
        var facts = facts
        facts.promptTokens += agent?.promptTokens ?? 0
        switch facts.target {
        case .model(let name), .agentOnModel(_, let name), .autoOnModel(let name):
            guard let model = catalogue.model(name) else { throw .unknownModel(name) }
            guard model.isLive else { throw .modelOff(name, mend: mend(for: model)) }
            let candidates = [(model, Plan.Reason.named)] + substitutes(for: model, facts)
            return try assemble(facts, candidates, agent: agent, routing: routing, complexity: nil)
        case .auto, .anyModel, .agent:
            let complexity = Complexity(
                of: facts, by: catalogue.complexityModel, judgesTools: catalogue.policy.routesTools)
            let needed = Chooser.qualityNeeded(
                complexity: complexity, agent: agent, priority: facts.priority, costBias: catalogue.policy.costBias)
            let ranked = Chooser.rank(catalogue.models, for: facts, qualityNeeded: needed, measures: measures)
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
            .filter { Chooser.shortcoming(of: $0, for: facts, measures: measures) == nil }
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
        var resting: [Obstacle] = []
        for (model, reason) in candidates where attempts.count < limit {
            for deployment in inOrder(model, facts, isFirst: attempts.isEmpty) where attempts.count < limit {
                guard let obstacle = obstacle(to: deployment) else {
                    attempts.append(.init(model: model, deployment: deployment, reason: reason))
                    continue
                }
                passedOver.append(
                    .init(name: deployment.id, reason: obstacle.reason, isResting: obstacle.wait != nil))
                if obstacle.wait != nil { resting.append(obstacle) }
            }
        }
        guard let first = attempts.first else {
            throw nobodyReady(resting, passedOver.filter(\.isResting)) ?? noCandidate(facts)
        }
        return Plan(
            agent: agent, routing: routing, complexity: complexity, attempts: attempts, passedOver: passedOver,
            costEstimate: Chooser.expectedCost(of: first.model, for: facts),
            totalTimeout: facts.priority == .quick ? Self.quickTimeout : first.model.timeouts.total)
    }

    /// The limit of a quick request, whatever its model's.
    private static let quickTimeout: Duration = .seconds(5)

    /// What keeps a deployment from being asked now.
    private enum Obstacle {
        case off
        case breaker(wait: Duration)
        case key(variable: String, wait: Duration)

        var reason: String {
            switch self {
            case .off: "its provider is off"
            case .breaker: "its breaker is open"
            case .key(let variable, _): "the provider refused its key (\(variable))"
            }
        }

        /// Until it may be gone; nil for one that an admin must move.
        var wait: Duration? {
            switch self {
            case .off: nil
            case .breaker(let wait), .key(_, let wait): wait
            }
        }
    }

    private func obstacle(to deployment: Deployment) -> Obstacle? {
        guard deployment.isLive else { return .off }
        if let wait = benched[deployment.access] { return .key(variable: deployment.keyVariable ?? "", wait: wait) }
        guard deployment.index < health.count, case .refused(let wait) = health[deployment.index] else { return nil }
        return .breaker(wait: wait)
    }

    /// nil when nobody rests.
    private func nobodyReady(_ resting: [Obstacle], _ passedOver: [Plan.PassedOver]) -> PlanFailure? {
        guard let soonest = resting.compactMap(\.wait).min() else { return nil }
        let variables = resting.compactMap { if case .key(let variable, _) = $0 { variable } else { nil } }
        guard variables.count == resting.count else { return .allResting(retryAfter: soonest, resting: passedOver) }
        return .keysRefused(variables: Set(variables).sorted(), retryAfter: soonest)
    }

    /// A model's deployments in the order in which to ask them, behind them those that cannot be asked now.
    ///
    /// - Parameter isFirst: the plan begins with this model, so it is its turn; models further down may never be asked.
    private func inOrder(_ model: Model, _ facts: RequestFacts, isFirst: Bool) -> [Deployment] {
        guard model.deployments.count > 1 else { return model.deployments }
        let ready = model.deployments.filter { obstacle(to: $0) == nil }
        return ordered(ready, of: model, facts, isFirst: isFirst)
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
            reasons: live.map { .init(name: $0.name, reason: Chooser.shortcoming(of: $0, for: facts, measures: measures) ?? "it is off") })
    }

    private func mend(for model: Model) -> String {
        for deployment in model.deployments {
            if case .off(let mend) = catalogue.provider(deployment.provider)?.state { return mend }
        }
        return "turn one of its providers on"
    }
}
