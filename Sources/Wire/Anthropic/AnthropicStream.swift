package import Core
import NIOCore

/// Turns the events of Anthropic's stream into the chunks of OpenAI's, one by one and in order.
///
/// - Text becomes `content`, thoughts `reasoning_content` and `reasoning_signature` (see ``ReasoningTrail``), tool
///   calls fragments numbered from 0 in the order in which they began.
/// - The finish reason comes with `message_delta`; the usage, in a chunk of its own, and `[DONE]` only with
///   `message_stop`. So a stream that was cut shows no end.
/// - Pings, citations, Anthropic's own tools and what is still to come are skipped.
package struct AnthropicStream: Sendable {
    private let model: String
    private let created: Int
    /// nil until the message began.
    private var chunks: ChunkWriter?
    /// Blocks that began and did not end, by their index.
    private var blocks: [Int: Block] = [:]
    private var toolCount = 0
    private var trail = ReasoningTrail()
    private var counts = AnthropicUsage()
    private var hasFinished = false
    private var isOver = false

    private enum Block {
        case text
        case thought(bytes: Int, signature: String)
        /// With what to send as arguments if no fragment comes.
        case tool(Int, default: String?)
        case skipped
    }

    /// A provider gone mad begins blocks without end.
    private static let openBlockLimit = 1024
    /// Reads as no chunk, so that whoever counts broken events counts it.
    private static let malformed = SSEEvent(plain: SSEFrame.data(ByteBuffer(string: "an event that cannot be read")))

    /// - Parameters:
    ///   - model: the chunks' model where the provider does not name its own.
    ///   - created: the chunks' time, in seconds since 1970.
    package init(model: String, created: Int) {
        self.model = model
        self.created = created
    }

    /// What the provider counted so far: for a stream that does not come to its end.
    package var usage: Usage? { counts.usage }

    /// The chunks that an event stands for: none, one or several.
    package mutating func translate(_ event: SSEEvent) -> [SSEEvent] {
        // Some who offer this wire end it as OpenAI does; what counts is message_stop.
        if isOver || ProviderAnswer.isDone(event.data) { return [] }
        guard let root = try? JSONDocument(event.data).root, root.kind == .object else { return [Self.malformed] }
        let translated: [SSEEvent]? =
            switch root["type"]?.string ?? event.name {
            case "message_start": start(root["message"])
            case "content_block_start": startBlock(root)
            case "content_block_delta": addToBlock(root)
            case "content_block_stop": stopBlock(root)
            case "message_delta": end(root)
            case "message_stop": stop()
            case "error": fail(root)
            case nil: root["error"] == nil ? nil : fail(root)
            default: []
            }
        return translated ?? [Self.malformed]
    }

    private mutating func start(_ message: JSONValue?) -> [SSEEvent]? {
        guard chunks == nil, let message, message.kind == .object else { return nil }
        let writer = ChunkWriter(
            id: "chatcmpl-\(message["id"]?.string ?? "")", created: created, model: message["model"]?.string ?? model)
        chunks = writer
        counts.take(message["usage"])
        return [writer.delta { $0.member("role", "assistant"); $0.member("content", "") }]
    }

    private mutating func end(_ root: JSONValue) -> [SSEEvent]? {
        guard let chunks, let delta = root["delta"], delta.kind == .object else { return nil }
        counts.take(root["usage"])
        guard !hasFinished, let stop = AnthropicStop(delta) else { return [] }
        hasFinished = true
        return closeBlocks() + [chunks.delta(finish: stop.finishReason) { $0.member("refusal", stop.refusal) }]
    }

    private mutating func stop() -> [SSEEvent]? {
        guard let chunks else { return nil }
        isOver = true
        var events = closeBlocks()
        if !hasFinished { events.append(chunks.delta(finish: "stop") { _ in }) }
        if counts.isKnown { events.append(chunks.usage(counts)) }
        return events + [.done]
    }

    private mutating func fail(_ root: JSONValue) -> [SSEEvent] {
        isOver = true
        return [SSEEvent(plain: SSEFrame.data(AnthropicFailure(root).body))]
    }
}

// MARK: Blocks

extension AnthropicStream {
    private mutating func startBlock(_ root: JSONValue) -> [SSEEvent]? {
        guard let chunks, let index = root["index"]?.int, let block = root["content_block"], block.kind == .object,
            blocks.count < Self.openBlockLimit
        else { return nil }
        blocks[index] = .skipped
        switch block["type"]?.string {
        case "text":
            blocks[index] = .text
            return add("content", block["text"])
        case "thinking":
            let signature = block["signature"]?.string ?? ""
            blocks[index] = .thought(bytes: block["thinking"]?.string?.utf8.count ?? 0, signature: signature)
            return add("reasoning_content", block["thinking"])
        case "redacted_thinking":
            guard let data = block["data"]?.string else { return nil }
            let piece = trail.add(encrypted: data)
            return [chunks.delta { $0.member("reasoning_signature", piece) }]
        case "tool_use":
            guard let id = block["id"], let name = block["name"], id.isNonEmptyString, name.isNonEmptyString else {
                return nil
            }
            let input = block["input"].flatMap { $0.isEmpty ? nil : String(buffer: $0.text) }
            let tool = toolCount
            toolCount += 1
            blocks[index] = .tool(tool, default: input ?? "{}")
            return [chunks.toolCall(tool, id: id, name: name)]
        default: return []
        }
    }

    private mutating func addToBlock(_ root: JSONValue) -> [SSEEvent]? {
        guard let chunks, let index = root["index"]?.int, let delta = root["delta"], delta.kind == .object else {
            return nil
        }
        let block = blocks[index]
        if case .skipped = block { return [] }
        switch (delta["type"]?.string, block) {
        case ("text_delta", _): return delta["text"]?.kind == .string ? add("content", delta["text"]) : nil
        case ("thinking_delta", _):
            guard let text = delta["thinking"]?.string else { return nil }
            if case .thought(let bytes, let signature) = block {
                blocks[index] = .thought(bytes: bytes + text.utf8.count, signature: signature)
            }
            return add("reasoning_content", delta["thinking"])
        case ("signature_delta", .thought(let bytes, _)):
            guard let signature = delta["signature"]?.string else { return nil }
            blocks[index] = .thought(bytes: bytes, signature: signature)
            return []
        case ("input_json_delta", .tool(let tool, _)):
            guard let fragment = delta["partial_json"], fragment.kind == .string else { return nil }
            guard fragment.isNonEmptyString else { return [] }
            blocks[index] = .tool(tool, default: nil)
            return [chunks.arguments(tool) { $0.json(fragment.text) }]
        case ("input_json_delta", _): return nil
        case (nil, _): return nil
        default: return []
        }
    }

    private mutating func stopBlock(_ root: JSONValue) -> [SSEEvent]? {
        guard chunks != nil, let index = root["index"]?.int else { return nil }
        return close(blocks.removeValue(forKey: index))
    }

    /// What a block still owes when it ends.
    private mutating func close(_ block: Block?) -> [SSEEvent] {
        guard let chunks else { return [] }
        switch block {
        case .thought(let bytes, let signature):
            guard let piece = trail.add(bytes: bytes, signature: signature) else { return [] }
            return [chunks.delta { $0.member("reasoning_signature", piece) }]
        case .tool(let tool, let arguments?): return [chunks.arguments(tool) { $0.string(arguments) }]
        default: return []
        }
    }

    /// Ends the blocks that the provider left open.
    private mutating func closeBlocks() -> [SSEEvent] {
        let open = blocks.sorted { $0.key < $1.key }.map(\.value)
        blocks = [:]
        return open.flatMap { close($0) }
    }

    /// A chunk with that string, as it stands in the event; none for an empty one.
    private func add(_ name: StaticString, _ value: JSONValue?) -> [SSEEvent] {
        guard let chunks, let value, value.isNonEmptyString else { return [] }
        return [chunks.delta { $0.member(name, value) }]
    }
}

extension ChunkWriter {
    /// A tool call's first fragment.
    fileprivate func toolCall(_ index: Int, id: JSONValue, name: JSONValue) -> SSEEvent {
        delta { writer in
            writer.toolCalls(index) {
                $0.member("id", id)
                $0.member("type", "function")
                $0.key("function")
                $0.object { $0.member("name", name); $0.member("arguments", "") }
            }
        }
    }

    /// A further fragment.
    fileprivate func arguments(_ index: Int, _ fragment: (inout JSONWriter) -> Void) -> SSEEvent {
        delta { writer in
            writer.toolCalls(index) {
                $0.key("function")
                $0.object { $0.key("arguments"); fragment(&$0) }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func toolCalls(_ index: Int, _ members: (inout JSONWriter) -> Void) {
        key("tool_calls")
        array {
            $0.object {
                $0.key("index")
                $0.integer(index)
                members(&$0)
            }
        }
    }
}
