/// Orders models for a request: able ones only, good enough and cheap first, then what is left by strength.
package enum Chooser {
    /// The quality, 0…100, that the request asks of its model.
    ///
    /// The agent's tier is the prior, the request's own complexity moves it; one that was not judged stands for itself. `cost_bias` 0.5 leaves the result as it
    /// is, 1 asks for nothing (the cheapest able model), 0 for the strongest.
    package static func qualityNeeded(
        complexity: Complexity, agent: Agent?, priority: RequestFacts.Priority, costBias: Double
    ) -> Int {
        let judged = complexity.isJudged ? agent.map { (complexity.score + typicalScore(of: $0.tier)) / 2 } : nil
        let prior = judged ?? complexity.score
        var needed = 25 + 65 * prior
        switch priority {
        case .quick: needed = min(needed, 35)
        case .normal: break
        case .high: needed += 15
        case .premium: needed = 100
        }
        if costBias > 0.5, priority != .premium { needed *= 2 * (1 - costBias) }
        if costBias < 0.5 { needed += (0.5 - costBias) * 2 * max(0, 95 - needed) }
        return Int(min(100, max(0, needed)))
    }

    private static func typicalScore(of tier: Tier) -> Double {
        switch tier {
        case .simple: 0.2
        case .medium: 0.5
        case .complex: 0.8
        }
    }

    /// The live models that can serve the request, best choice first.
    ///
    /// - Parameter measures: knows how models count tokens and how quick they are; nil takes all for alike.
    package static func rank(
        _ models: [Model], for facts: RequestFacts, forecast: CostForecast, qualityNeeded: Int,
        measures: (any DeploymentMeasures)? = nil
    ) -> [Model] {
        order(
            models.filter { $0.isLive && shortcoming(of: $0, for: facts, measures: measures) == nil }, by: forecast,
            qualityNeeded: qualityNeeded
        ) { model in measures.map { slowness(of: model, for: facts, by: $0) } ?? 1 }
    }

    /// - Parameter slowness: what a model's cost is multiplied by.
    private static func order(
        _ models: [Model], by forecast: CostForecast, qualityNeeded: Int, slowness: (Model) -> Double = { _ in 1 }
    ) -> [Model] {
        // Once for each: what is expected may change while they are sorted.
        let priced = models.map { model in
            (model: model, cost: forecast.cost(on: model).map { Double($0.picodollars) * slowness(model) } ?? .infinity)
        }
        return priced.sorted { left, right in
            let (first, second) = (left.model, right.model)
            return switch (first.quality >= qualityNeeded, second.quality >= qualityNeeded) {
            case (true, false): true
            case (false, true): false
            case (true, true):
                (left.cost, -first.quality, first.index) < (right.cost, -second.quality, second.index)
            case (false, false):
                (-first.quality, left.cost, first.index) < (-second.quality, right.cost, second.index)
            }
        }.map(\.model)
    }

    /// How much dearer a wait makes a model: one that takes as long as the caller's patience counts double. One with a
    /// deployment that nothing was measured of counts as quick.
    private static func slowness(of model: Model, for facts: RequestFacts, by measures: any DeploymentMeasures) -> Double {
        let patience: Double = facts.priority == .quick ? 2 : 20
        let latencies = model.deployments.lazy.filter(\.isLive).map { measures.load(of: $0, isStream: facts.isStream).latency }
        return 1 + (latencies.min() ?? 0) / patience
    }

    /// What keeps the model from serving the request; nil when it can.
    ///
    /// - Parameter measures: knows how the model counts tokens; nil takes the estimate as it is.
    package static func shortcoming(
        of model: Model, for facts: RequestFacts, measures: (any DeploymentMeasures)? = nil
    ) -> Plan.Why? {
        let missing = facts.needs.subtracting(model.abilities)
        if !missing.isEmpty { return .lacks(missing) }
        // No model counts more than twice the estimate, so a prompt of half a window needs no second look.
        if let window = model.inputWindow, facts.promptTokens > window / 2 {
            let tokens = TokenCorrection.corrected(facts.promptTokens, by: measures?.tokenFactor(of: model) ?? 1)
            if tokens > window { return .tooLong(window: window, tokens: tokens) }
        }
        return nil
    }

    /// The models that can stand in for `model` when it fails: those of its strength (10 points less at most) by
    /// price, then weaker ones by strength. Health, abilities and context are looked at with each request.
    static func standIns(for model: Model, among models: [Model]) -> [Int] {
        let typical = RequestFacts(target: .auto, promptTokens: 1000)
        let others = models.filter { $0.index != model.index && $0.isLive }
        return order(others, by: CostForecast(typical), qualityNeeded: model.quality - 10).map(\.index)
    }
}
