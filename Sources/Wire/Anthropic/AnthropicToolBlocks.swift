import Core
import NIOCore

extension AnthropicBlock {
    /// An assistant's `tool_calls` as `tool_use` blocks.
    static func toolCalls(of message: JSONValue, _ path: MessagePath) throws(GatewayError) -> [AnthropicBlock] {
        guard let calls = message["tool_calls"], !calls.isNull else { return [] }
        guard calls.kind == .array else {
            throw .invalid(path.field("tool_calls"), "'\(path.field("tool_calls"))' must be an array.")
        }
        var blocks: [AnthropicBlock] = []
        for (index, call) in calls.children.enumerated() {
            blocks.append(try toolCall(call, MessagePath(message: path.message, call: index)))
        }
        return blocks
    }

    private static func toolCall(_ call: JSONValue, _ path: MessagePath) throws(GatewayError) -> AnthropicBlock {
        guard let id = call["id"]?.string, !id.isEmpty else {
            throw .missing(path.field("id"), "'\(path.field())' has no 'id'.")
        }
        guard let name = call["function"]?["name"], name.isNonEmptyString else {
            throw .missing(path.field("function.name"), "'\(path.field())' must be a call of a 'function' with a 'name'.")
        }
        let input = try arguments(call["function"]?["arguments"], path.field("function.arguments"))
        return AnthropicBlock(.toolUse) {
            $0.member("type", "tool_use")
            $0.member("id", toolID(id))
            $0.member("name", name)
            $0.member("input", input)
            $0.member("cache_control", call["cache_control"])
        }
    }

    /// The arguments as an object, which Anthropic asks for; OpenAI's clients send its text.
    private static func arguments(_ value: JSONValue?, _ field: String) throws(GatewayError) -> ByteBuffer {
        guard let value, !value.isNull else { return ByteBuffer(string: "{}") }
        if value.kind == .object { return value.text }
        guard let text = value.string else {
            throw .invalid(field, "'\(field)' must be a string with a JSON object, not \(value.kind.withArticle).")
        }
        if value.isBlank { return ByteBuffer(string: "{}") }
        guard let root = try? JSONDocument(ByteBuffer(string: text)).root, root.kind == .object else {
            throw .invalid(field, "'\(field)' must be a JSON object: it cannot be read as one.")
        }
        return root.text
    }

    /// A `tool` message as the `tool_result` block of a user's turn.
    static func toolResult(_ message: JSONValue, _ path: MessagePath) throws(GatewayError) -> AnthropicBlock {
        guard let id = message["tool_call_id"]?.string, !id.isEmpty else {
            throw .missing(path.field("tool_call_id"), "'\(path.field())' has no 'tool_call_id'.")
        }
        let blocks = try AnthropicTurns.content(of: message, path)
        // A marker inside the result counts only on the result as a whole.
        let parts = message["content"].map { Array($0.children) } ?? []
        let cache = message["cache_control"] ?? parts.last { $0["cache_control"] != nil }?["cache_control"]
        return AnthropicBlock(.toolResult) { writer in
            writer.member("type", "tool_result")
            writer.member("tool_use_id", toolID(id))
            if !blocks.isEmpty {
                writer.key("content")
                writer.array { writer in
                    for block in blocks { writer.json(cache == nil ? block.json : block.withoutCacheMarker) }
                }
            }
            writer.member("is_error", message["is_error"])
            writer.member("cache_control", cache)
        }
    }

    private var withoutCacheMarker: ByteBuffer {
        guard let document = try? JSONDocument(json), document.root["cache_control"] != nil else { return json }
        return JSONWriter.text { $0.object { $0.members(of: document.root, except: ["cache_control"]) } }
    }

    /// Other providers' ids may hold characters that Anthropic refuses; call and result change alike.
    private static func toolID(_ id: String) -> String {
        let isPlain: (UInt8) -> Bool = {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
        }
        guard !id.utf8.allSatisfy(isPlain) else { return id }
        return String(decoding: id.utf8.map { isPlain($0) ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
    }
}
