import Cache
import Core
import Edge
import Foundation
import Gateway
import ServiceLifecycle
import TestKit
import Testing

/// What a served gateway's cache consists of, as the program puts it together.
struct CachingRig {
    let keeping: AnswerKeeping
    let secrets: TenantSecrets
    let services: [any Service]

    init(_ options: ServedGateway.Caching) throws {
        let master = try #require(MasterSecret(options.master))
        let secrets = TenantSecrets(master: master, now: options.clock.wall)
        let redis = try options.redisPort.map { try RedisStore(Self.settings(port: $0)) }
        var remote = RemoteSettings(secret: master.replicaKey(for: "quintet remote tier 1"))
        // A loaded machine must not look like a slow Redis.
        remote.patience = .seconds(5)
        let cache = TieredCache(options.tiers, remote: redis.map { ($0, remote) }, clock: options.clock)
        let flights = Flights()
        keeping = AnswerKeeping(
            cache: cache, secrets: secrets, flights: flights, settings: options.keeping, wallClock: options.clock.wall)
        self.secrets = secrets
        let shared: [any Service] = redis.map { [$0, SaltExchange(secrets, store: $0, master: master)] } ?? []
        services = shared + [cache, flights]
    }

    /// No test waits for a second chance, and none takes a loaded machine for a dead Redis.
    private static func settings(port: Int) throws -> RedisSettings {
        var settings = RedisSettings(address: try RedisAddress(host: "127.0.0.1", port: port))
        settings.connectTimeout = .seconds(5)
        settings.commandTimeout = .seconds(5)
        settings.silence = .seconds(5)
        settings.pingInterval = .milliseconds(50)
        settings.writeRest = .milliseconds(50)
        return settings
    }
}

extension ServedGateway {
    /// The cache's figures.
    func figures(sourceLocation: SourceLocation = #_sourceLocation) throws -> CacheReport {
        try #require(gateway.keeping, sourceLocation: sourceLocation).cache.report
    }

    /// Waits until the figures say so; they change without telling anybody.
    func wait(for what: String, until isTrue: @escaping @Sendable (CacheReport) -> Bool) async throws {
        let keeping = try #require(gateway.keeping)
        try await withHardLimit("\(what): \(keeping.cache.report)", limit: .seconds(20)) {
            while !isTrue(keeping.cache.report) { try await Task.sleep(for: .milliseconds(2)) }
        }
    }

    /// Waits until Redis is there, and the cache hears what other replicas forget: that empties its memory.
    func waitForRedis() async throws {
        try await wait(for: "Redis") { report in
            guard case .connected = report.remote?.condition else { return false }
            return report.remote?.subscriptions == 1
        }
    }

    /// A question's answer: its text, and where the cache had it: `L1`, `L2`, `L3`, or the word of `x-quintet-cache`.
    func ask(
        _ question: String, more: String = "", headers: HeaderList = [:], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> (text: String, from: String) {
        let body = #"{"model":"model","messages":[{"role":"user","content":"\#(question)"}]\#(more)}"#
        let answer = try await chat(body, headers: headers)
        try #require(answer.head.status == 200, "\(answer.body)", sourceLocation: sourceLocation)
        let status = answer.head.headers["cache-status"] ?? ""
        let tier = status.split(separator: "detail=").dropFirst().first.map(String.init)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
        let choice = (object["choices"] as? [[String: Any]])?.first
        let text = (choice?["message"] as? [String: Any])?["content"] as? String
        return (try #require(text), tier ?? answer.head.headers["x-quintet-cache"] ?? "")
    }

    /// What an admin or a client says to the cache's routes.
    func cache(
        _ path: String, _ body: String? = nil, as bearer: String? = nil
    ) async throws -> (status: Int, json: NSDictionary) {
        let headers: HeaderList = bearer.map { ["Authorization": "Bearer \($0)"] } ?? [:]
        let answer = try await request(body == nil ? "GET" : "POST", "/api/cache/\(path)", headers: headers, body: body)
        return (answer.head.status, try #require(try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? NSDictionary))
    }
}

extension ScriptedProvider {
    /// Answers each call with its own number, so that whose answer it is can be seen.
    static let numbering: Handler = { _, index in .json(body: Chat.answer(text: "answer \(index)")) }
}

/// Both clocks of a cache, moved by hand.
struct CacheTime: Sendable {
    private let manual = ManualTime()
    private let start: ContinuousClock.Instant

    init() { start = manual.now }

    var clock: CacheClock {
        CacheClock(
            now: { manual.now },
            wall: { 1_800_000_000_000 + Int64((manual.now - start) / .milliseconds(1)) })
    }

    func advance(_ step: Duration) { manual.advance(by: step) }
}
