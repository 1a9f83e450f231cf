import Core
import Edge
import Foundation
import Gateway
import Logging
import ServiceLifecycle
import Telemetry
import TestKit
import Testing
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
        var acceptsPrefill = false
        var timeouts = Timeouts()
        /// Where calls go instead of the provider.
        var baseURL: String?

        fileprivate var url: String { baseURL ?? provider.baseURL }
    }

    /// Serves while `body` runs, and stops with it.
    static func run(
        _ backends: [Backend], keys: [String] = [], heartbeat: Heartbeat = Heartbeat(), configure: (inout EdgeServer.Configuration) -> Void = { _ in },
        _ body: @Sendable (ServedGateway) async throws -> Void
    ) async throws {
        let catalogue = catalogue(of: backends)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let engine = CurlEngine(
            endpoints: backends.map {
                Endpoint(provider: $0.name, api: $0.api, baseURL: $0.url, key: $0.key, limit: 10)
            })
        let log = RequestLog(level: .failures) { _ in }
        let gateway = Gateway(
            catalogue: catalogue, breakers: Breakers(catalogue: catalogue, logger: logger), calls: engine, outcomes: log,
            heartbeat: heartbeat)
        var configuration = EdgeServer.Configuration()
        configuration.port = 0
        configure(&configuration)
        let listening = Watched<Int?>(nil)
        let edge = EdgeServer(configuration, gateway: gateway, keys: ClientKeys(keys), logger: logger) { port in
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
                id: $0.name, api: $0.api, baseURL: $0.url, keyVariable: nil, switchVariable: nil,
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
                timeouts: backend.timeouts, ownedBy: "test", acceptsPrefill: backend.acceptsPrefill)
        }
        return Catalogue(providers: providers, models: models, agents: [], policy: Policy())
    }

    /// A chat request's answer, as a client that closes after it reads it.
    func chat(_ body: String, headers: HeaderList = [:]) async throws -> (head: ResponseHead, body: String) {
        try await post("/v1/chat/completions", body, headers: headers)
    }

    func post(_ path: String, _ body: String, headers: HeaderList = [:]) async throws -> (head: ResponseHead, body: String) {
        let client = try await RawClient.connect(port: port)
        var fields = headers
        fields.append("Content-Type", "application/json")
        try await client.send("POST", path, headers: fields, body: body)
        let head = try await client.readHead()
        let text = String(decoding: try await client.readBody(), as: UTF8.self)
        await client.close()
        return (head, text)
    }

    /// What `/ai/circuit-breaker` says of a model's deployment.
    func breaker(of model: String = "model") async throws -> [String: Any] {
        let client = try await RawClient.connect(port: port)
        try await client.send("GET", "/ai/circuit-breaker")
        _ = try await client.readHead()
        let body = try JSONSerialization.jsonObject(with: Data(try await client.readBody()))
        await client.close()
        let breakers = try #require((body as? [String: Any])?["breakers"] as? [[String: Any]])
        return try #require(breakers.first { $0["deployment"] as? String == "\(model)/there" })
    }

    /// A request of one message to `model`.
    static func question(_ model: String = "model", stream: Bool = false, more: String = "") -> String {
        #"{"model":"\#(model)","stream":\#(stream),"messages":[{"role":"user","content":"Hi"}]\#(more)}"#
    }
}
