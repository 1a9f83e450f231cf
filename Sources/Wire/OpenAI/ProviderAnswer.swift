import CSimdJSON
package import Core
package import NIOCore

/// What one event of a provider's stream says, as far as the gateway cares.
package struct ChunkFacts: Sendable, Equatable {
    /// Kinds of content.
    package struct Content: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Text of the first choice.
        package static let text = Content(rawValue: 1)
        /// Thoughts, under any of their names.
        package static let reasoning = Content(rawValue: 2)
        /// Tool calls, refusals, audio, further choices, and what is still to come.
        package static let other = Content(rawValue: 4)
    }

    /// The first content passes the commit point.
    package var content: Content = []
    /// Where in the payload the text stands that it adds to the first choice, escaped and without its quotes.
    package var text: Range<Int>?
    /// How much content there is, in all choices.
    package var size = ContentSize()
    /// Some choice ended with this chunk.
    package var finishReason: String?
    /// The indexes of the choices that ended with it.
    package var finished: [Int] = []
    /// The usage and no choices. Azure's first chunk has no choices either, but tells of its filter.
    package var isUsageOnly = false
    package var usage: Usage?
    /// The provider reports a failure inside the stream.
    package var failure: ProviderFailure?

    package var hasContent: Bool { !content.isEmpty }
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
        if let error = root["error"], error.saysSomething {
            facts.failure = ProviderFailure(reported: error)
            return facts
        }
        guard let choices = root["choices"], choices.kind == .array else { return nil }
        for choice in choices.children {
            if let delta = choice["delta"] { facts.add(delta, isFirst: choice.isFirstChoice) }
            if let reason = choice["finish_reason"]?.string {
                facts.finishReason = reason
                facts.finished.append(choice["index"]?.int ?? 0)
            }
        }
        facts.usage = Usage(in: root, isLast: facts.finishReason != nil)
        facts.isUsageOnly = choices.isEmpty && facts.usage != nil
        return facts
    }

    /// Whether an event tells the usage and nothing else.
    package static func isUsageOnly(_ payload: ByteBuffer) -> Bool {
        let name: StaticString = "\"usage\""
        let mentionsUsage = payload.withUnsafeReadableBytes { bytes in
            bytes.baseAddress.map { qj_contains($0, bytes.count, name.utf8Start, name.utf8CodeUnitCount) } ?? false
        }
        // Many providers send `"usage":null` with every chunk: only what may be the usage is read.
        return mentionsUsage && chunk(payload)?.isUsageOnly ?? false
    }

    /// A chunk that tells of its usage beside a choice, as the chunk of the usage alone which OpenAI sends; nil for one that
    /// tells of none.
    package static func usageChunk(of payload: ByteBuffer) -> SSEEvent? {
        guard let root = try? JSONDocument(payload).root, let choices = root["choices"],
            let usage = Usage.value(in: root, isLast: true)
        else { return nil }
        var edits = JSONEdits()
        edits.replace(choices.range, with: ByteBuffer(string: "[]"))
        if let own = root["usage"] {
            edits.replace(own.range, with: usage.text)
        } else {
            var member = ByteBuffer(string: #""usage":"#)
            member.writeImmutableBuffer(usage.text)
            edits.appendMember(member, to: root)
        }
        return SSEEvent(json: edits.applied(to: root.document))
    }

    /// The names under which providers send what a model thinks.
    static let reasoningFields: Set<String> = [
        "reasoning_content", "reasoning", "reasoning_details", "reasoning_signature", "thinking", "thinking_blocks",
    ]

    /// The failure that a whole answer reports instead of choices, whatever its status said; nil where it reports none.
    package static func failure(in body: ByteBuffer) -> ProviderFailure? {
        guard let root = try? JSONDocument(body).root, let error = root["error"], error.saysSomething else { return nil }
        return ProviderFailure(reported: error)
    }

    /// What a whole answer says.
    package struct Whole: Sendable, Equatable {
        package var usage: Usage?
        package var finishReason: String?
        package var hasContent = false
        /// How much content there is, in all choices; only looked at where the provider counted nothing.
        package var size = ContentSize()
        /// The first choice's text, for the native API.
        package var text = ""
    }

    /// Reads a whole answer; nil for bytes that are not one.
    package static func whole(_ body: ByteBuffer) -> Whole? {
        guard let root = try? JSONDocument(body).root, let choices = root["choices"], choices.kind == .array else {
            return nil
        }
        var answer = Whole(usage: Usage(in: root, isLast: true))
        for (index, choice) in choices.children.enumerated() {
            guard let message = choice["message"], message.kind == .object else { return nil }
            var size = ContentSize()
            if !content(of: message, &size).isEmpty { answer.hasContent = true }
            if answer.usage == nil { answer.size += size }
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

    fileprivate static func content(of message: JSONValue, _ size: inout ContentSize) -> ChunkFacts.Content {
        var content: ChunkFacts.Content = []
        for member in message.children where member.holdsContent {
            guard let key = member.key else { continue }
            switch key {
            case "role", "name", "id": continue
            case "content" where member.kind == .string:
                content.insert(.text)
                size.written += member.escapedLength ?? 0
            default:
                content.insert(reasoningFields.contains(key) ? .reasoning : .other)
                size.add(key, member)
            }
        }
        return content
    }

    /// The message inside an `error` object, or the error itself where a provider sends a bare string. What looks like a
    /// key is masked: some providers repeat the one they got.
    static func errorMessage(_ error: JSONValue) -> String {
        guard let message = error["message"]?.string ?? error.string else {
            return "The provider reported an error without a message."
        }
        return ProviderWords.masked(message)
    }
}

extension ChunkFacts {
    fileprivate mutating func add(_ delta: JSONValue, isFirst: Bool) {
        var size = ContentSize()
        let said = ProviderAnswer.content(of: delta, &size)
        self.size += size
        guard isFirst else {
            if !said.isEmpty { content.insert(.other) }
            return
        }
        content.formUnion(said)
        if said.contains(.text), let range = delta["content"]?.range {
            text = range.lowerBound + 1..<range.upperBound - 1
        }
    }
}

extension JSONValue {
    /// A string, array or object that is not empty.
    fileprivate var holdsContent: Bool {
        isNonEmptyString || ((kind == .array || kind == .object) && !isEmpty)
    }

    /// Anything but null, false, zero and the empty string, array or object: some providers send such an `error` with
    /// every chunk.
    var saysSomething: Bool {
        switch kind {
        case .null: false
        case .boolean: bool ?? false
        case .number: double != 0
        case .string, .array, .object: holdsContent
        }
    }

    /// Whether this chunk or answer is a provider's error.
    var reportsError: Bool { self["error"]?.saysSomething ?? false }

    /// Whether a choice is the first one, or does not say which.
    fileprivate var isFirstChoice: Bool {
        guard let index = self["index"] else { return true }
        // Nearly always one digit, which needs no parsing.
        guard index.kind == .number, index.range.count == 1 else { return index.int ?? 0 == 0 }
        return index.text.readableBytesView.first == UInt8(ascii: "0")
    }
}
