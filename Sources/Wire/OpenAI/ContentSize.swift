/// How many bytes of an answer there are: what tokens are estimated by where nobody counted them.
package struct ContentSize: Sendable, Equatable {
    /// Text, tool calls and whatever else is content, escapes included.
    package var written = 0
    /// Thoughts.
    package var thought = 0

    package init(written: Int = 0, thought: Int = 0) {
        self.written = written
        self.thought = thought
    }

    package static func += (left: inout ContentSize, right: ContentSize) {
        left.written += right.written
        left.thought += right.thought
    }

    /// Takes in one member of a message or delta.
    mutating func add(_ key: String, _ member: JSONValue) {
        switch key {
        // A call's frame is the wire's; the model writes its name and arguments.
        case "tool_calls": written += member.children.reduce(0) { $0 + ($1["function"]?.callBytes ?? 0) }
        case "function_call": written += member.callBytes
        // The audio itself is no text; its tokens are many, and only the provider can count them.
        case "audio": written += member["transcript"]?.escapedLength ?? 0
        case _ where ProviderAnswer.reasoningFields.contains(key):
            // The same thoughts may come under two names.
            thought = max(thought, member.textBytes)
        default: written += member.textBytes
        }
    }
}

extension JSONValue {
    fileprivate var callBytes: Int { (self["name"]?.escapedLength ?? 0) + (self["arguments"]?.escapedLength ?? 0) }

    /// Of a string its content, else all that stands there.
    fileprivate var textBytes: Int { escapedLength ?? range.count }
}
