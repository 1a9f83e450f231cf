import Core
import NIOCore

/// The `messages` of a request, checked and counted.
struct ChatMessages {
    let value: JSONValue
    private(set) var count = 0
    /// All texts and tool calls.
    private(set) var text = TokenEstimate()
    private(set) var images = 0
    private(set) var needs: Abilities = []

    private static let roles: Set<String> = ["system", "developer", "user", "assistant", "tool", "function"]

    init(of root: JSONValue) throws(GatewayError) {
        guard let value = root["messages"], !value.isNull else {
            throw .missing("messages", "You must send 'messages', an array with at least one message.")
        }
        guard value.kind == .array else {
            throw .invalid("messages", "'messages' must be an array, not \(value.kind.withArticle).")
        }
        guard !value.isEmpty else { throw .invalid("messages", "'messages' is empty; send at least one message.") }
        self.value = value
        for (index, message) in value.children.enumerated() {
            try read(message, "messages[\(index)]")
            count += 1
        }
    }

    private mutating func read(_ message: JSONValue, _ path: @autoclosure () -> String) throws(GatewayError) {
        guard message.kind == .object else {
            throw .invalid(path(), "'\(path())' must be an object, not \(message.kind.withArticle).")
        }
        guard let role = message["role"] else {
            throw .missing("\(path()).role", "'\(path())' has no 'role'.")
        }
        guard let name = role.string, Self.roles.contains(name) else {
            throw .invalid(
                "\(path()).role",
                "'\(path()).role' must be one of \(Self.roles.sorted().joined(separator: ", ")), not \(role.quoted).")
        }
        if let calls = message["tool_calls"] { readToolCalls(calls) }
        guard let content = message["content"], !content.isNull else {
            // An assistant's turn may consist of tool calls, a refusal or audio alone.
            if name == "assistant" || name == "function" { return }
            throw .missing("\(path()).content", "'\(path())' has no 'content'.")
        }
        try readContent(content, "\(path()).content")
    }

    private mutating func readContent(_ content: JSONValue, _ path: @autoclosure () -> String) throws(GatewayError) {
        switch content.kind {
        case .string:
            content.add(to: &text)
        case .array:
            for (index, part) in content.children.enumerated() {
                guard part.kind == .object, let type = part["type"]?.string else {
                    throw .invalid("\(path())[\(index)]", "'\(path())[\(index)]' must be an object with a 'type'.")
                }
                readPart(part, type: type)
            }
        default:
            throw .invalid(path(), "'\(path())' must be a string or an array of parts, not \(content.kind.withArticle).")
        }
    }

    private mutating func readPart(_ part: JSONValue, type: String) {
        switch type {
        case "image_url":
            images += 1
            needs.insert(.vision)
        case "input_audio":
            needs.insert(.audio)
        default:
            part["text"]?.add(to: &text)
        }
    }

    /// What was called, and with which arguments, is part of the prompt.
    private mutating func readToolCalls(_ calls: JSONValue) {
        for call in calls.children {
            guard let function = call["function"] else { continue }
            function["name"]?.add(to: &text)
            function["arguments"]?.add(to: &text)
        }
    }

    /// A content's text: itself, or its text parts joined by line feeds.
    static func text(of content: JSONValue) -> String {
        if let text = content.string { return text }
        return content.children.compactMap { $0["text"]?.string }.joined(separator: "\n")
    }
}

extension JSONValue {
    /// Counts a string's characters, or any other value as it stands.
    func add(to estimate: inout TokenEstimate) {
        let range = kind == .string ? range.lowerBound + 1..<range.upperBound - 1 : range
        document.bytes.withUnsafeReadableBytes {
            estimate.add(UnsafeRawBufferPointer(rebasing: $0[range]), isEscaped: kind == .string)
        }
    }

    /// A short value as it stands in the text, for error messages; long ones are cut.
    var quoted: String {
        let text = String(buffer: self.text)
        return text.count <= 40 ? text : text.prefix(40) + "…"
    }
}
