package import Core
package import NIOCore

/// What one event of a provider's stream says, as far as the gateway cares.
package struct ChunkFacts: Sendable, Equatable {
    /// The first content passes the commit point: text, a refusal, reasoning, a tool call, audio.
    package var hasContent = false
    /// Some choice ended with this chunk.
    package var finishReason: String?
    /// The usage and no choices. Azure's first chunk has no choices either, but tells of its filter.
    package var isUsageOnly = false
    package var usage: Usage?
    /// The provider reports a failure inside the stream.
    package var errorMessage: String?
}

/// Reads what providers of the OpenAI wire send.
package enum ProviderAnswer {
    /// The payload that ends a stream.
    package static func isDone(_ payload: ByteBuffer) -> Bool {
        payload.readableBytesView.starts(with: "[DONE]".utf8)
    }

    /// Reads a stream's event; nil for bytes that are not a chunk.
    package static func chunk(_ payload: ByteBuffer) -> ChunkFacts? {
        guard let root = try? JSONDocument(payload).root, root.kind == .object else { return nil }
        var facts = ChunkFacts()
        if let error = root["error"], !error.isNull {
            facts.errorMessage = errorMessage(error)
            return facts
        }
        guard let choices = root["choices"], choices.kind == .array else { return nil }
        facts.usage = root["usage"].flatMap(usage)
        facts.isUsageOnly = choices.isEmpty && facts.usage != nil
        for choice in choices.children {
            if let delta = choice["delta"], hasContent(delta) { facts.hasContent = true }
            if let reason = choice["finish_reason"]?.string { facts.finishReason = reason }
        }
        return facts
    }

    /// What a whole answer says.
    package struct Whole: Sendable, Equatable {
        package var usage: Usage?
        package var finishReason: String?
        package var hasContent = false
        /// The first choice's text, for the native API.
        package var text = ""
    }

    /// Reads a whole answer; nil for bytes that are not one.
    package static func whole(_ body: ByteBuffer) -> Whole? {
        guard let root = try? JSONDocument(body).root, let choices = root["choices"], choices.kind == .array else {
            return nil
        }
        var answer = Whole(usage: root["usage"].flatMap(usage))
        for (index, choice) in choices.children.enumerated() {
            guard let message = choice["message"], message.kind == .object else { return nil }
            if hasContent(message) { answer.hasContent = true }
            if index == 0 {
                answer.text = message["content"].map(ChatMessages.text(of:)) ?? ""
                answer.finishReason = choice["finish_reason"]?.string
            }
        }
        // An empty text that the model ended on purpose is still an answer where tokens were spent on it.
        if !answer.hasContent, answer.finishReason == "length" || answer.finishReason == "content_filter" {
            answer.hasContent = true
        }
        return answer
    }

    /// The text that a chunk adds to its first choice, for the native API.
    package static func deltaText(_ payload: ByteBuffer) -> String? {
        guard let root = try? JSONDocument(payload).root, let choices = root["choices"] else { return nil }
        for choice in choices.children where choice["index"]?.int ?? 0 == 0 {
            return choice["delta"]?["content"]?.string
        }
        return nil
    }

    private static func hasContent(_ message: JSONValue) -> Bool {
        for member in message.children {
            guard let key = member.key else { continue }
            switch key {
            case "role", "name", "id": continue
            case "content":
                if member.isNonEmptyString || (member.kind == .array && !member.isEmpty) { return true }
            default:
                // Tool calls, refusals, reasoning under its several names, audio, and what is still to come.
                if member.isNonEmptyString || ((member.kind == .array || member.kind == .object) && !member.isEmpty) {
                    return true
                }
            }
        }
        return false
    }

    private static func usage(_ value: JSONValue) -> Usage? {
        guard value.kind == .object, let prompt = value["prompt_tokens"]?.int else { return nil }
        return Usage(
            promptTokens: prompt, completionTokens: value["completion_tokens"]?.int ?? 0,
            cachedPromptTokens: value["prompt_tokens_details"]?["cached_tokens"]?.int ?? 0,
            reasoningTokens: value["completion_tokens_details"]?["reasoning_tokens"]?.int ?? 0)
    }

    /// The message inside an `error` object, or the error itself where a provider sends a bare string.
    static func errorMessage(_ error: JSONValue) -> String {
        error["message"]?.string ?? error.string ?? "The provider reported an error without a message."
    }
}
