import Core

/// What becomes of a request's top-level fields on their way to Anthropic: the one table.
///
/// A field that stands in neither list is none of OpenAI's, so it is taken for Anthropic's own (`mcp_servers`,
/// `container`, `context_management`, `cache_control`, `inference_geo`, what is still to come) and passed through
/// untouched.
enum AnthropicFields {
    /// Read and translated, each by the type that is named.
    static let translated: Set<String> = [
        // AnthropicRequest
        "model", "stream", "temperature", "top_p", "top_k", "stop", "stop_sequences", "user", "safety_identifier",
        "metadata", "service_tier", "output_config",
        // AnthropicTurns
        "messages", "system",
        // AnthropicTools
        "tools", "tool_choice", "parallel_tool_calls",
        // AnthropicEffort
        "max_tokens", "max_completion_tokens", "reasoning_effort", "thinking",
        // AnthropicFormat
        "response_format",
    ]

    /// OpenAI's, without a counterpart: the answer is good without them, so they are left out.
    static let dropped: Set<String> = [
        "audio", "frequency_penalty", "logit_bias", "logprobs", "modalities", "moderation", "n", "prediction",
        "presence_penalty", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "seed", "store",
        "stream_options", "top_logprobs", "verbosity", "web_search_options",
    ]

    /// OpenAI's retired forms, by what took their place: refused, since without them the answer would be another.
    static let refused = ["functions": "tools", "function_call": "tool_choice"]

    /// All that does not reach Anthropic under its own name unless it is translated; `quintet` is the gateway's.
    static let handled = translated.union(dropped).union(refused.keys).union(ChatRequest.ownFields)

    /// Refuses what would get another answer than the one that was asked for.
    static func check(_ root: JSONValue) throws(GatewayError) {
        if let n = root["n"]?.int, n > 1 {
            throw .invalid("n", "'n' must be 1: this model's provider gives one answer to a request.")
        }
        for member in root.children where !member.isNull {
            guard let name = member.key, let successor = refused[name] else { continue }
            throw .invalid(name, "'\(name)' is not known to this model's provider; send '\(successor)' instead.")
        }
    }
}
