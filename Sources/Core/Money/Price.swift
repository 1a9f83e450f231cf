/// What a model charges for one token of each class.
///
/// A class, because an entry of the price list is shared by the model, the attempts and the receipts of every request.
package final class Price: Sendable, Equatable {
    /// Prices of one token.
    package struct Rates: Sendable, Equatable {
        package let prompt: Money
        package let cachedPrompt: Money
        package let cacheWrite: Money
        package let longCacheWrite: Money
        package let promptAudio: Money
        package let promptImage: Money
        package let completion: Money
        package let reasoning: Money
        package let completionAudio: Money

        /// A class without a price of its own costs what its whole does; what is kept for an hour, what is kept for five
        /// minutes does.
        package init(
            prompt: Money, completion: Money, cachedPrompt: Money? = nil, cacheWrite: Money? = nil,
            longCacheWrite: Money? = nil, promptAudio: Money? = nil, promptImage: Money? = nil, reasoning: Money? = nil,
            completionAudio: Money? = nil
        ) {
            self.prompt = prompt
            self.cachedPrompt = cachedPrompt ?? prompt
            self.cacheWrite = cacheWrite ?? prompt
            self.longCacheWrite = longCacheWrite ?? self.cacheWrite
            self.promptAudio = promptAudio ?? prompt
            self.promptImage = promptImage ?? prompt
            self.completion = completion
            self.reasoning = reasoning ?? completion
            self.completionAudio = completionAudio ?? completion
        }

        package subscript(tokenClass: TokenClass) -> Money {
            switch tokenClass {
            case .prompt: prompt
            case .cacheRead: cachedPrompt
            case .cacheWrite: cacheWrite
            case .longCacheWrite: longCacheWrite
            case .promptAudio: promptAudio
            case .promptImage: promptImage
            case .completion: completion
            case .reasoning: reasoning
            case .completionAudio: completionAudio
            }
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

    /// The rates for a call with so long a prompt, cached tokens included.
    package func rates(forPrompt tokens: Int) -> Rates {
        longPrompts.last { tokens > $0.above }?.rates ?? rates
    }

    /// What this usage costs: the sum over the classes, saturating.
    package func cost(of usage: Usage) -> Money {
        let rates = rates(forPrompt: usage.promptTokens)
        var sum = Money.zero
        for tokenClass in Self.classes { sum = sum + rates[tokenClass] * usage[tokenClass] }
        return sum
    }

    private static let classes = TokenClass.allCases

    package static func == (left: Price, right: Price) -> Bool {
        left === right || left.rates == right.rates && left.source == right.source && left.date == right.date
            && left.longPrompts.elementsEqual(right.longPrompts) { $0.above == $1.above && $0.rates == $1.rates }
    }
}
