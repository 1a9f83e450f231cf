import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// Sends an answer as a stream, token by token, to the end or to a mishap on the way.
struct ChunkStream: Sendable {
    /// How a stream ends.
    enum End: Sendable {
        case whole
        case withoutDone
        /// Nothing more comes after this many tokens.
        case silence(after: Int)
        /// The connection is closed after this many tokens.
        case cut(after: Int)
        /// An error event comes after this many tokens.
        case error(after: Int)
    }

    var wire: ChatWire
    let pace: Pace
    var end = End.whole
    let channel: any Channel

    var response: Response {
        Response(status: .ok, headers: Self.headers, body: ResponseBody { try await send(to: &$0) })
    }

    static let headers: HTTPFields = [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-cache"]

    private func send(to writer: inout any ResponseBodyWriter) async throws {
        try await writer.write(wire.openings)
        try await pace.beforeAnswer()
        for round in wire.rounds.prefix(tokenCount) {
            try await pace.beforeToken()
            try await writer.write(round)
        }
        switch end {
        case .whole: try await conclude(&writer, done: true)
        case .withoutDone: try await conclude(&writer, done: false)
        case .silence: try await Mishap.silence(on: channel)
        case .cut: try await Mishap.cut(channel)
        case .error:
            try await writer.write(ChatWire.event(DemoError.inTheMiddle.json))
            try await writer.finish(nil)
        }
    }

    private func conclude(_ writer: inout any ResponseBodyWriter, done: Bool) async throws {
        // In one write: nothing waits between them, and a benchmark shouldn't pay for three.
        var last = wire.endings
        if var usage = wire.usage { last.writeBuffer(&usage) }
        if done { last.writeImmutableBuffer(ChatWire.done) }
        try await writer.write(last)
        try await writer.finish(nil)
    }

    private var tokenCount: Int {
        switch end {
        case .whole, .withoutDone: .max
        case .silence(let count), .cut(let count), .error(let count): count
        }
    }
}

/// How long the demo waits before an answer and before each token.
struct Pace: Sendable {
    let tokenDelay: Duration
    var firstTokenDelays = 0
    /// Whether a shutdown ends the wait: a slow fault must not hold it up.
    var endsOnShutdown = false

    func beforeAnswer() async throws {
        try await wait(tokenDelay * firstTokenDelays)
    }

    func beforeToken() async throws {
        try await wait(tokenDelay)
    }

    private func wait(_ delay: Duration) async throws {
        guard delay > .zero else { return }
        if endsOnShutdown {
            try await cancelWhenGracefulShutdown { try await Task.sleep(for: delay) }
        } else {
            try await Task.sleep(for: delay)
        }
    }
}
