/// The tokens of one call, as the provider counted them.
package struct Usage: Sendable, Equatable {
    /// All prompt tokens, cached ones included (the OpenAI way of counting).
    package var promptTokens: Int
    /// All completion tokens, reasoning included.
    package var completionTokens: Int
    /// The part of the prompt that the provider read from its cache.
    package var cachedPromptTokens: Int
    /// The part of the completion that was reasoning.
    package var reasoningTokens: Int

    /// Counts below zero are nonsense and read as zero; a part never exceeds its whole.
    package init(promptTokens: Int, completionTokens: Int, cachedPromptTokens: Int = 0, reasoningTokens: Int = 0) {
        self.promptTokens = max(0, promptTokens)
        self.completionTokens = max(0, completionTokens)
        self.cachedPromptTokens = min(max(0, cachedPromptTokens), self.promptTokens)
        self.reasoningTokens = min(max(0, reasoningTokens), self.completionTokens)
    }

    package var totalTokens: Int {
        let (sum, overflow) = promptTokens.addingReportingOverflow(completionTokens)
        return overflow ? .max : sum
    }
}

/// What a model charges for one token of each class.
package struct Price: Sendable, Equatable {
    /// Prices of one token.
    package struct Rates: Sendable, Equatable {
        package let prompt: Money
        package let completion: Money
        /// For prompt tokens read from the provider's cache; the prompt's own price where the model has no other.
        package let cachedPrompt: Money

        package init(prompt: Money, completion: Money, cachedPrompt: Money? = nil) {
            self.prompt = prompt
            self.completion = completion
            self.cachedPrompt = cachedPrompt ?? prompt
        }
    }

    package let rates: Rates
    /// Other prices for the whole request when its prompt is longer than `above` tokens, shortest first.
    package let longPrompts: [(above: Int, rates: Rates)]
    /// Where the price was read and on what date, for receipts.
    package let source: String?
    package let date: String?

    package init(
        _ rates: Rates, longPrompts: [(above: Int, rates: Rates)] = [], source: String? = nil, date: String? = nil
    ) {
        self.rates = rates
        self.longPrompts = longPrompts.sorted { $0.above < $1.above }
        self.source = source
        self.date = date
    }

    /// What this usage costs.
    package func cost(of usage: Usage) -> Money {
        let rates = longPrompts.last { usage.promptTokens > $0.above }?.rates ?? rates
        return rates.prompt * (usage.promptTokens - usage.cachedPromptTokens)
            + rates.cachedPrompt * usage.cachedPromptTokens + rates.completion * usage.completionTokens
    }

    package static func == (left: Price, right: Price) -> Bool {
        left.rates == right.rates && left.source == right.source && left.date == right.date
            && left.longPrompts.elementsEqual(right.longPrompts) { $0.above == $1.above && $0.rates == $1.rates }
    }
}
