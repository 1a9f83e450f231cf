import NIOCore
import NIOHTTP1
import NIOPosix

/// A provider over real sockets on 127.0.0.1 that records what it receives and misbehaves exactly as told.
///
/// Every request is read whole (unless told otherwise), then answered by the ``Script`` that the handler returns for
/// it. What a script writes is raw bytes, so it may be wrong on purpose; a connection may be half-open in either
/// direction. Connections run on one thread of the test kit's own, not on the loops of the gateway under test.
package final class ScriptedProvider: Sendable {
    /// Picks the script for a request; `index` counts all requests from 0. Runs on the provider's thread: be quick.
    package typealias Handler = @Sendable (_ request: RecordedRequest, _ index: Int) -> Script
    /// Picks the steps that run when a connection is accepted, before anything is read from it.
    package typealias AcceptHandler = @Sendable (_ connection: Int) -> [Step]

    /// The ephemeral port on 127.0.0.1.
    package let port: Int
    private let listener: any Channel
    private let hub: ProviderHub

    private init(port: Int, listener: any Channel, hub: ProviderHub) {
        self.port = port
        self.listener = listener
        self.hub = hub
    }

    /// Listens on a free port. `sendBuffer` sets SO_SNDBUF of the connections, so that backpressure shows soon.
    package static func start(
        onAccept: @escaping AcceptHandler = { _ in [] }, sendBuffer: Int? = nil, handler: @escaping Handler
    ) async throws -> ScriptedProvider {
        let hub = ProviderHub(onAccept: onAccept, handler: handler)
        var bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.testKit)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let decoder = ByteToMessageHandler(HTTPRequestDecoder())
                    try channel.pipeline.syncOperations.addHandler(decoder)
                    try channel.pipeline.syncOperations.addHandler(ProviderConnection(hub: hub, channel: channel))
                }
            }
        if let sendBuffer {
            bootstrap = bootstrap.childChannelOption(.socketOption(.so_sndbuf), value: .init(sendBuffer))
        }
        let listener = try await bootstrap.bind(host: "127.0.0.1", port: 0).bounded("listening")
        guard let port = listener.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        return ScriptedProvider(port: port, listener: listener, hub: hub)
    }

    /// Listens on a free port and answers every request with the same script.
    package static func start(
        _ script: Script, onAccept: [Step] = [], sendBuffer: Int? = nil
    ) async throws -> ScriptedProvider {
        try await self.start(onAccept: { _ in onAccept }, sendBuffer: sendBuffer, handler: { _, _ in script })
    }

    /// The base URL in OpenAI's sense: `http://127.0.0.1:PORT/v1`.
    package var baseURL: String { "http://127.0.0.1:\(self.port)/v1" }

    /// Closes the listener and every connection, and returns when they are closed. May be called twice.
    package func stop() async {
        try? await self.listener.close().bounded("end of the listener")
        for channel in self.hub.stop() {
            channel.pipeline.fireUserInboundEventTriggered(ProviderConnection.Stop())
            try? await channel.closeFuture.bounded("end of a connection")
        }
    }

    /// Answers the requests that come from now on with this handler.
    package func setHandler(_ handler: @escaping Handler) {
        self.hub.use(handler: handler)
    }

    /// Answers the requests that come from now on with this script.
    package func setScript(_ script: Script) {
        self.setHandler { _, _ in script }
    }

    /// Greets the connections that come from now on with these steps.
    package func setOnAccept(_ onAccept: @escaping AcceptHandler) {
        self.hub.use(onAccept: onAccept)
    }
}

/// What a provider has seen, now or as soon as it has seen it.
extension ScriptedProvider {
    /// A snapshot of everything.
    package var record: ProviderRecord { self.hub.record.value }

    /// The complete requests so far, in the order of their arrival.
    package var requests: [RecordedRequest] { self.record.requests }

    /// Suspends until the record says so; `what` names it when it never does.
    package func wait(
        for what: String, limit: Duration = .seconds(10), until isReached: @escaping @Sendable (ProviderRecord) -> Bool
    ) async throws {
        try await self.hub.record.wait(what, limit: limit) { isReached($0) ? () : nil }
    }

    /// Suspends until `count` complete requests have arrived, and returns all of them.
    @discardableResult
    package func waitForRequests(_ count: Int, limit: Duration = .seconds(10)) async throws -> [RecordedRequest] {
        try await self.hub.record.wait("\(count) requests", limit: limit) {
            $0.requestCount >= count ? $0.requests : nil
        }
    }

    /// Suspends until `count` connections were accepted since the start.
    package func waitForConnections(_ count: Int, limit: Duration = .seconds(10)) async throws {
        try await self.wait(for: "\(count) connections", limit: limit) { $0.connections.count >= count }
    }

    /// Suspends until exactly `count` connections are open.
    package func waitForOpenConnections(_ count: Int, limit: Duration = .seconds(10)) async throws {
        try await self.wait(for: "\(count) open connections", limit: limit) { $0.openConnections == count }
    }

    /// Suspends until the provider saw the first sign of that connection's end, and returns what it was and when: the
    /// difference to the test's own hang-up is how long the gateway took.
    @discardableResult
    package func waitForConnectionClosed(
        _ connection: Int, limit: Duration = .seconds(10)
    ) async throws -> ConnectionEnd {
        try await self.hub.record.wait("end of connection \(connection)", limit: limit) { record in
            connection < record.connections.count ? record.connections[connection].end : nil
        }
    }
}

/// Starts a provider that answers every request with `script`, and stops it whatever happens in `body`.
@discardableResult
package func withScriptedProvider<Result>(
    _ script: Script, onAccept: [Step] = [], sendBuffer: Int? = nil, isolation: isolated (any Actor)? = #isolation,
    _ body: (ScriptedProvider) async throws -> Result
) async throws -> Result {
    try await withScriptedProvider(
        onAccept: { _ in onAccept }, sendBuffer: sendBuffer, handler: { _, _ in script }, body)
}

/// Starts a provider with a handler, and stops it whatever happens in `body`.
@discardableResult
package func withScriptedProvider<Result>(
    onAccept: @escaping ScriptedProvider.AcceptHandler = { _ in [] }, sendBuffer: Int? = nil,
    handler: @escaping ScriptedProvider.Handler, isolation: isolated (any Actor)? = #isolation,
    _ body: (ScriptedProvider) async throws -> Result
) async throws -> Result {
    let provider = try await ScriptedProvider.start(onAccept: onAccept, sendBuffer: sendBuffer, handler: handler)
    do {
        let result = try await body(provider)
        await provider.stop()
        return result
    } catch {
        await provider.stop()
        throw error
    }
}
