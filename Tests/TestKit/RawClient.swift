import NIOCore
import NIOPosix

/// What a ``RawClient`` did not expect.
package enum RawClientError: Error {
    /// The connection ended before what was asked for had arrived; `unread` shows the beginning of what had.
    case ended(RawClient.Ending, unread: String)
    /// Not HTTP/1.1.
    case malformed(String)
    /// Bytes where the end was expected.
    case unexpectedBytes(String)
    /// More than ``RawClient/sizeLimit`` bytes.
    case tooMuch
}

/// A client on a bare socket of 127.0.0.1: it sends what it is told, right or wrong, and takes from the socket only
/// what a read asks for, so that a test can be a slow client, a half-closed one, or one that disappears.
///
/// Every operation throws ``TimeLimitExceeded`` after its limit. One task reads at a time.
package final class RawClient: Sendable {
    /// How the other side ended the connection, or that this side did.
    package enum Ending: Sendable, Equatable { case eof, reset, closedHere }

    /// The most that is kept unread, and the longest body.
    package static let sizeLimit = 32 << 20

    let channel: any Channel
    let inbox: Watched<RawInbox>

    private init(channel: any Channel, inbox: Watched<RawInbox>) {
        self.channel = channel
        self.inbox = inbox
    }

    /// Connects. `receiveBuffer` sets SO_RCVBUF, so that backpressure shows soon.
    package static func connect(
        port: Int, receiveBuffer: Int? = nil, limit: Duration = .seconds(10)
    ) async throws -> RawClient {
        let inbox = Watched(RawInbox())
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.testKit)
            .connectTimeout(TimeAmount(limit))
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(RawInboundHandler(inbox: inbox))
                }
            }
        if let receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receiveBuffer))
        }
        do {
            // NIO's own limit is the one that ends the attempt; ours is only behind it.
            let connection = bootstrap.connect(host: "127.0.0.1", port: port)
            let channel = try await connection.bounded("connection", limit: limit + .seconds(5))
            return RawClient(channel: channel, inbox: inbox)
        } catch ChannelError.connectTimeout {
            throw TimeLimitExceeded(what: "connection", limit: limit)
        }
    }

    /// Sends bytes as they are; returns when the kernel has taken them.
    package func send(_ bytes: [UInt8], limit: Duration = .seconds(10)) async throws {
        try await self.channel.writeAndFlush(ByteBuffer(bytes: bytes)).bounded("room to send", limit: limit)
    }

    /// Sends text as UTF-8.
    package func send(_ text: String, limit: Duration = .seconds(10)) async throws {
        try await self.send(Array(text.utf8), limit: limit)
    }

    /// Sends a well-formed request; `Host`, and `Content-Length` where there is a body, are added.
    package func send(_ method: String, _ path: String, headers: HeaderList = [:], body: String? = nil) async throws {
        var all: HeaderList = ["Host": "127.0.0.1"]
        if let body { all.append("Content-Length", "\(body.utf8.count)") }
        for field in headers.fields { all.append(field.name, field.value) }
        try await self.send("\(method) \(path) HTTP/1.1\r\n\(all)\r\n\(body ?? "")")
    }

    /// Ends our half: the peer sees the end of the request stream; we can still read.
    package func shutdownWrite() async throws {
        try await self.channel.close(mode: .output).bounded("half close")
    }

    /// Closes the socket. With unread bytes in it, Linux sends RST instead of FIN.
    package func close() async {
        self.inbox.update { $0.end(.closedHere) }
        try? await self.channel.close().bounded("close")
        try? await self.channel.closeFuture.bounded("close")
    }

    /// Aborts: the peer sees RST.
    package func reset() async {
        self.inbox.update { $0.end(.closedHere) }
        self.channel.eventLoop.execute { [channel] in channel.abort() }
        try? await self.channel.closeFuture.bounded("reset")
    }
}

/// Connects, and closes the connection whatever happens in `body`.
@discardableResult
package func withRawClient<Result>(
    port: Int, receiveBuffer: Int? = nil, isolation: isolated (any Actor)? = #isolation,
    _ body: (RawClient) async throws -> Result
) async throws -> Result {
    let client = try await RawClient.connect(port: port, receiveBuffer: receiveBuffer)
    do {
        let result = try await body(client)
        await client.close()
        return result
    } catch {
        await client.close()
        throw error
    }
}

/// Puts what arrives into the inbox, and reads on while someone waits for more.
private final class RawInboundHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let inbox: Watched<RawInbox>
    private var outputIsClosed = false

    init(inbox: Watched<RawInbox>) {
        self.inbox = inbox
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = self.unwrapInboundIn(data)
        self.inbox.update { inbox in
            inbox.bytes.discardReadBytes()
            inbox.bytes.writeImmutableBuffer(bytes)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if self.inbox.value.isWanted { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed: self.inbox.update { $0.end(.eof) }
        case ChannelEvent.outputClosed: self.outputIsClosed = true
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.inbox.update { $0.end(.reset) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        // With our half closed already, NIO closes on FIN without an event of its own; RST is reported as an error.
        self.inbox.update { [outputIsClosed] in $0.end(outputIsClosed ? .eof : .reset) }
    }
}
