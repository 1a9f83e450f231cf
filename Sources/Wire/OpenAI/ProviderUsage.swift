import Core

/// Reads what providers of the OpenAI wire count. They agree on `prompt_tokens`, `completion_tokens` and `total_tokens`; the
/// rest goes by many names, and some count their model's thoughts outside of the completion.
extension Usage {
    /// The usage that a chunk or answer tells of, wherever it stands in it.
    ///
    /// - Parameter isLast: the chunk ends a choice. Groq and Moonshot put the usage into other places of that chunk.
    package init?(in root: JSONValue, isLast: Bool) {
        guard let value = Self.value(in: root, isLast: isLast) else { return nil }
        self.init(value)
    }

    static func value(in root: JSONValue, isLast: Bool) -> JSONValue? {
        if let usage = root["usage"], usage.kind == .object { return usage }
        guard isLast else { return nil }
        if let usage = root["x_groq"]?["usage"], usage.kind == .object { return usage }
        return root["choices"]?.children.lazy.compactMap { $0["usage"] }.first { $0.kind == .object }
    }

    /// Reads a `usage` object; nil for one without `prompt_tokens`.
    init?(_ value: JSONValue) {
        guard value.kind == .object, let prompt = value["prompt_tokens"]?.int else { return nil }
        // Mistral knows both spellings.
        let details = [value["prompt_tokens_details"], value["prompt_token_details"]].compactMap(\.self)
        let answer = value["completion_tokens_details"]
        let completion = Completion(value, prompt: prompt, answer)
        let writes = CacheWrites(value, details)
        self.init(
            promptTokens: prompt, completionTokens: completion.tokens, cachedPromptTokens: Self.cached(value, details),
            cacheWriteTokens: writes.short, longCacheWriteTokens: writes.long,
            promptAudioTokens: details.count("audio_tokens"), promptImageTokens: details.count("image_tokens"),
            reasoningTokens: completion.reasoning, completionAudioTokens: answer?["audio_tokens"]?.int ?? 0,
            charged: Self.charge(value))
    }

    /// Prompt tokens from the provider's cache: the same number under several names, as OpenAI, Moonshot, DeepSeek, Mistral
    /// and Anthropic's resellers write it.
    private static func cached(_ value: JSONValue, _ details: [JSONValue]) -> Int {
        max(
            details.count("cached_tokens"), value.count("cached_tokens"), value.count("prompt_cache_hit_tokens"),
            value.count("num_cached_tokens"), value.count("cache_read_input_tokens"))
    }

    /// What OpenRouter and others say that they charge, in dollars; xAI says it in ticks of 10⁻¹⁰ dollars.
    private static func charge(_ value: JSONValue) -> Money? {
        if let ticks = value["cost_in_usd_ticks"]?.int, ticks >= 0 { return Money(picodollars: 100) * ticks }
        guard let cost = value["cost"], let dollars = cost.double ?? cost["total_cost"]?.double, dollars >= 0 else { return nil }
        // With a key of the caller's own at the provider behind OpenRouter, its price comes on top of the fee.
        let upstream = value["is_byok"]?.bool ?? false ? value["cost_details"]?["upstream_inference_cost"]?.double ?? 0 : 0
        return Money(usd: dollars + max(0, upstream))
    }

    /// All tokens that the model wrote, and its thoughts among them.
    private struct Completion {
        var tokens: Int
        var reasoning: Int

        /// xAI, and Gemini's OpenAI wire, count thoughts in the total but not in `completion_tokens`. The total shows it; where
        /// there is none, more thoughts than completion do.
        init(_ value: JSONValue, prompt: Int, _ details: JSONValue?) {
            tokens = max(0, value.count("completion_tokens"))
            reasoning = max(details?.count("reasoning_tokens") ?? 0, value.count("reasoning_tokens"))
            guard let total = value["total_tokens"]?.int else {
                if reasoning > tokens { tokens = tokens.plus(reasoning) }
                return
            }
            let gap = total - max(0, prompt) - tokens
            if reasoning > 0 {
                if gap >= reasoning || reasoning > tokens { tokens = tokens.plus(reasoning) }
            } else if gap > 0, prompt >= 0 {
                reasoning = gap
                tokens = tokens.plus(gap)
            }
        }
    }

    /// Prompt tokens that went into the provider's cache, by how long they stay there.
    private struct CacheWrites {
        let short: Int
        let long: Int

        init(_ value: JSONValue, _ details: [JSONValue]) {
            // The second as Alibaba writes it.
            let split = details.lazy.compactMap { $0["cache_creation_token_details"] ?? $0["cache_creation"] }.first
            long = split?.count("ephemeral_1h_input_tokens") ?? 0
            let all = max(
                details.count("cache_write_tokens"), details.count("cache_creation_tokens"),
                details.count("cache_creation_input_tokens"), value.count("cache_creation_input_tokens"),
                value.count("cache_write_tokens"))
            short = max(split?.count("ephemeral_5m_input_tokens") ?? 0, all - long)
        }
    }
}

extension JSONValue {
    /// A member that counts something; 0 where there is none.
    fileprivate func count(_ name: StaticString) -> Int { self[name]?.int ?? 0 }
}

extension [JSONValue] {
    /// The larger, where several objects have the member.
    fileprivate func count(_ name: StaticString) -> Int { lazy.map { $0.count(name) }.max() ?? 0 }
}

extension Int {
    /// Saturates: counts come from outside.
    fileprivate func plus(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
