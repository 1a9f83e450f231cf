package import NIOCore

/// Puts the chunks of a complete stream together into the chat completion that they are.
///
/// Deltas add up as OpenAI's SDKs add them: texts are joined, list elements meet by their `index`, objects member by
/// member. Texts are joined as they are escaped, so that a surrogate pair that was cut in two is whole again.
package enum AnswerAssembly {
    /// The completion; nil for chunks that do not make one.
    package static func completion(of chunks: [ByteBuffer]) -> ByteBuffer? {
        var answer = GrowingCompletion()
        for chunk in chunks {
            guard let root = try? JSONDocument(chunk).root, answer.add(root) else { return nil }
        }
        return answer.completion
    }
}

/// A completion that grows with each chunk of its stream.
package struct GrowingCompletion: Sendable {
    /// Top-level members but for the choices, as they were first said.
    private var members: [(key: String, value: JSONPiece)] = []
    private var choices: [Int: Choice] = [:]

    private struct Choice: Sendable {
        var message = JSONPiece.object([])
        var rest = JSONPiece.object([])
    }

    /// Most choices of an answer: what a request can ask for.
    private static let choiceLimit = 128

    package init() {}

    /// False for what is no chunk.
    package mutating func add(_ chunk: JSONValue) -> Bool {
        guard chunk.kind == .object, let list = chunk["choices"], list.kind == .array else { return false }
        for member in chunk.children {
            guard let key = member.key, key != "choices", key != "object" else { continue }
            // The usage grows; all else says who answers, and does not change.
            let place = members.firstIndex { $0.key == key }
            guard let place else {
                members.append((key, JSONPiece(member)))
                continue
            }
            if key == "usage" || members[place].value.isNull, !member.isNull { members[place].value = JSONPiece(member) }
        }
        for choice in list.children {
            let index = choice["index"]?.int ?? 0
            guard choice.kind == .object, (0..<Self.choiceLimit).contains(index) else { return false }
            // Taken out, so that its texts grow in place.
            var own = choices.removeValue(forKey: index) ?? Choice()
            for member in choice.children {
                switch member.key {
                case "index", nil: continue
                case "delta": own.message.merge(JSONPiece(member))
                case .some(let key): own.rest.merge(.object([(key, JSONPiece(member))]))
                }
            }
            choices[index] = own
        }
        return true
    }

    /// nil without choices, or with a choice that says nothing.
    package var completion: ByteBuffer? {
        guard !choices.isEmpty, choices.values.allSatisfy({ !$0.message.isEmpty }) else { return nil }
        return JSONWriter.text { writer in
            writer.object { writer in
                writer.key("object")
                writer.string("chat.completion")
                for member in members {
                    writer.key(dynamic: member.key)
                    member.value.write(to: &writer)
                }
                writer.key("choices")
                writer.array { writer in
                    for (index, choice) in choices.sorted(by: { $0.key < $1.key }) { write(choice, index, to: &writer) }
                }
            }
        }
    }

    private func write(_ choice: Choice, _ index: Int, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.key("index")
            writer.integer(index)
            writer.key("message")
            choice.message.asMessage.write(to: &writer)
            for member in choice.rest.members {
                writer.key(dynamic: member.key)
                member.value.write(to: &writer)
            }
        }
    }
}

/// A piece of JSON that others can be added to.
private enum JSONPiece: Sendable {
    /// Between its quotes, still escaped.
    case text(ByteBuffer)
    /// A number, a truth value or null, as it was sent.
    case scalar(ByteBuffer)
    case list([JSONPiece])
    case object([(key: String, value: JSONPiece)])

    init(_ value: JSONValue) {
        switch value.kind {
        case .string:
            var text = value.text
            text.moveReaderIndex(forwardBy: 1)
            self = .text(text.getSlice(at: text.readerIndex, length: text.readableBytes - 1) ?? ByteBuffer())
        case .array: self = .list(value.children.map(JSONPiece.init))
        case .object: self = .object(value.children.map { ($0.key ?? "", JSONPiece($0)) })
        case .number, .boolean, .null: self = .scalar(value.text)
        }
    }

    var members: [(key: String, value: JSONPiece)] { if case .object(let members) = self { members } else { [] } }
    var isEmpty: Bool { if case .object(let members) = self { members.isEmpty } else { false } }
    var isNull: Bool { if case .scalar(let text) = self { text.readableBytesView.first == UInt8(ascii: "n") } else { false } }

    /// What names things is said again by some providers, and not in pieces.
    private static let names: Set<String> = ["role", "id", "type", "name", "index", "finish_reason", "native_finish_reason"]

    mutating func merge(_ other: JSONPiece) { merge(other, under: "") }

    private mutating func merge(_ other: JSONPiece, under key: String) {
        if other.isNull { return }
        switch (self, other) {
        case (.text(var text), .text(let more)):
            if Self.names.contains(key), text.readableBytes > 0 { return }
            // The text is nobody else's now, so that it grows where it is.
            self = .list([])
            text.writeImmutableBuffer(more)
            self = .text(text)
        case (.list(var list), .list(let more)):
            self = .list([])
            for element in more { Self.add(element, to: &list) }
            self = .list(list)
        case (.object(var members), .object(let more)):
            self = .list([])
            for member in more {
                if let place = members.firstIndex(where: { $0.key == member.key }) {
                    members[place].value.merge(member.value, under: member.key)
                } else {
                    members.append((member.key, member.value.joined))
                }
            }
            self = .object(members)
        default: self = other
        }
    }

    /// A list with those elements as one that say the same `index`.
    private var joined: JSONPiece {
        guard case .list(let elements) = self else { return self }
        return .list(elements.reduce(into: []) { Self.add($1, to: &$0) })
    }

    private static func add(_ element: JSONPiece, to list: inout [JSONPiece]) {
        if let index = element.index, let place = list.firstIndex(where: { $0.index == index }) {
            list[place].merge(element)
        } else {
            list.append(element)
        }
    }

    /// The `index` that an element of a delta's list says.
    private var index: String? {
        guard case .scalar(let text)? = members.first(where: { $0.key == "index" })?.value else { return nil }
        return String(buffer: text)
    }

    /// A delta as the message that it became: its tool calls carry no `index`, and it has a `content`.
    var asMessage: JSONPiece {
        var members = members
        if !members.contains(where: { $0.key == "role" }) { members.insert(("role", .text(ByteBuffer(string: "assistant"))), at: 0) }
        if !members.contains(where: { $0.key == "content" }) { members.append(("content", .scalar(ByteBuffer(string: "null")))) }
        for place in members.indices where members[place].key == "tool_calls" {
            guard case .list(let calls) = members[place].value else { continue }
            members[place].value = .list(calls.map { .object($0.members.filter { $0.key != "index" }) })
        }
        return .object(members)
    }

    func write(to writer: inout JSONWriter) {
        switch self {
        case .text(let text): writer.string(escaped: text)
        case .scalar(let text): writer.json(text)
        case .list(let list): writer.array { writer in for element in list { element.write(to: &writer) } }
        case .object(let members):
            writer.object { writer in
                for member in members {
                    writer.key(dynamic: member.key)
                    member.value.write(to: &writer)
                }
            }
        }
    }
}
