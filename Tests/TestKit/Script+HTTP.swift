import NIOHTTP1

/// Well-formed answers, to be used as they are or taken apart.
extension Script {
    /// A complete answer with a JSON body and a `Content-Length`; the connection stays open.
    package static func json(status: Int = 200, headers: HeaderList = [:], body: String) -> Script {
        var all: HeaderList = ["Content-Type": "application/json", "Content-Length": "\(body.utf8.count)"]
        for field in headers.fields { all.append(field.name, field.value) }
        return [.bytes(self.head(status: status, headers: all) + body), .keepAlive]
    }

    /// An error answer in OpenAI's shape, with `Retry-After` in seconds when asked for.
    package static func status(_ status: Int, retryAfter: Int? = nil, message: String = "scripted") -> Script {
        let headers: HeaderList = retryAfter.map { ["Retry-After": "\($0)"] } ?? [:]
        return self.json(status: status, headers: headers, body: Chat.error(message: message, code: status))
    }

    /// A stream of server-sent events, each event one write.
    ///
    /// - Parameters:
    ///   - events: The data of each event; see ``Chat/chunks(_:model:usage:finish:)``.
    ///   - done: Whether `data: [DONE]` follows the last event.
    ///   - chunked: With chunked encoding the end is explicit and the connection stays open; without it the end of the
    ///     connection is the end of the stream.
    ///   - cutAfter: The number of events after which the stream is cut: no `[DONE]`, no terminal chunk, only `cut`.
    ///   - cut: How it is cut.
    ///   - between: Steps before every event.
    package static func stream(
        events: [String], done: Bool = true, chunked: Bool = true, cutAfter: Int? = nil, cut: Step = .close,
        between: [Step] = []
    ) -> Script {
        let frames = events.map { "data: \($0)\n\n" } + (done ? ["data: [DONE]\n\n"] : [])
        return self.stream(frames: frames, chunked: chunked, cutAfter: cutAfter, cut: cut, between: between)
    }

    /// A stream of server-sent events that are already framed: with `event:` lines, comments, or broken on purpose.
    package static func stream(
        frames: [String], chunked: Bool = true, cutAfter: Int? = nil, cut: Step = .close, between: [Step] = []
    ) -> Script {
        var headers: HeaderList = ["Content-Type": "text/event-stream", "Cache-Control": "no-cache"]
        if chunked { headers.append("Transfer-Encoding", "chunked") } else { headers.append("Connection", "close") }
        var steps: [Step] = [.bytes(self.head(status: 200, headers: headers))]
        for frame in frames.prefix(cutAfter ?? frames.count) {
            steps += between
            steps.append(.bytes(chunked ? self.chunk(frame) : frame))
        }
        if cutAfter != nil { return Script(steps + [cut]) }
        return Script(steps + (chunked ? [.bytes("0\r\n\r\n"), .keepAlive] : [.close]))
    }

    /// A status line and header fields up to and including the empty line.
    package static func head(status: Int, headers: HeaderList) -> String {
        "HTTP/1.1 \(status) \(HTTPResponseStatus(statusCode: status).reasonPhrase)\r\n\(headers)\r\n"
    }

    /// One chunk of the chunked encoding.
    package static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }
}
