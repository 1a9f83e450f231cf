/// What a request is expected to cost on a model, before anybody is asked.
///
/// The prompt is counted, with the agent's own. The answer is taken for as long as the model's answers of its kind were, at first
/// for as long as such answers typically are; the caller, the agent and the model may set a lower limit. Both are guesses: the
/// receipt tells the rest.
package struct CostForecast: Sendable {
    package let promptTokens: Int
    package let kind: AnswerKind
    /// Tokens of one answer; nil where neither the caller nor the agent sets a limit.
    private let outputTokenLimit: Int?
    private let choiceCount: Int
    private var warmPrompt: RequestFacts.WarmPrompt?
    private let measures: (any DeploymentMeasures)?

    /// - Parameters:
    ///   - facts: their prompt tokens include the agent's prompt.
    ///   - tier: how much work the request is; nil where nobody looked, which counts as medium.
    ///   - agent: whose limit counts where the caller sets none.
    ///   - agentIndex: its position in the catalogue.
    ///   - measures: knows how long answers were; nil takes them for typical.
    package init(
        _ facts: RequestFacts, tier: Tier? = nil, agent: Agent? = nil, agentIndex: Int? = nil,
        measures: (any DeploymentMeasures)? = nil
    ) {
        promptTokens = facts.promptTokens
        kind = AnswerKind(agent: agentIndex, tier: tier)
        outputTokenLimit = facts.outputTokenLimit ?? agent?.maxTokens
        choiceCount = facts.choiceCount
        warmPrompt = facts.warmPrompt
        self.measures = measures
    }

    /// What is expected of one model.
    package struct Expectation: Sendable, Equatable {
        /// What the length of the answer rests on.
        package enum Basis: Sendable, Equatable {
            /// Such answers usually have so many tokens.
            case typical
            /// So many answers of the kind were seen.
            case answers(Int)
            /// No answer may be longer.
            case limit
        }

        package let usage: Usage
        package let basis: Basis
        /// nil where the model's price is unknown.
        package let cost: Money?
    }

    /// The same where no provider has anything of the prompt.
    var cold: Self {
        var forecast = self
        forecast.warmPrompt = nil
        return forecast
    }

    package func expectation(on model: Model) -> Expectation {
        let (tokens, basis) = answer(on: model)
        let (all, overflow) = tokens.multipliedReportingOverflow(by: choiceCount)
        let usage = Usage(
            promptTokens: promptTokens, completionTokens: overflow ? .max : all,
            cachedPromptTokens: warmPrompt.map { $0.model == model.name ? $0.tokens : 0 } ?? 0)
        return Expectation(usage: usage, basis: basis, cost: model.price?.cost(of: usage))
    }

    /// nil where the model's price is unknown.
    package func cost(on model: Model) -> Money? { expectation(on: model).cost }

    /// Tokens of one answer.
    private func answer(on model: Model) -> (tokens: Int, basis: Expectation.Basis) {
        let (tokens, answers) = measures?.answerLength(of: model, kind) ?? (Int(kind.typicalTokens), 0)
        if let limit = limit(on: model), limit < tokens { return (limit, .limit) }
        return (tokens, answers > 0 ? .answers(answers) : .typical)
    }

    private func limit(on model: Model) -> Int? {
        switch (outputTokenLimit, model.outputWindow) {
        case (let asked?, let window?): min(asked, window)
        case (let asked, let window): asked ?? window
        }
    }

    /// What an answer of that usage teaches: the tokens of one choice, and whether a limit cut it.
    package func lesson(of usage: Usage, on model: Model) -> (tokens: Int, wasCut: Bool) {
        let tokens = usage.completionTokens / max(1, choiceCount)
        return (tokens, limit(on: model).map { tokens >= $0 } ?? false)
    }
}

extension CostForecast.Expectation {
    /// For people: `about 420 tokens of answer, as 37 before it, 0.00126 USD`.
    package var inWords: String {
        let why =
            switch basis {
            case .typical: "as is typical"
            case .answers(let count): "as \(count) before it"
            case .limit: "its limit"
            }
        let price = cost.map { "\($0.decimalUSD) USD" } ?? "at an unknown price"
        return "about \(usage.completionTokens) tokens of answer, \(why), \(price)"
    }
}
