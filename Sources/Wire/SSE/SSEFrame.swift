package import NIOCore

/// Server-sent events as the gateway writes them.
package enum SSEFrame {
    /// The end of a complete OpenAI stream.
    package static let done = ByteBuffer(string: "data: [DONE]\n\n")

    /// `data: …` and a blank line; a payload with line feeds becomes several data lines.
    package static func data(_ payload: ByteBuffer) -> ByteBuffer {
        var frame = ByteBufferAllocator().buffer(capacity: payload.readableBytes + 8)
        for line in payload.readableBytesView.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            frame.writeStaticString("data: ")
            frame.writeBytes(line)
            frame.writeStaticString("\n")
        }
        frame.writeStaticString("\n")
        return frame
    }

    /// An event with a name.
    package static func event(_ name: StaticString, _ payload: ByteBuffer) -> ByteBuffer {
        var frame = ByteBufferAllocator().buffer(capacity: payload.readableBytes + 32)
        frame.writeStaticString("event: ")
        frame.writeStaticString(name)
        frame.writeStaticString("\n")
        frame.writeImmutableBuffer(data(payload))
        return frame
    }

    /// A comment line: keeps the connection warm, means nothing to clients.
    package static let heartbeat = ByteBuffer(string: ": keep-alive\n\n")
}
