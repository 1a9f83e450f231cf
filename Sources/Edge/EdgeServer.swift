import FoundationEssentials
package import Gateway
package import Logging
import NIOCore
import NIOHTTP1
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
        /// What running answers get at graceful shutdown, before they are cut.
        package var drainTimeout: Duration = .seconds(30)

        package init() {}
    }

    private let configuration: Configuration
    private let gateway: Gateway
    private let keys: ClientKeys
    private let adminToken: AdminToken
    private let audit: AuditLog
    private let reload: Reload
    private let logger: Logger
    private let onListening: @Sendable (_ port: Int) async -> Void
    private let drain = DrainFlag()
    private let haste = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// - Parameters:
    ///   - reload: what `POST /admin/reload` does.
    ///   - onListening: called once, when connections are taken, with the port.
    package init(
        _ configuration: Configuration, gateway: Gateway, keys: ClientKeys, adminToken: AdminToken, audit: AuditLog,
        reload: @escaping Reload, logger: Logger, onListening: @escaping @Sendable (_ port: Int) async -> Void
    ) {
        self.configuration = configuration
        self.gateway = gateway
        self.keys = keys
        self.adminToken = adminToken
        self.audit = audit
        self.reload = reload
        self.logger = logger
        self.onListening = onListening
    }

    /// Does not wait for running answers any longer, once the gateway stops.
    package func hasten() { haste.continuation.yield() }

    /// Calls that answers wait for.
    package var running: Int { gateway.pools.reduce(0) { $0 + $1.inUse + $1.waiting } }

    /// Serves until graceful shutdown; answers that run then are finished first, as far as the time for it goes. What is cut
    /// is told so.
    package func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops)
        let result: Result<Void, any Error>
        do {
            let listener = Listener(
                group, limits: limits, connectionLimit: configuration.connectionLimit, responder: responder,
                logger: logger)
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask {
                    try await withGracefulShutdownHandler {
                        try await listener.run(host: configuration.host, port: configuration.port, onListening: onListening)
                    } onGracefulShutdown: {
                        drain.set()
                        listener.stop()
                    }
                }
                tasks.addTask { try await waitForCutoff() }
                defer { tasks.cancelAll() }
                try await tasks.next()
            }
            result = .success(())
        } catch { result = .failure(error) }
        try await group.shutdownGracefully()
        try result.get()
    }

    /// Ends when running answers have had their time.
    private func waitForCutoff() async throws {
        try await gracefulShutdown()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: configuration.drainTimeout) }
            group.addTask { for await _ in haste.stream { return } }
            await group.next()
            group.cancelAll()
        }
        // Where the listener was quicker, nothing is left to be cut.
        if !Task.isCancelled { gateway.cutoff.pass() }
    }

    private var limits: ConnectionLimits {
        ConnectionLimits(
            head: TimeAmount(configuration.headTimeout), body: TimeAmount(configuration.bodyTimeout),
            idle: TimeAmount(configuration.idleTimeout))
    }

    private var responder: Responder {
        Responder(routes: routes, keys: keys, bodyLimit: configuration.bodyLimit, logger: logger, gateway: gateway)
    }

    private var routes: RouteTable {
        let chat = ChatRoute(gateway: gateway)
        let native = NativeRoutes(gateway: gateway)
        let info = InfoRoutes(gateway: gateway, startedAt: Int(Date.now.timeIntervalSince1970), drain: drain)
        let door = AdminDoor(keys: keys, token: adminToken)
        let breakers = BreakerRoutes(gateway: gateway, door: door, audit: audit)
        let cached = CacheRoutes(
            keeping: gateway.keeping, flights: { gateway.keeping?.report }, door: door, audit: audit)
        var table = RouteTable()
        table.post("/v1/chat/completions", handler: chat.answer)
        table.get("/v1/models", handler: info.models)
        table.get("/v1/models/**", handler: info.model)
        table.post("/api/ai/v4/chat/optimized", handler: native.optimized)
        table.post("/api/ai/v4/chat/quick", handler: native.quick)
        table.post("/api/ai/v4/chat/stream", handler: native.stream)
        table.post("/api/ai/v4/chat/multi-agent", handler: NativeTeamRoute(gateway: gateway).answer)
        table.get("/api/ai/v4/agents/available", handler: native.agents)
        // Their own door checks who comes in, since a browser shows the admin's token as a password.
        table.get("/ai/circuit-breaker", "/api/ai/circuit-breaker", isOpen: true, handler: breakers.show)
        table.post("/ai/circuit-breaker/**", "/api/ai/circuit-breaker/**", isOpen: true, handler: breakers.act)
        table.post("/admin/reload", isOpen: true, handler: ReloadRoute(token: adminToken, reload: reload).answer)
        table.get("/api/cache/stats", isOpen: true, handler: cached.stats)
        table.post("/api/cache/rotate", isOpen: true, handler: cached.rotate)
        table.post("/api/cache/invalidate", isOpen: true, handler: cached.invalidate)
        table.get("/health", "/api/health", isOpen: true, handler: info.health)
        return table
    }
}
