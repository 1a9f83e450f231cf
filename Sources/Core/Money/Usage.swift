/// The tokens of one call: the wholes, and the parts of them that may be priced apart.
///
/// The parts never overlap and never exceed their whole; what is in none of them is plain text.
package struct Usage: Sendable, Equatable {
    /// All prompt tokens, cached ones included (the OpenAI way of counting).
    package let promptTokens: Int
    /// All completion tokens, reasoning included.
    package let completionTokens: Int
    /// The part of the prompt that the provider read from its cache.
    package let cachedPromptTokens: Int
    /// The part of the prompt that it wrote to its cache for five minutes, or does not say for how long.
    package let cacheWriteTokens: Int
    /// The part of the prompt that it wrote to its cache for an hour.
    package let longCacheWriteTokens: Int
    package let promptAudioTokens: Int
    package let promptImageTokens: Int
    /// The part of the completion that was reasoning.
    package let reasoningTokens: Int
    package let completionAudioTokens: Int
    /// What the provider says that it charges for the call; nil where it leaves that to its price list.
    package let charged: Money?

    /// Counts below zero are nonsense and read as zero. Parts of the prompt that together exceed it give way in the order of
    /// the parameters: audio that came from the cache is counted as cached.
    package init(
        promptTokens: Int, completionTokens: Int, cachedPromptTokens: Int = 0, cacheWriteTokens: Int = 0,
        longCacheWriteTokens: Int = 0, promptAudioTokens: Int = 0, promptImageTokens: Int = 0, reasoningTokens: Int = 0,
        completionAudioTokens: Int = 0, charged: Money? = nil
    ) {
        self.promptTokens = max(0, promptTokens)
        self.completionTokens = max(0, completionTokens)
        var rest = self.promptTokens
        self.cachedPromptTokens = rest.take(cachedPromptTokens)
        self.cacheWriteTokens = rest.take(cacheWriteTokens)
        self.longCacheWriteTokens = rest.take(longCacheWriteTokens)
        self.promptAudioTokens = rest.take(promptAudioTokens)
        self.promptImageTokens = rest.take(promptImageTokens)
        rest = self.completionTokens
        self.reasoningTokens = rest.take(reasoningTokens)
        self.completionAudioTokens = rest.take(completionAudioTokens)
        self.charged = charged
    }

    package var totalTokens: Int {
        let (sum, overflow) = promptTokens.addingReportingOverflow(completionTokens)
        return overflow ? .max : sum
    }

    /// The tokens of one class; those of all classes are ``totalTokens``.
    package subscript(tokenClass: TokenClass) -> Int {
        switch tokenClass {
        case .prompt:
            promptTokens - cachedPromptTokens - cacheWriteTokens - longCacheWriteTokens - promptAudioTokens
                - promptImageTokens
        case .cacheRead: cachedPromptTokens
        case .cacheWrite: cacheWriteTokens
        case .longCacheWrite: longCacheWriteTokens
        case .promptAudio: promptAudioTokens
        case .promptImage: promptImageTokens
        case .completion: completionTokens - reasoningTokens - completionAudioTokens
        case .reasoning: reasoningTokens
        case .completionAudio: completionAudioTokens
        }
    }

    /// This prompt with a completion of at least so many tokens: for a call that broke off before it counted its last ones.
    package func reaching(completion: Int, reasoning: Int) -> Usage {
        Usage(
            promptTokens: promptTokens, completionTokens: max(completionTokens, completion),
            cachedPromptTokens: cachedPromptTokens, cacheWriteTokens: cacheWriteTokens,
            longCacheWriteTokens: longCacheWriteTokens, promptAudioTokens: promptAudioTokens,
            promptImageTokens: promptImageTokens, reasoningTokens: max(reasoningTokens, reasoning),
            completionAudioTokens: completionAudioTokens)
    }
}

extension Int {
    /// Takes as much as there is of `part`, nothing where it is negative.
    fileprivate mutating func take(_ part: Int) -> Int {
        let taken = Swift.min(Swift.max(0, part), self)
        self -= taken
        return taken
    }
}
