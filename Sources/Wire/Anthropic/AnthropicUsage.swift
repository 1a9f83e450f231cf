import Core
import NIOCore

/// The tokens of one answer, as Anthropic counts them.
///
/// Its `input_tokens` leave out what was read from the cache or written to it; OpenAI's `prompt_tokens` hold all. In a
/// stream each count is cumulative and may come several times, or not at all: the largest is the last.
struct AnthropicUsage: Sendable {
    private var input = 0
    private var cacheReads = 0
    private var cacheWrites = 0
    /// By how long they are kept, which has its price; nil where the provider does not say.
    private var shortWrites: Int?
    private var longWrites: Int?
    private var output = 0
    private var thinking: Int?
    /// Calls of Anthropic's own tools, which cost on top.
    private var serverTools: ByteBuffer?
    /// Whether the provider told anything.
    private(set) var isKnown = false

    /// Takes a `usage` object.
    mutating func take(_ value: JSONValue?) {
        guard let value, value.kind == .object else { return }
        isKnown = true
        input = Self.larger(input, value["input_tokens"])
        output = Self.larger(output, value["output_tokens"])
        cacheReads = Self.larger(cacheReads, value["cache_read_input_tokens"])
        cacheWrites = Self.larger(cacheWrites, value["cache_creation_input_tokens"])
        if let split = value["cache_creation"], split.kind == .object {
            shortWrites = Self.larger(shortWrites ?? 0, split["ephemeral_5m_input_tokens"])
            longWrites = Self.larger(longWrites ?? 0, split["ephemeral_1h_input_tokens"])
            cacheWrites = max(cacheWrites, (shortWrites ?? 0) + (longWrites ?? 0))
        }
        if let thoughts = value["output_tokens_details"]?["thinking_tokens"] {
            thinking = Self.larger(thinking ?? 0, thoughts)
        }
        if let tools = value["server_tool_use"], tools.kind == .object, !tools.isEmpty { serverTools = tools.text }
    }

    private static func larger(_ known: Int, _ value: JSONValue?) -> Int { max(known, value?.int ?? 0) }

    private var prompt: Int { input + cacheReads + cacheWrites }

    /// For the gateway's own accounts.
    var usage: Usage? {
        guard isKnown else { return nil }
        return Usage(
            promptTokens: prompt, completionTokens: output, cachedPromptTokens: cacheReads,
            cacheWriteTokens: cacheWrites - (longWrites ?? 0), longCacheWriteTokens: longWrites ?? 0,
            reasoningTokens: thinking ?? 0)
    }

    /// OpenAI's `usage`, with the cache's writes beside its reads.
    func write(into writer: inout JSONWriter) {
        writer.object { writer in
            writer.count("prompt_tokens", prompt)
            writer.count("completion_tokens", output)
            writer.count("total_tokens", prompt + output)
            writer.key("prompt_tokens_details")
            writer.object { writer in
                writer.count("cached_tokens", cacheReads)
                writer.count("cache_creation_tokens", cacheWrites)
                guard let shortWrites, let longWrites else { return }
                writer.key("cache_creation_token_details")
                writer.object {
                    $0.count("ephemeral_5m_input_tokens", shortWrites)
                    $0.count("ephemeral_1h_input_tokens", longWrites)
                }
            }
            if let thinking {
                writer.key("completion_tokens_details")
                writer.object { $0.count("reasoning_tokens", thinking) }
            }
            writer.member("server_tool_use", serverTools)
        }
    }
}

extension JSONWriter {
    fileprivate mutating func count(_ name: StaticString, _ value: Int) {
        key(name)
        integer(value)
    }
}
