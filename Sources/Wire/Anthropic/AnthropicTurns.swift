import Core
import NIOCore

/// A conversation in Anthropic's shape: the instructions apart, and turns whose roles alternate.
///
/// - System and developer messages move to the front, wherever they stood.
/// - Messages of one role in a row become one turn, tool results at its start, as Anthropic asks.
/// - Texts without visible characters are left out, and messages that hold nothing else.
/// - A conversation that ends with the assistant's words asks for their continuation, and stays so; white space at
///   its end, which Anthropic refuses, is cut off.
struct AnthropicTurns {
    enum Role: String { case user, assistant }

    struct Turn {
        let role: Role
        var blocks: [AnthropicBlock]
    }

    private(set) var system: [AnthropicBlock] = []
    private(set) var turns: [Turn] = []

    /// - Parameter instruction: of the gateway's own, behind all others.
    init(_ request: ChatRequest, agent: Agent?, instruction: String?) throws(GatewayError) {
        for (index, message) in request.messages.children.enumerated() {
            try add(message, MessagePath(message: index))
        }
        if turns.isEmpty {
            // Anthropic answers turns, not instructions alone.
            append(.user, system)
            system = []
        }
        trimPrefill()
        guard !turns.isEmpty else {
            throw .invalid("messages", "'messages' must hold at least one message with content.")
        }
        if let own = request.document.root["system"], !own.isNull { try addFirst(own) }
        if let agent { system.insert(.text(agent.prompt), at: 0) }
        if let instruction { system.append(.text(instruction)) }
    }

    /// Whether the last words are the assistant's, to be continued.
    var isPrefill: Bool { turns.last?.role == .assistant }

    /// Whether the assistant called a tool without a thought that came along: such a turn cannot go on thinking on a
    /// budget.
    var callsToolUnthinking: Bool {
        guard let last = turns.last(where: { $0.role == .assistant }) else { return false }
        return last.blocks.contains { $0.kind == .toolUse } && last.blocks.first?.kind != .thinking
    }

    private mutating func add(_ message: JSONValue, _ path: MessagePath) throws(GatewayError) {
        switch message["role"]?.string {
        case "system", "developer":
            let blocks = try Self.content(of: message, path)
            guard blocks.allSatisfy({ $0.kind == .text }) else {
                throw .invalid(path.field("content"), "'\(path.field("content"))' must be text: it is an instruction.")
            }
            system += blocks
        case "user": append(.user, try Self.content(of: message, path))
        case "assistant":
            append(.assistant, AnthropicBlock.thoughts(of: message))
            append(.assistant, try Self.content(of: message, path))
            if let refusal = message["refusal"] { append(.assistant, [AnthropicBlock.text(refusal)].compactMap(\.self)) }
            append(.assistant, try AnthropicBlock.toolCalls(of: message, path))
        case "tool": append(try AnthropicBlock.toolResult(message, path))
        default:
            throw .invalid(
                path.field("role"), "'\(path.field("role"))' must not be 'function': send the result with the role 'tool'.")
        }
    }

    /// The message's content as blocks.
    static func content(of message: JSONValue, _ path: MessagePath) throws(GatewayError) -> [AnthropicBlock] {
        guard let content = message["content"], !content.isNull else { return [] }
        if content.kind == .string {
            return AnthropicBlock.text(content, cache: message["cache_control"]).map { [$0] } ?? []
        }
        var blocks: [AnthropicBlock] = []
        for (index, part) in content.children.enumerated() {
            if let block = try block(part, MessagePath(message: path.message, part: index)) { blocks.append(block) }
        }
        return blocks
    }

    /// A part as a block. One whose type is none of OpenAI's is Anthropic's own and passes untouched.
    private static func block(_ part: JSONValue, _ path: MessagePath) throws(GatewayError) -> AnthropicBlock? {
        switch part["type"]?.string {
        case "text", "refusal":
            guard let text = part["text"] ?? part["refusal"], text.kind == .string else {
                throw .missing(path.field("text"), "'\(path.field())' has no 'text'.")
            }
            return .text(text, cache: part["cache_control"])
        case "image_url": return try .image(part, path)
        case "file": return try .file(part, path)
        case "input_audio":
            throw .invalid(path.field(), "'\(path.field())' is audio, which this model's provider does not take.")
        case "thinking", "redacted_thinking": return AnthropicBlock(.thinking, part.text)
        case "tool_use": return AnthropicBlock(.toolUse, part.text)
        case "tool_result": return AnthropicBlock(.toolResult, part.text)
        default: return AnthropicBlock(.other, part.text)
        }
    }

    /// A `system` field of the caller's own, as Anthropic has it.
    private mutating func addFirst(_ own: JSONValue) throws(GatewayError) {
        switch own.kind {
        case .string: system.insert(contentsOf: [AnthropicBlock.text(own)].compactMap(\.self), at: 0)
        case .array: system.insert(contentsOf: own.children.map { AnthropicBlock(.other, $0.text) }, at: 0)
        default: throw .invalid("system", "'system' must be a string or an array, not \(own.kind.withArticle).")
        }
    }

    private mutating func append(_ role: Role, _ blocks: [AnthropicBlock]) {
        guard !blocks.isEmpty else { return }
        if turns.last?.role == role {
            turns[turns.count - 1].blocks += blocks
        } else {
            turns.append(Turn(role: role, blocks: blocks))
        }
    }

    private mutating func append(_ result: AnthropicBlock) {
        guard let last = turns.indices.last, turns[last].role == .user else { return append(.user, [result]) }
        let place = turns[last].blocks.firstIndex { $0.kind != .toolResult } ?? turns[last].blocks.endIndex
        turns[last].blocks.insert(result, at: place)
    }

    private mutating func trimPrefill() {
        while let last = turns.last, last.role == .assistant {
            guard let block = last.blocks.last else {
                turns.removeLast()
                continue
            }
            guard block.kind == .text else { return }
            turns[turns.count - 1].blocks.removeLast()
            if let trimmed = block.trimmed { return turns[turns.count - 1].blocks.append(trimmed) }
        }
    }
}
