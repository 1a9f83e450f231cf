import ArgumentParser
import Core
import DemoProvider
import Edge
import Gateway
import Logging
import Settings
import ServiceLifecycle
import Telemetry
import Upstream

/// `quintet serve`.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Start the gateway.")

    @OptionGroup var flags: SettingFlags

    func run() async throws {
        let loading = try Loading.read(flags)
        try await ListeningPlace(host: loading.settings.host, port: loading.settings.port).tryOrExplain()
        let logger = GatewayLog.logger(level: Logger.Level(rawValue: loading.settings.logLevel.rawValue) ?? .info)
        if loading.wantsDemo {
            try await withDemo(logger) { try await serve(loading, demoPort: $0, logger) }
        } else {
            try await serve(loading, demoPort: nil, logger)
        }
    }

    /// Runs the demo provider for as long as the gateway runs.
    private func withDemo(_ logger: Logger, _ body: (Int) async throws -> Void) async throws {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        let demo = DemoProvider(logger: quiet)
        var configuration = ServiceGroupConfiguration(services: [demo], logger: quiet)
        configuration.maximumGracefulShutdownDuration = .seconds(5)
        let services = ServiceGroup(configuration: configuration)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let result: Result<Void, any Error>
            do { result = .success(try await body(demo.port())) } catch { result = .failure(error) }
            // The demo answers nobody once the gateway has stopped; how it ends does not matter.
            await services.triggerGracefulShutdown()
            while let result = await group.nextResult() { _ = result }
            try result.get()
        }
    }

    private func serve(_ loading: Loading, demoPort: Int?, _ logger: Logger) async throws {
        let settings = loading.settings
        let (catalogue, keys) = try loading.catalogue(demoPort: demoPort)
        let engine = CurlEngine()
        let calls = engine.calls(to: catalogue.endpoints(keys: keys))
        let log = RequestLog(level: .init(settings.logLevel))
        let caching = try Terminal.explained { try CachingParts.make(settings, logger: logger) }
        let gateway = Gateway(
            catalogue: catalogue, breakers: Breakers(catalogue: catalogue, logger: logger), calls: calls, outcomes: log,
            keeping: caching?.keeping)
        let reloader = Reloader(
            loading, demoPort: demoPort, engine: engine, calls: calls, gateway: gateway, logger: logger)
        let edge = EdgeServer(
            settings.edge, gateway: gateway, keys: ClientKeys(settings.clientKeys.map { $0.reveal() }),
            adminToken: AdminToken(secret: settings.adminToken?.reveal()), audit: AuditLog(directory: settings.stateDirectory),
            reload: reloader.reloadForRequest,
            logger: Logger.quieter(logger)
        ) { port in
            let summary = Summary(
                catalogue, host: settings.host, port: port, isDemo: demoPort != nil, needsKey: !settings.clientKeys.isEmpty)
            // Whoever reads no more wants the gateway all the same.
            try? Terminal.say(summary.text)
        }
        // Stopped in the opposite order: first no more requests, last the log of those that were.
        var configuration = ServiceGroupConfiguration(
            services: [log, engine] + (caching?.services ?? [])
                + [Prober(gateway: gateway), HangupListener(reloader: reloader), edge],
            logger: Logger.quieter(logger))
        // The edge cuts what takes too long; this is for what hangs in spite of that.
        configuration.maximumGracefulShutdownDuration = settings.drainTimeout + .seconds(5)
        let services = ServiceGroup(configuration: configuration)
        let stop = StopSignals(edge: edge, drainTimeout: settings.drainTimeout, logger: logger) { await services.triggerGracefulShutdown() }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await stop.follow() }
                defer { group.cancelAll() }
                try await services.run()
            }
        } catch is CancellationError {
            logger.notice("stopped before every answer had ended")
        }
    }
}

extension ServerSettings {
    fileprivate var edge: EdgeServer.Configuration {
        var edge = EdgeServer.Configuration()
        edge.host = host
        edge.port = port
        edge.loops = loops
        edge.bodyLimit = maxBodyBytes
        edge.headTimeout = headTimeout
        edge.bodyTimeout = bodyTimeout
        edge.idleTimeout = idleTimeout
        edge.connectionLimit = maxConnections
        edge.drainTimeout = drainTimeout
        return edge
    }
}

extension RequestLog.Level {
    fileprivate init(_ level: ServerSettings.LogLevel) {
        self =
            switch level {
            case .trace, .debug, .info: .all
            case .notice: .troubles
            case .warning: .failures
            case .error, .critical: .nothing
            }
    }
}

extension Logger {
    /// For libraries whose everyday lines nobody misses.
    fileprivate static func quieter(_ logger: Logger) -> Logger {
        var quiet = logger
        if logger.logLevel == .info { quiet.logLevel = .notice }
        return quiet
    }
}
