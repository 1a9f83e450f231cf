package import NIOCore

/// Tells a chat completion as the stream that would have brought it: the role, the message's members in pieces, the tool
/// calls, the finish reason, and the usage where it is wanted.
package enum AnswerReplay {
    /// Longest piece of a text in one chunk, in bytes: some clients read no line of more than 64 KiB.
    package static let longestPiece = 16 << 10

    /// The chunks' events, without `[DONE]`; nil for what is no completion.
    ///
    /// - Parameter pieceLimit: bytes of a text in one chunk, at least 12.
    package static func events(
        of completion: ByteBuffer, withUsage: Bool, pieceLimit: Int = longestPiece
    ) -> [SSEEvent]? {
        guard let root = try? JSONDocument(completion).root, let choices = root["choices"], choices.kind == .array
        else { return nil }
        let frame = ChunkFrame(root)
        var events: [SSEEvent] = []
        for (place, choice) in choices.children.enumerated() {
            guard let message = choice["message"], message.kind == .object else { return nil }
            let index = choice["index"]?.int ?? place
            var logProbabilities = choice["logprobs"].flatMap { $0.isNull ? nil : $0.text }
            for delta in deltas(of: message, pieceLimit) {
                events.append(
                    frame.event(index: index, delta: delta.json, logProbabilities: delta.isContent ? logProbabilities : nil))
                if delta.isContent { logProbabilities = nil }
            }
            events.append(
                frame.event(
                    index: index, delta: ByteBuffer(string: "{}"), logProbabilities: logProbabilities,
                    finishReason: choice["finish_reason"]?.text, others: others(of: choice)))
        }
        if withUsage, let usage = root["usage"], !usage.isNull { events.append(frame.event(usage: usage.text)) }
        return events
    }

    /// What providers say of a choice besides what the API has.
    private static func others(of choice: JSONValue) -> [JSONValue] {
        let known: Set<String> = ["index", "message", "logprobs", "finish_reason"]
        return choice.children.filter { member in member.key.map { !known.contains($0) } ?? false }
    }

    private struct Delta {
        let json: ByteBuffer
        var isContent = false
    }

    /// The role first, then each member of the message that says something.
    private static func deltas(of message: JSONValue, _ pieceLimit: Int) -> [Delta] {
        let role = message["role"]?.string ?? "assistant"
        let hasContent = message["content"].map { !$0.isNull } ?? false
        var deltas = [
            Delta(
                json: JSONWriter.text { writer in
                    writer.object { writer in
                        writer.key("role")
                        writer.string(role)
                        writer.key("content")
                        if hasContent { writer.string("") } else { writer.null() }
                    }
                })
        ]
        for member in message.children {
            guard let key = member.key, key != "role", !member.isNull else { continue }
            switch member.kind {
            case .string:
                deltas += pieces(of: member, pieceLimit).map { piece in
                    Delta(json: object(key) { $0.string(escaped: piece) }, isContent: key == "content")
                }
            case .array where key == "tool_calls":
                deltas += member.children.enumerated().map { index, call in Delta(json: toolCall(call, index)) }
            default: deltas.append(Delta(json: object(key) { $0.json(member.text) }, isContent: key == "content"))
            }
        }
        return deltas
    }

    private static func object(_ key: String, _ value: (inout JSONWriter) -> Void) -> ByteBuffer {
        JSONWriter.text { writer in
            writer.object { writer in
                writer.key(dynamic: key)
                value(&writer)
            }
        }
    }

    private static func toolCall(_ call: JSONValue, _ index: Int) -> ByteBuffer {
        object("tool_calls") { writer in
            writer.array { writer in
                writer.object { writer in
                    writer.key("index")
                    writer.integer(index)
                    for member in call.children where member.key != "index" {
                        writer.key(dynamic: member.key ?? "")
                        writer.json(member.text)
                    }
                }
            }
        }
    }

    /// A string's content in pieces, still escaped, cut neither in a character nor in an escape.
    private static func pieces(of string: JSONValue, _ pieceLimit: Int) -> [ByteBuffer] {
        let text = string.text
        var pieces: [ByteBuffer] = []
        var start = text.readerIndex + 1
        let end = text.readerIndex + text.readableBytes - 1
        while start < end {
            let cut = end - start <= pieceLimit ? end : safeCut(of: text, from: start, before: start + pieceLimit)
            if let piece = text.getSlice(at: start, length: cut - start) { pieces.append(piece) }
            start = cut
        }
        return pieces
    }

    /// The last place up to `limit` where the text can be cut.
    private static func safeCut(of text: ByteBuffer, from start: Int, before limit: Int) -> Int {
        text.withUnsafeReadableBytes { bytes in
            let base = text.readerIndex
            var index = start
            var cut = start
            while index < limit {
                cut = index
                let byte = bytes[index - base]
                switch byte {
                case UInt8(ascii: "\\"):
                    let isUnicode = bytes[index - base + 1] == UInt8(ascii: "u")
                    let isHalf = isUnicode && (bytes[index - base + 2] | 0x20) == UInt8(ascii: "d")
                        && "89abAB".utf8.contains(bytes[index - base + 3])
                    index += isUnicode ? 6 : 2
                    if isHalf, isLowHalf(bytes[(index - base)...]) { index += 6 }
                case 0xF0...: index += 4
                case 0xE0...: index += 3
                case 0xC0...: index += 2
                default: index += 1
                }
            }
            return index == limit ? index : cut
        }
    }

    /// Whether a text goes on with the second half of a surrogate pair.
    private static func isLowHalf(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
        let escape = text.prefix(4)
        return escape.count == 4 && escape.starts(with: #"\u"#.utf8) && (escape[escape.startIndex + 2] | 0x20) == UInt8(ascii: "d")
            && "cdefCDEF".utf8.contains(escape[escape.startIndex + 3])
    }
}

/// What all chunks of one answer have in common.
private struct ChunkFrame {
    /// `{"object":"chat.completion.chunk",` and the completion's own members.
    private let head: ByteBuffer

    init(_ completion: JSONValue) {
        let others: Set<String> = ["object", "choices", "usage", "quintet"]
        var head = JSONWriter.text { writer in
            writer.object { writer in
                writer.key("object")
                writer.string("chat.completion.chunk")
                for member in completion.children {
                    guard let key = member.key, !others.contains(key) else { continue }
                    writer.key(dynamic: key)
                    writer.json(member.text)
                }
            }
        }
        head.moveWriterIndex(to: head.writerIndex - 1)
        self.head = head
    }

    func event(
        index: Int, delta: ByteBuffer, logProbabilities: ByteBuffer?, finishReason: ByteBuffer? = nil, others: [JSONValue] = []
    ) -> SSEEvent {
        event { writer in
            writer.key("choices")
            writer.array { writer in
                writer.object { writer in
                    writer.key("index")
                    writer.integer(index)
                    writer.key("delta")
                    writer.json(delta)
                    if let logProbabilities {
                        writer.key("logprobs")
                        writer.json(logProbabilities)
                    }
                    writer.key("finish_reason")
                    if let finishReason { writer.json(finishReason) } else { writer.null() }
                    for member in others {
                        writer.key(dynamic: member.key ?? "")
                        writer.json(member.text)
                    }
                }
            }
        }
    }

    func event(usage: ByteBuffer) -> SSEEvent {
        event { writer in
            writer.key("choices")
            writer.array { _ in }
            writer.key("usage")
            writer.json(usage)
        }
    }

    private func event(_ members: (inout JSONWriter) -> Void) -> SSEEvent {
        var frame = ByteBuffer(string: "data: ")
        frame.writeImmutableBuffer(head)
        var own = JSONWriter.text { $0.object(members) }
        // Its opening brace becomes the comma behind the head.
        own.moveReaderIndex(forwardBy: 1)
        frame.writeInteger(UInt8(ascii: ","))
        frame.writeBuffer(&own)
        let data = frame.getSlice(at: 6, length: frame.writerIndex - 6) ?? ByteBuffer()
        frame.writeStaticString("\n\n")
        return SSEEvent(name: nil, data: data, plainFrame: frame)
    }
}
