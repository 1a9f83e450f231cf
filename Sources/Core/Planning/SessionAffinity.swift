/// Whether a conversation stays with the model that answered its last turn, because that model's provider still has the
/// conversation in its prompt cache.
package enum SessionAffinity {
    /// What is known of the conversation's last turn.
    package struct LastTurn: Sendable, Equatable {
        /// Prompt tokens that the provider read or wrote: what it can read from its cache now.
        package let cachedTokens: Int
        package let since: Duration
        /// How long the provider keeps a prompt: five minutes with most.
        package let cacheLife: Duration

        package init(cachedTokens: Int, since: Duration, cacheLife: Duration = .seconds(300)) {
            self.cachedTokens = cachedTokens
            self.since = since
            self.cacheLife = cacheLife
        }

        /// Nothing is left of a cache whose time is over, and never more than the prompt.
        func cached(of promptTokens: Int) -> Int { since < cacheLife ? min(max(0, cachedTokens), promptTokens) : 0 }
    }

    /// What became of the question, and why, in words.
    package enum Decision: Sendable, Equatable {
        case stay(String)
        case move(String)
    }

    /// Turns that a conversation is taken to last from here: what one turn loses by moving, the next ones may win back.
    package static let turns = 3

    /// Decides for one turn.
    ///
    /// - Parameters:
    ///   - model: that answered the last turn.
    ///   - candidate: that the chooser would take now.
    ///   - qualityNeeded: 0…100, as the chooser found for this turn.
    ///   - usage: what this turn is expected to take; its cached tokens do not matter.
    package static func decide(
        from model: Model, after last: LastTurn, to candidate: Model, qualityNeeded: Int, usage: Usage
    ) -> Decision {
        if model.index == candidate.index { return .stay("the same model") }
        guard model.isLive else { return .move("its model is off") }
        guard model.quality >= qualityNeeded || model.quality >= candidate.quality else {
            return .move("the turn needs a stronger model")
        }
        let cached = last.cached(of: usage.promptTokens)
        guard cached > 0 else { return .move("nothing of it is cached any more") }
        guard let stay = cost(of: usage, on: model, cachedAtFirst: cached),
            let move = cost(of: usage, on: candidate, cachedAtFirst: 0)
        else { return .stay("the prices are not known, its cache is") }
        return stay <= move ? .stay("its cached prompt is worth more than a move") : .move("a move is cheaper even without a cache")
    }

    /// The cost of the coming turns: the first with what is cached now, the others with all of the prompt cached.
    private static func cost(of usage: Usage, on model: Model, cachedAtFirst: Int) -> Money? {
        guard let price = model.price else { return nil }
        func turn(cached: Int) -> Money {
            price.cost(
                of: Usage(
                    promptTokens: usage.promptTokens, completionTokens: usage.completionTokens, cachedPromptTokens: cached))
        }
        return turn(cached: cachedAtFirst) + turn(cached: usage.promptTokens) * (turns - 1)
    }
}
