import Cache
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
    let gateway: Gateway
    /// The tenants' cache secrets; nil without a cache.
    private(set) var secrets: TenantSecrets?
    private let engine: CurlEngine
    /// The way to the providers of the catalogue in force.
    private let calls: Watched<CurlCalls>
    /// Begins the graceful shutdown, as SIGTERM does.
    private(set) var stop: @Sendable () async -> Void = {}

    /// A provider of the test and the model on it.
    struct Backend {
        let provider: ScriptedProvider
        var api = Provider.API.openai
        /// The provider's name, and the model's if nothing else is said.
        var name = "model"
        /// Backends of one model are its deployments.
        var model: String?
        var fallbacks: [String] = []
        var acceptsPrefill = false
        /// The model's strength; its price goes with it.
        var quality = 50
        var timeouts = Timeouts()
        /// Where calls go instead of the provider.
        var baseURL: String?

        fileprivate var url: String { baseURL ?? provider.baseURL }
        /// Each is a deployment of its own.
        var keys: [String] = []
        var limit = 10

        fileprivate var accesses: [Provider.Access] {
            guard !keys.isEmpty else { return [.init(id: name, keyVariable: nil)] }
            return keys.indices.map { .init(id: $0 == 0 ? name : "\(name)#\($0 + 1)", keyVariable: "KEY_\($0 + 1)") }
        }

        fileprivate var endpoints: [Endpoint] {
            accesses.enumerated().map { index, access in
                Endpoint(
                    access: access.id, api: api, baseURL: url, key: keys.isEmpty ? nil : keys[index], limit: limit)
            }
        }
    }

    /// What of the gateway a test may want in its own way.
    struct Options {
        var keys: [String] = []
        var adminToken: String?
        /// Where the audit log goes.
        var stateDirectory = "/nonexistent"
        /// The breakers' time; everything else runs on the real one.
        var now: @Sendable () -> Instant = { ContinuousClock.now }
        var policy = Policy()
        /// Routed to by their keywords.
        var agents: [Agent] = []
        var heartbeat = Heartbeat()
        /// How often the prober looks; nil for none.
        var probeInterval: Duration?
        /// What `POST /admin/reload` puts in force.
        var reload: @Sendable () throws -> [Backend] = { [] }
        /// nil for none.
        var cache: Caching?
    }

    /// A cache of the test's.
    struct Caching {
        var tiers = TieredCache.Settings()
        var keeping = AnswerKeeping.Settings()
        /// Of a Redis on this machine; nil for none.
        var redisPort: Int?
        var clock = CacheClock.system
        /// Two gateways with one secret are replicas.
        var master = [UInt8](0..<32)
    }

    /// Serves while `body` runs, and stops with it.
    static func run(
        _ backends: [Backend], _ options: Options = Options(),
        configure: (inout EdgeServer.Configuration) -> Void = { _ in },
        _ body: @Sendable (ServedGateway) async throws -> Void
    ) async throws {
        let catalogue = catalogue(of: backends, options.policy, options.agents)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let engine = CurlEngine()
        let calls = engine.calls(to: backends.flatMap(\.endpoints))
        let log = RequestLog(level: .failures) { _ in }
        let caching = try options.cache.map(CachingRig.init)
        let gateway = Gateway(
            catalogue: catalogue, breakers: Breakers(catalogue: catalogue, logger: logger, now: options.now), calls: calls, outcomes: log,
            heartbeat: options.heartbeat, keeping: caching?.keeping)
        var served = ServedGateway(port: 0, gateway: gateway, engine: engine, calls: Watched(calls))
        served.secrets = caching?.secrets
        var configuration = EdgeServer.Configuration()
        configuration.port = 0
        configure(&configuration)
        let listening = Watched<Int?>(nil)
        let edge = EdgeServer(
            configuration, gateway: gateway, keys: ClientKeys(options.keys),
            adminToken: AdminToken(secret: options.adminToken), audit: AuditLog(directory: options.stateDirectory),
            reload: { [served] in served.reload(try options.reload(), options.policy) }, logger: logger
        ) { port in
            listening.update { $0 = port }
        }
        let prober = options.probeInterval.map { Prober(gateway: gateway, interval: $0) }
        let services: [any Service] = [log, engine] + (caching?.services ?? []) + [edge] + (prober.map { [$0] } ?? [])
        let group = ServiceGroup(configuration: .init(services: services, logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            served = ServedGateway(
                port: try await listening.wait("the gateway listening") { $0 }, gateway: gateway, secrets: served.secrets,
                engine: engine, calls: served.calls, stop: { await group.triggerGracefulShutdown() })
            do { try await body(served) } catch {
                await group.triggerGracefulShutdown()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    /// Puts these in force instead.
    @discardableResult
    func reload(_ backends: [Backend], _ policy: Policy = Policy()) -> CatalogueChange {
        let endpoints = backends.flatMap(\.endpoints)
        let next = calls.update { calls in
            calls = engine.calls(to: endpoints, continuing: calls)
            return calls
        }
        return gateway.adopt(Self.catalogue(of: backends, policy), calls: next)
    }

    private static func catalogue(of backends: [Backend], _ policy: Policy, _ agents: [Agent] = []) -> Catalogue {
        let providers = backends.map {
            Provider(
                id: $0.name, api: $0.api, baseURL: $0.url, keyVariables: $0.accesses.compactMap(\.keyVariable),
                switchVariable: nil, acceptsStreamOptions: true, outputLimitField: .maxTokens, inFlightLimit: $0.limit,
                state: .on, accesses: $0.accesses)
        }
        var count = 0
        let byModel = Dictionary(grouping: backends) { $0.model ?? $0.name }
        let models = byModel.sorted { $0.key < $1.key }.enumerated().map { index, entry in
            let deployments = entry.value.flatMap { backend in
                backend.accesses.map { access in
                    defer { count += 1 }
                    return Deployment(
                        index: count, id: "\(access.id)/there", provider: backend.name, access: access.id,
                        keyVariable: access.keyVariable, modelName: "there", weight: 1, isLive: true)
                }
            }
            return Model(
                index: index, name: entry.key, deployments: deployments, balance: policy.balance,
                fallbacks: entry.value.flatMap(\.fallbacks), quality: entry.value[0].quality, tier: .medium, inputWindow: nil, outputWindow: nil,
                abilities: [.tools, .vision, .responseSchema], acceptsSampling: true,
                price: Price(
                    .init(
                        prompt: Money(picodollars: 20_000) * entry.value[0].quality,
                        completion: Money(picodollars: 40_000) * entry.value[0].quality,
                        cachedPrompt: Money(picodollars: 2_000) * entry.value[0].quality)),
                timeouts: entry.value[0].timeouts, ownedBy: "test",
                acceptsPrefill: entry.value.allSatisfy(\.acceptsPrefill))
        }
        return Catalogue(providers: providers, models: models, agents: agents, policy: policy)
    }

    /// A chat request's answer, as a client that closes after it reads it.
    func chat(_ body: String, headers: HeaderList = [:]) async throws -> (head: ResponseHead, body: String) {
        try await post("/v1/chat/completions", body, headers: headers)
    }

    func post(_ path: String, _ body: String, headers: HeaderList = [:]) async throws -> (head: ResponseHead, body: String) {
        var fields = headers
        fields.append("Content-Type", "application/json")
        return try await request("POST", path, headers: fields, body: body)
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

    /// Asks a model and checks the status of its answer.
    func expect(_ status: Int, from model: String = "model", sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let answer = try await chat(Self.question(model))
        #expect(answer.head.status == status, sourceLocation: sourceLocation)
    }

    /// A request of one message to `model`.
    static func question(_ model: String = "model", stream: Bool = false, more: String = "") -> String {
        #"{"model":"\#(model)","stream":\#(stream),"messages":[{"role":"user","content":"Hi"}]\#(more)}"#
    }
}
