import NIOCore

/// One content block of a turn, as JSON.
struct AnthropicBlock {
    enum Kind { case text, thinking, toolUse, toolResult, other }

    let kind: Kind
    let json: ByteBuffer

    init(_ kind: Kind, _ json: ByteBuffer) {
        self.kind = kind
        self.json = json
    }

    init(_ kind: Kind, _ members: (inout JSONWriter) -> Void) {
        self.init(kind, JSONWriter.text { $0.object(members) })
    }

    /// A text block; nil for a text without visible characters, which Anthropic refuses.
    static func text(_ value: JSONValue, cache: JSONValue? = nil) -> AnthropicBlock? {
        guard !value.isBlank else { return nil }
        return AnthropicBlock(.text) {
            $0.member("type", "text")
            $0.key("text")
            $0.text(value)
            $0.member("cache_control", cache)
        }
    }

    /// A text block with the gateway's own words.
    static func text(_ text: String) -> AnthropicBlock {
        AnthropicBlock(.text) {
            $0.member("type", "text")
            $0.member("text", text)
        }
    }

    /// This text block without white space at its end; nil if nothing is left.
    var trimmed: AnthropicBlock? {
        guard let root = try? JSONDocument(json).root, let text = root["text"]?.string else { return self }
        guard let last = text.lastIndex(where: { !$0.isWhitespace }) else { return nil }
        let end = text.index(after: last)
        guard end < text.endIndex else { return self }
        return AnthropicBlock(.text) {
            $0.member("type", "text")
            $0.member("text", String(text[..<end]))
            $0.member("cache_control", root["cache_control"])
        }
    }
}

/// Where a part of a message stands in the request, for errors: spelled out only when there is one.
struct MessagePath {
    let message: Int
    var part: Int?
    var call: Int?

    func field(_ name: String? = nil) -> String {
        var path = "messages[\(message)]"
        if let part { path += ".content[\(part)]" }
        if let call { path += ".tool_calls[\(call)]" }
        return name.map { "\(path).\($0)" } ?? path
    }
}

extension JSONValue {
    /// True for what is no string, and for a string of white space alone.
    var isBlank: Bool {
        guard kind == .string else { return true }
        let bytes = text
        // Most texts begin with a visible ASCII character, and need no closer look.
        if let first = bytes.getInteger(at: bytes.readerIndex + 1, as: UInt8.self), first != UInt8(ascii: "\\"),
            first != UInt8(ascii: "\""), (0x21..<0x7F).contains(first)
        {
            return false
        }
        return string?.allSatisfy(\.isWhitespace) ?? true
    }

    /// Whether the string's escapes look like half of a surrogate pair.
    ///
    /// Escaped pairs are there too; what matters is that a string without any can be copied as it is.
    var mayHoldSurrogates: Bool {
        text.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while let escape = rest.firstIndex(of: UInt8(ascii: "\\")), escape + 2 < bytes.count {
                if bytes[escape + 1] == UInt8(ascii: "u"), bytes[escape + 2] | 0x20 == UInt8(ascii: "d") { return true }
                rest = bytes[(escape + 2)...]
            }
            return false
        }
    }
}

extension JSONWriter {
    mutating func member(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    /// A member that is JSON already; nothing where there is none.
    mutating func member(_ name: StaticString, _ value: ByteBuffer?) {
        guard let value else { return }
        key(name)
        json(value)
    }

    /// A member as it was sent; nothing where there is none, or null.
    mutating func member(_ name: StaticString, _ value: JSONValue?) {
        guard let value, !value.isNull else { return }
        key(name)
        json(value.text)
    }

    /// All members of an object, as they were sent.
    mutating func members(of object: JSONValue, except left: Set<String> = []) {
        for member in object.children {
            guard let key = member.key, !left.contains(key) else { continue }
            self.key(dynamic: key)
            json(member.text)
        }
    }

    /// A string as it was sent. Half of a surrogate pair, which Anthropic refuses, becomes U+FFFD.
    mutating func text(_ value: JSONValue) {
        if value.mayHoldSurrogates, let string = value.string { self.string(string) } else { json(value.text) }
    }
}
