import FoundationEssentials
package import Gateway
import HummingbirdCore
import Hummingbird
package import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The HTTP server in front of the gateway.
package struct EdgeServer: Service {
    /// Where to listen and what to take.
    package struct Configuration: Sendable {
        package var host = "127.0.0.1"
        /// 0 takes any free port.
        package var port = 8080
        /// Event loops: threads that read and write client connections.
        package var loops = 1
        package var bodyLimit = 20 << 20
        /// For a request's head, its body, and between requests.
        package var headTimeout: Duration = .seconds(10)
        package var bodyTimeout: Duration = .seconds(60)
        package var idleTimeout: Duration = .seconds(75)
        package var connectionLimit = 10_000

        package init() {}
    }

    private let configuration: Configuration
    private let gateway: Gateway
    private let keys: ClientKeys
    private let adminToken: AdminToken
    private let audit: AuditLog
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) async -> Void
    private let drain = DrainFlag()

    /// - Parameter onListening: called once, when connections are taken, with the port.
    package init(
        _ configuration: Configuration, gateway: Gateway, keys: ClientKeys, adminToken: AdminToken, audit: AuditLog,
        logger: Logger, onListening: @escaping @Sendable (_ port: Int) async -> Void
    ) {
        self.configuration = configuration
        self.gateway = gateway
        self.keys = keys
        self.adminToken = adminToken
        self.audit = audit
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until graceful shutdown; answers that run then are finished first.
    package func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops)
        let result: Result<Void, any Error>
        do {
            try await withGracefulShutdownHandler {
                try await application(on: group).run()
            } onGracefulShutdown: {
                self.drain.set()
            }
            result = .success(())
        } catch { result = .failure(error) }
        try await group.shutdownGracefully()
        try result.get()
    }

    private func application(on group: MultiThreadedEventLoopGroup) -> some ApplicationProtocol {
        let onListening = onListening
        return Application(
            router: router(), server: server(on: group),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port), backlog: 4096,
                availableConnectionsDelegate: .maximum(configuration.connectionLimit, logger: logger)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? 0) },
            eventLoopGroupProvider: .shared(group), logger: logger)
    }

    private func server(on group: MultiThreadedEventLoopGroup) -> HTTPServerBuilder {
        let executors = LoopExecutors(group)
        let limits = ConnectionLimits(
            head: TimeAmount(configuration.headTimeout), body: TimeAmount(configuration.bodyTimeout))
        let idle = TimeAmount(configuration.idleTimeout)
        return HTTPServerBuilder { responder in
            LoopBoundChannel(
                base: HTTP1Channel(
                    responder: responder,
                    configuration: .init(
                        idleTimeout: idle,
                        httpDecoderConfiguration: .init(
                            maxHeaderFieldSize: 64 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 200))),
                limits: limits, executors: executors)
        }
    }

    private func router() -> Router<EdgeContext> {
        let chat = ChatRoute(gateway: gateway, bodyLimit: configuration.bodyLimit)
        let native = NativeRoutes(gateway: gateway, bodyLimit: configuration.bodyLimit)
        let info = InfoRoutes(gateway: gateway, startedAt: Int(Date.now.timeIntervalSince1970), drain: drain)
        let breakers = BreakerRoutes(gateway: gateway, door: AdminDoor(keys: keys, token: adminToken), audit: audit)
        var table = RouteTable()
        table.post("/v1/chat/completions", handler: chat.answer)
        table.get("/v1/models", handler: info.models)
        table.get("/v1/models/**", handler: info.model)
        table.post("/api/ai/v4/chat/optimized", handler: native.optimized)
        table.post("/api/ai/v4/chat/quick", handler: native.quick)
        table.post("/api/ai/v4/chat/stream", handler: native.stream)
        table.get("/api/ai/v4/agents/available", handler: native.agents)
        table.get("/ai/circuit-breaker", "/api/ai/circuit-breaker", handler: breakers.show)
        table.post("/ai/circuit-breaker/**", "/api/ai/circuit-breaker/**", handler: breakers.act)
        table.get("/health", "/api/health", handler: info.health)
        return table.router(behind: Boundary(keys: keys))
    }
}
