import Core
import Edge
import Gateway
import Logging
import ServiceLifecycle
import Settings
import UnixSignals
import Upstream

/// Reads the catalogue's files again and swaps them in, one reload after the other. What is wrong with them changes nothing.
actor Reloader {
    private let loading: Loading
    private let demoPort: Int?
    private let engine: CurlEngine
    private let gateway: Gateway
    private let logger: Logger
    /// The way to the providers of the catalogue in force.
    private var calls: CurlCalls

    init(
        _ loading: Loading, demoPort: Int?, engine: CurlEngine, calls: CurlCalls, gateway: Gateway, logger: Logger
    ) {
        self.loading = loading
        self.demoPort = demoPort
        self.engine = engine
        self.calls = calls
        self.gateway = gateway
        self.logger = logger
    }

    /// - Throws: ``GatewayError`` with the files' problems, each with its place and its mend.
    func reload() async throws(GatewayError) -> CatalogueChange {
        do {
            let (catalogue, keys) = try loading.again().built(demoPort: demoPort)
            let calls = engine.calls(to: catalogue.endpoints(keys: keys), continuing: calls)
            let change = gateway.adopt(catalogue, calls: calls)
            self.calls = calls
            await gateway.forgetStale(after: change)
            logger.notice(
                "reloaded",
                metadata: [
                    "models": "\(change.models)", "on": "\(change.liveModels)", "added": "\(change.added.count)",
                    "removed": "\(change.removed.count)",
                ])
            return change
        } catch {
            logger.error("not reloaded, the old catalogue stays", metadata: ["why": "\(error)"])
            throw GatewayError(.invalidConfiguration, .gateway, "Nothing was changed. Mend this first:\n\(error)")
        }
    }

    /// The same for a request, away from its event loop, which must not wait for files.
    nonisolated func reloadForRequest() async throws -> CatalogueChange {
        try await withTaskExecutorPreference(globalConcurrentExecutor) { try await self.reload() }
    }
}

/// Reloads on `SIGHUP`.
struct HangupListener: Service {
    let reloader: Reloader

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            // What was wrong stands in the log.
            _ = try? await reloader.reload()
        }
    }
}

extension Catalogue {
    /// Where calls go: one for each way into a provider that is on.
    func endpoints(keys: [String: Secret]) -> [Endpoint] {
        providers.flatMap { provider in
            provider.accesses.map { access in
                Endpoint(
                    access: access.id, api: provider.api, baseURL: provider.baseURL, key: keys[access.id]?.reveal(),
                    limit: provider.inFlightLimit)
            }
        }
    }
}
