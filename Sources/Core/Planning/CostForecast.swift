/// What a request is expected to cost on a model, before anybody is asked.
///
/// The prompt is counted, with the agent's own. The answer is taken for as long as answers to requests of its kind
/// typically are, unless the caller, the agent or the model sets a lower limit. Both are guesses: the receipt tells the rest.
package struct CostForecast: Sendable, Equatable {
    package let promptTokens: Int
    /// Of one answer, before the model's own limit.
    private let outputTokens: Int
    private let choiceCount: Int
    private let warmPrompt: RequestFacts.WarmPrompt?

    /// - Parameters:
    ///   - tier: how much work the request is; nil where nobody looked, which counts as medium.
    ///   - agent: whose prompt and limit come on top.
    package init(_ facts: RequestFacts, tier: Tier? = nil, agent: Agent? = nil) {
        promptTokens = facts.promptTokens + (agent?.promptTokens ?? 0)
        let limit = facts.outputTokenLimit ?? agent?.maxTokens ?? .max
        outputTokens = min(limit, Self.typicalOutput(of: tier ?? .medium))
        choiceCount = facts.choiceCount
        warmPrompt = facts.warmPrompt
    }

    /// Tokens that an answer usually has.
    private static func typicalOutput(of tier: Tier) -> Int {
        switch tier {
        case .simple: 250
        case .medium: 500
        case .complex: 1000
        }
    }

    /// The tokens that the model is expected to use.
    package func usage(on model: Model) -> Usage {
        Usage(
            promptTokens: promptTokens, completionTokens: min(outputTokens, model.outputWindow ?? .max) * choiceCount,
            cachedPromptTokens: warmPrompt.map { $0.model == model.name ? $0.tokens : 0 } ?? 0)
    }

    /// nil where the model's price is unknown.
    package func cost(on model: Model) -> Money? {
        model.price?.cost(of: usage(on: model))
    }
}
