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
    package static func rank(
        _ models: [Model], for facts: RequestFacts, qualityNeeded: Int, measures: (any DeploymentMeasures)? = nil
    ) -> [Model] {
        order(
            models.filter { $0.isLive && shortcoming(of: $0, for: facts, measures: measures) == nil }, for: facts,
            qualityNeeded: qualityNeeded)
    }

    private static func order(_ models: [Model], for facts: RequestFacts, qualityNeeded: Int) -> [Model] {
        let costs = Dictionary(
            models.map { ($0.index, expectedCost(of: $0, for: facts) ?? Money(picodollars: .max)) }) { first, _ in first }
        func cost(_ model: Model) -> Money { costs[model.index] ?? .zero }
        return models.sorted { left, right in
            switch (left.quality >= qualityNeeded, right.quality >= qualityNeeded) {
            case (true, false): true
            case (false, true): false
            case (true, true):
                (cost(left), -left.quality, left.index) < (cost(right), -right.quality, right.index)
            case (false, false):
                (-left.quality, cost(left), left.index) < (-right.quality, cost(right), right.index)
            }
        }
    }

    /// What keeps the model from serving the request, in words; nil when it can.
    ///
    /// - Parameter measures: knows how the model counts tokens; nil takes the estimate as it is.
    package static func shortcoming(
        of model: Model, for facts: RequestFacts, measures: (any DeploymentMeasures)? = nil
    ) -> String? {
        let missing = facts.needs.subtracting(model.abilities)
        if !missing.isEmpty { return "it has no " + missing.names.joined(separator: ", ") }
        // No model counts more than twice the estimate, so a prompt of half a window needs no second look.
        if let window = model.inputWindow, facts.promptTokens > window / 2 {
            let tokens = TokenCorrection.corrected(facts.promptTokens, by: measures?.tokenFactor(of: model) ?? 1)
            if tokens > window { return "it reads \(window) tokens, the request has about \(tokens)" }
        }
        return nil
    }

    /// Tokens that an answer usually has, where the caller sets no limit.
    static let typicalOutputTokens = 500

    /// What the request would cost on the model; nil where its price is unknown.
    package static func expectedCost(of model: Model, for facts: RequestFacts) -> Money? {
        let output = min(facts.outputTokenLimit ?? typicalOutputTokens, typicalOutputTokens)
        return model.price?.cost(of: Usage(promptTokens: facts.promptTokens, completionTokens: output))
    }

    /// The models that can stand in for `model` when it fails: those of its strength (10 points less at most) by
    /// price, then weaker ones by strength. Health, abilities and context are looked at with each request.
    static func standIns(for model: Model, among models: [Model]) -> [Int] {
        let typical = RequestFacts(target: .auto, promptTokens: 1000)
        let others = models.filter { $0.index != model.index && $0.isLive }
        return order(others, for: typical, qualityNeeded: model.quality - 10).map(\.index)
    }
}
