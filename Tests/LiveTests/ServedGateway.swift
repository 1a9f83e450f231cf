import Core
import Edge
import Gateway
import Logging
import ServiceLifecycle
import Telemetry
import TestKit
import Upstream

/// The whole gateway on a free port, in front of scripted providers.
struct ServedGateway {
    let port: Int

    /// A provider of the test and the model `model` on it.
    struct Backend {
        let provider: ScriptedProvider
        var api = Provider.API.openai
        var name = "model"
        var fallbacks: [String] = []
        var key: String?
    }

    /// Serves while `body` runs, and stops with it.
    ///
    /// - Parameter now: the breakers' time; everything else runs on the real one.
    static func run(
        _ backends: [Backend], keys: [String] = [], adminToken: String? = nil, stateDirectory: String = "/nonexistent",
        now: @escaping @Sendable () -> Instant = { ContinuousClock.now },
        configure: (inout EdgeServer.Configuration) -> Void = { _ in },
        _ body: @Sendable (ServedGateway) async throws -> Void
    ) async throws {
        let catalogue = catalogue(of: backends)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let engine = CurlEngine(
            endpoints: backends.map {
                Endpoint(provider: $0.name, api: $0.api, baseURL: $0.provider.baseURL, key: $0.key, limit: 10)
            })
        let log = RequestLog(level: .failures) { _ in }
        let gateway = Gateway(
            catalogue: catalogue, breakers: Breakers(catalogue: catalogue, logger: logger, now: now),
            calls: engine, outcomes: log)
        var configuration = EdgeServer.Configuration()
        configuration.port = 0
        configure(&configuration)
        let listening = Watched<Int?>(nil)
        let edge = EdgeServer(
            configuration, gateway: gateway, keys: ClientKeys(keys),
            adminToken: AdminToken(secret: adminToken), audit: AuditLog(directory: stateDirectory), logger: logger
        ) { port in
            listening.update { $0 = port }
        }
        let group = ServiceGroup(configuration: .init(services: [log, engine, edge], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let port = try await listening.wait("the gateway listening") { $0 }
            do { try await body(ServedGateway(port: port)) } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    private static func catalogue(of backends: [Backend]) -> Catalogue {
        let providers = backends.map {
            Provider(
                id: $0.name, api: $0.api, baseURL: $0.provider.baseURL, keyVariable: nil, switchVariable: nil,
                acceptsStreamOptions: true, outputLimitField: .maxTokens, inFlightLimit: 10, state: .on)
        }
        let models = backends.enumerated().map { index, backend in
            Model(
                index: index, name: backend.name,
                deployments: [
                    Deployment(
                        index: index, id: "\(backend.name)/there", provider: backend.name, modelName: "there", weight: 1,
                        isLive: true)
                ], fallbacks: backend.fallbacks, quality: 50, tier: .medium, inputWindow: nil, outputWindow: nil,
                abilities: [.tools, .vision, .responseSchema], acceptsSampling: true,
                price: Price(.init(prompt: Money(picodollars: 1_000_000), completion: Money(picodollars: 2_000_000))),
                timeouts: Timeouts(), ownedBy: "test")
        }
        return Catalogue(providers: providers, models: models, agents: [], policy: Policy())
    }

    /// A chat request's answer, as a client that closes after it reads it.
    func chat(_ body: String, headers: HeaderList = [:]) async throws -> (head: ResponseHead, body: String) {
        var fields = headers
        fields.append("Content-Type", "application/json")
        return try await request("POST", "/v1/chat/completions", headers: fields, body: body)
    }

    /// Any request's answer, as a client that closes after it reads it.
    func request(
        _ method: String, _ path: String, headers: HeaderList = [:], body: String? = nil
    ) async throws -> (head: ResponseHead, body: String) {
        let client = try await RawClient.connect(port: port)
        try await client.send(method, path, headers: headers, body: body)
        let head = try await client.readHead()
        let text = String(decoding: try await client.readBody(), as: UTF8.self)
        await client.close()
        return (head, text)
    }

    /// A request of one message to `model`.
    static func question(_ model: String = "model", stream: Bool = false, more: String = "") -> String {
        #"{"model":"\#(model)","stream":\#(stream),"messages":[{"role":"user","content":"Hi"}]\#(more)}"#
    }
}
