import NIOCore

/// Writes the chunks of one OpenAI stream: all with the same id, time and model, each framed for the wire.
struct ChunkWriter: Sendable {
    /// `data: {…,"choices":[`
    private let head: ByteBuffer

    init(id: String, created: Int, model: String) {
        var text = JSONWriter.text { writer in
            writer.object {
                $0.member("id", id)
                $0.member("object", "chat.completion.chunk")
                $0.key("created")
                $0.integer(created)
                $0.member("model", model)
            }
        }
        // The object goes on with each chunk.
        text.moveWriterIndex(to: text.writerIndex - 1)
        text.writeStaticString(#","choices":["#)
        head = text
    }

    /// A chunk of the one choice.
    func delta(finish: String? = nil, _ members: (inout JSONWriter) -> Void) -> SSEEvent {
        frame { frame in
            var writer = JSONWriter(into: frame)
            writer.object { writer in
                writer.key("index")
                writer.integer(0)
                writer.key("delta")
                writer.object(members)
                writer.key("finish_reason")
                writer.string(orNull: finish)
            }
            frame = writer.finish()
            frame.writeStaticString("]}")
        }
    }

    /// The chunk that has the usage and no choice.
    func usage(_ usage: AnthropicUsage) -> SSEEvent {
        frame { frame in
            frame.writeStaticString(#"],"usage":"#)
            var writer = JSONWriter(into: frame)
            usage.write(into: &writer)
            frame = writer.finish()
            frame.writeStaticString("}")
        }
    }

    private func frame(_ body: (inout ByteBuffer) -> Void) -> SSEEvent {
        var frame = ByteBufferAllocator().buffer(capacity: head.readableBytes + 192)
        frame.writeStaticString("data: ")
        frame.writeImmutableBuffer(head)
        body(&frame)
        frame.writeStaticString("\n\n")
        return SSEEvent(plain: frame)
    }
}

extension SSEEvent {
    /// - Parameter frame: `data: …` and a blank line.
    init(plain frame: ByteBuffer) {
        let payload = frame.getSlice(at: frame.readerIndex + 6, length: frame.readableBytes - 8) ?? ByteBuffer()
        self.init(name: nil, data: payload, plainFrame: frame)
    }

    /// One with this JSON, in one line as a plain frame has it. Outside strings JSON may be broken into lines anywhere; inside
    /// them a line feed is always escaped.
    init(json: ByteBuffer) {
        let feed = UInt8(ascii: "\n")
        let isOneLine = !json.readableBytesView.contains(feed)
        let line = isOneLine ? json : ByteBuffer(bytes: json.readableBytesView.lazy.map { $0 == feed ? UInt8(ascii: " ") : $0 })
        self.init(plain: SSEFrame.data(line))
    }

    /// One that ends a complete stream.
    static let done = SSEEvent(plain: SSEFrame.done)
}
