import Core
@testable import Edge
import Foundation
import Gateway
import NIOCore
import NIOHTTP1
import Synchronization
import TestKit
import Testing

/// `/api/cache` without a server.
@Suite struct CacheRouteTests {
    /// Whose the client key `key` is. It must never change: what is stored for the tenant would be lost.
    private static let tenant = "key-d5ea98078ca8e112"

    /// Says what it was told to, and keeps what it was asked to forget.
    private final class ScriptedCache: AnswerCache {
        let report: CacheReport
        private let answer: CacheInvalidationReport
        private let asked = Mutex<[CacheInvalidation]>([])
        var forgotten: [CacheInvalidation] { asked.withLock { $0 } }
        /// How many invalidations it was asked for.
        let began = Watched(0)
        /// Holds them up.
        private let gate: Gate?

        init(
            report: CacheReport = CacheReport(), answer: CacheInvalidationReport = CacheInvalidationReport(), gate: Gate? = nil
        ) {
            self.gate = gate
            self.report = report
            self.answer = answer
        }

        var moment: CacheMoment { CacheMoment(0) }

        func recall(_ query: CacheQuery) -> CacheHit? { nil }
        func look(up query: CacheQuery) async -> CacheHit? { nil }
        func mayBeOutdated(_ key: String, tags: @autoclosure () -> [CacheTag], since moment: CacheMoment) -> Bool { false }
        func store(_ answer: CachedAnswer, at address: CacheAddress, session: String?, since moment: CacheMoment) -> Bool { true }
        func invalidate(_ which: CacheInvalidation) async -> CacheInvalidationReport {
            asked.withLock { $0.append(which) }
            began.update { $0 += 1 }
            try? await gate?.wait()
            return answer
        }
    }

    private struct Rig {
        var cache: ScriptedCache? = ScriptedCache()
        var flights: FlightReport?
        var keys: [String] = []
        var token: String?
        var directory = "/dev/null/state"
        let secrets = TenantSecrets(master: MasterSecret(Array(0..<32))!, now: { 0 })
        /// Where the secrets are saved.
        var save: @Sendable () async throws -> Void = {}

        /// What bounds a tenant is in the keeping: one for all requests of a rig.
        var routes: CacheRoutes {
            let keeping = cache.map {
                AnswerKeeping(cache: $0, secrets: secrets, flights: Flights(), wallClock: { 0 }, saveSecrets: save)
            }
            return CacheRoutes(
                keeping: keeping, flights: { flights }, door: AdminDoor(keys: ClientKeys(keys), token: AdminToken(secret: token)),
                audit: AuditLog(directory: directory))
        }

        func on(_ routes: CacheRoutes, _ path: String, _ body: String, _ bearer: String? = nil) async throws -> (
            status: Int, json: [String: Any]
        ) {
            var request = request(.POST, path, bearer)
            request.body = ByteBuffer(string: body)
            return try await read { [request] in
                path.hasSuffix("rotate") ? try await routes.rotate(request) : try await routes.invalidate(request)
            }
        }

        func stats(_ bearer: String? = nil) async throws -> (status: Int, json: [String: Any]) {
            try await read { try await routes.stats(request(.GET, "/api/cache/stats", bearer)) }
        }

        func forget(_ body: String, _ bearer: String? = nil, tenant: String = "local") async throws -> (
            status: Int, json: [String: Any]
        ) {
            var request = request(.POST, "/api/cache/invalidate", bearer)
            request.body = ByteBuffer(string: body)
            request.tenant = tenant
            return try await read { [request] in try await routes.invalidate(request) }
        }

        private func request(_ method: HTTPMethod, _ path: String, _ bearer: String?) -> Request {
            Request(
                HTTPRequestHead(
                    version: .http1_1, method: method, uri: path,
                    headers: bearer.map { ["authorization": "Bearer \($0)"] } ?? [:]))
        }

        private func read(_ answer: () async throws -> Response) async throws -> (status: Int, json: [String: Any]) {
            let response: Response
            do { response = try await answer() } catch let error as GatewayError { response = Response(error: error) }
            guard case .whole(let body) = response.body else { throw CancellationError() }
            let json = try #require(try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any])
            return (Int(response.status.code), json)
        }
    }

    private static func code(_ json: [String: Any]) -> String? { (json["error"] as? [String: Any])?["code"] as? String }
    private static func param(_ json: [String: Any]) -> String? { (json["error"] as? [String: Any])?["param"] as? String }

    // MARK: Figures

    /// Every figure another number, so that none can stand in another's place.
    private static var fullReport: CacheReport {
        var report = CacheReport()
        (report.lookups.hits, report.lookups.misses) = (147, 53)
        report.agents["dev"] = report.lookups
        report.models["fast"] = lookups(1, 2)
        report.routes["chat"] = lookups(0, 0)
        var memory = CacheReport.Memory()
        (memory.hits, memory.misses, memory.stores, memory.refused, memory.evictions) = (101, 102, 103, 104, 105)
        (memory.expired, memory.invalidated, memory.entries, memory.bytes) = (106, 107, 108, 109)
        (memory.entryLimit, memory.byteLimit) = (110, 111)
        report.memory = memory
        var remote = CacheReport.Remote()
        (remote.hits, remote.misses, remote.stores, remote.refused, remote.lostStores) = (301, 302, 303, 304, 305)
        (remote.failures, remote.unreadable, remote.expired, remote.invalidated) = (306, 307, 308, 309)
        (remote.queued, remote.queuedBytes, remote.pendingInvalidations, remote.subscriptions) = (310, 311, 312, 313)
        (remote.plainBytes, remote.sealedBytes) = (1000, 400)
        remote.condition = .connected(ping: .microseconds(1500))
        remote.memory = RemoteMemory(used: 2000, limit: nil, evictions: 8)
        report.remote = remote
        report.savedSeconds = 12.5
        report.saved = Money(picodollars: 250_000_000_000)
        return report
    }

    private static func lookups(_ hits: Int, _ misses: Int) -> CacheReport.Lookups {
        var lookups = CacheReport.Lookups()
        (lookups.hits, lookups.misses) = (hits, misses)
        return lookups
    }

    @Test func saysEveryFigureInItsPlace() async throws {
        let rig = Rig(
            cache: ScriptedCache(report: Self.fullReport),
            flights: FlightReport(joins: 7, running: 2, refusedStores: ["truncated": 4]))
        let (status, json) = try await rig.stats()
        #expect(status == 200)
        #expect(json["type"] as? String == "HYBRID_CACHE")
        #expect(json["l1MemorySize"] as? Int == 108)
        #expect(json["redisHealthy"] as? Bool == true)
        let expected: NSDictionary = [
            "totalHits": 147, "totalMisses": 53, "hitRate": "73.50%", "hitRatio": 0.735, "redisHits": 301, "redisMisses": 302,
            "fallbackCount": 306,
        ]
        #expect(json["stats"] as? NSDictionary == expected)
        #expect(json["redis"] as? NSDictionary == [
                "state": "connected", "why": NSNull(), "pingMs": 1.5, "usedBytes": 2000, "limitBytes": NSNull(), "evictions": 8,
            ])
        let tiers: NSDictionary = [
            "L1": [
                "hits": 101, "misses": 102, "stores": 103, "refused": 104, "evictions": 105, "expired": 106,
                "invalidated": 107, "entries": 108, "bytes": 109, "entryLimit": 110, "byteLimit": 111,
            ] as NSDictionary,
            "L2": NSNull(),
            "L3": [
                "hits": 301, "misses": 302, "stores": 303, "refused": 304, "lostStores": 305, "failures": 306,
                "unreadable": 307, "expired": 308, "invalidated": 309, "queued": 310, "queuedBytes": 311,
                "pendingInvalidations": 312, "subscriptions": 313, "plainBytes": 1000, "sealedBytes": 400,
                "compressionRatio": 2.5,
            ] as NSDictionary,
        ]
        #expect(json["tiers"] as? NSDictionary == tiers)
        #expect(
            json["agents"] as? NSDictionary
                == ["dev": ["hits": 147, "misses": 53, "hitRate": "73.50%", "hitRatio": 0.735] as NSDictionary])
        #expect((json["models"] as? [String: [String: Any]])?["fast"]?["hitRate"] as? String == "33.33%")
        #expect((json["routes"] as? [String: [String: Any]])?["chat"]?["hitRate"] as? String == "0.00%")
        #expect(json["saved"] as? NSDictionary == ["seconds": 12.5, "usd": 0.25])
        #expect(json["flights"] as? NSDictionary == ["joins": 7, "running": 2])
        #expect(json["refusedStores"] as? NSDictionary == ["truncated": 4])
    }

    @Test(arguments: [
        (true, false, RemoteCondition.off, "MEMORY", false, "off"), (false, true, .away("refused"), "REDIS", false, "away"),
        (true, true, .readOnly("full"), "HYBRID_CACHE", false, "readOnly"), (false, false, .off, "NONE", false, "off"),
        (true, true, .connected(ping: nil), "HYBRID_CACHE", true, "connected"),
    ])
    func saysWhichTiersThereAre(
        memory: Bool, remote: Bool, condition: RemoteCondition, type: String, isHealthy: Bool, state: String
    ) async throws {
        var report = CacheReport()
        if memory { report.session = CacheReport.Memory() }
        if remote {
            report.remote = CacheReport.Remote()
            report.remote?.condition = condition
        }
        let (_, json) = try await Rig(cache: ScriptedCache(report: report)).stats()
        #expect(json["type"] as? String == type)
        #expect(json["redisHealthy"] as? Bool == isHealthy)
        #expect((json["redis"] as? [String: Any])?["state"] as? String == state)
        #expect((json["redis"] as? [String: Any])?["pingMs"] is NSNull)
        #expect(json["flights"] is NSNull)
    }

    @Test(arguments: [
        ([], nil, nil, 200), (["key"], nil, "key", 403), (["key"], "token", "key", 401), (["key"], "token", "token", 200),
        ([], "token", nil, 401), ([], "token", "token", 200),
    ] as [([String], String?, String?, Int)])
    func showsFiguresToAdmins(keys: [String], token: String?, shown: String?, status: Int) async throws {
        #expect(try await Rig(keys: keys, token: token).stats(shown).status == status)
    }

    @Test func saysThatThereIsNoCache() async throws {
        let rig = Rig(cache: nil)
        let (status, json) = try await rig.stats()
        #expect(status == 404)
        #expect(Self.code(json) == "cache_off")
        #expect(try await rig.forget(#"{"tag":"t"}"#).status == 404)
    }

    // MARK: Forgetting

    @Test func countsWhatWasRemoved() async throws {
        let gone = Rig(cache: ScriptedCache(answer: .init(memory: 3, session: 1, remote: 5)))
        let (status, json) = try await gone.forget(#"{"tag":"t"}"#)
        #expect(status == 200)
        #expect(json["removed"] as? NSDictionary == ["L1": 3, "L2": 1, "L3": 5])
        #expect(json["total"] as? Int == 9)
        #expect(json["remote_pending"] as? Bool == false)
        let away = Rig(cache: ScriptedCache(answer: .init(memory: 3, remote: nil, isRemotePending: true)))
        let pending = try await away.forget(#"{"tag":"t"}"#).json
        #expect(pending["removed"] as? NSDictionary == ["L1": 3, "L2": 0, "L3": NSNull()])
        #expect(pending["total"] as? Int == 3)
        #expect(pending["remote_pending"] as? Bool == true)
    }

    @Test(arguments: [
        (#"{"user":"u"}"#, CacheInvalidation.tag(.user("u", of: Self.tenant))),
        (#"{"session":"s"}"#, .tag(.session("s", of: Self.tenant))), (#"{"tag":"t"}"#, .tag(.own("t", of: Self.tenant))),
        (#"{"tenant":"self"}"#, .tag(.tenant(Self.tenant))), (#"{"tenant":"key-d5ea98078ca8e112"}"#, .tag(.tenant(Self.tenant))),
        (#"{"user":"u","of":"self"}"#, .tag(.user("u", of: Self.tenant))),
    ])
    func aClientForgetsItsOwn(body: String, which: CacheInvalidation) async throws {
        let rig = Rig(keys: ["key"], token: "token")
        #expect(try await rig.forget(body, "key", tenant: Self.tenant).status == 200)
        #expect(rig.cache?.forgotten == [which])
    }

    @Test(arguments: [
        (#"{"agent":"dev"}"#, "agent"), (#"{"model":"m"}"#, "model"), (#"{"key":"k"}"#, "key"), (#"{"glob":"*"}"#, "glob"),
        (#"{"all":true}"#, "all"), (#"{"tenant":"other"}"#, "tenant"), (#"{"user":"u","of":"other"}"#, "of"),
    ])
    func aClientForgetsNothingOfOthers(body: String, field: String) async throws {
        let rig = Rig(keys: ["key"], token: "token")
        let (status, json) = try await rig.forget(body, "key", tenant: Self.tenant)
        #expect(status == 403)
        #expect(Self.code(json) == "admin_token_required")
        #expect(Self.param(json) == field)
        let withoutToken = Rig()
        #expect(Self.code(try await withoutToken.forget(body).json) == "admin_token_not_set")
        #expect(rig.cache?.forgotten == [] && withoutToken.cache?.forgotten == [])
    }

    @Test(arguments: [nil, "other"])
    func strangersForgetNothing(shown: String?) async throws {
        let rig = Rig(keys: ["key"], token: "token")
        #expect(try await rig.forget(#"{"tag":"t"}"#, shown).status == 401)
        #expect(rig.cache?.forgotten == [])
    }

    @Test(arguments: [
        (#"{"agent":"dev"}"#, CacheInvalidation.tag(.agent("dev")), #""by":"agent","value":"dev""#),
        (#"{"model":"m"}"#, .tag(.model("m")), #""by":"model","value":"m""#),
        (#"{"key":"v1:k"}"#, .key("v1:k"), #""by":"key","value":"v1:k""#),
        (#"{"glob":"v1:*"}"#, .keys(Glob("v1:*")!), #""by":"glob","value":"v1:*""#),
        (#"{"all":true}"#, .everything, #""by":"all""#),
        (#"{"tenant":"other"}"#, .tag(.tenant("other")), #""by":"tenant","value":"other""#),
        (#"{"of":"other","user":"u"}"#, .tag(.user("u", of: "other")), #""by":"user","value":"u","of":"other""#),
        (#"{"user":"u"}"#, .tag(.user("u", of: "local")), #""by":"user","value":"u""#),
    ])
    func anAdminForgetsAnythingAndIsWrittenDown(body: String, which: CacheInvalidation, line: String) async throws {
        let directory = NSTemporaryDirectory() + "quintet-audit-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let rig = Rig(keys: ["key"], token: "token", directory: directory)
        #expect(try await rig.forget(body, "token").status == 200)
        #expect(rig.cache?.forgotten == [which])
        let log = try String(contentsOfFile: directory + "/audit.jsonl", encoding: .utf8)
        #expect(log.contains(#""action":"forget",\#(line),"token":"3c469e9d""#), "\(log)")
    }

    @Test func whatCannotBeWrittenDownIsNotDone() async throws {
        let rig = Rig(token: "token")
        #expect(try await rig.forget(#"{"all":true}"#, "token").status == 500)
        #expect(rig.cache?.forgotten == [])
    }

    @Test(arguments: [
        ("", "tag"), ("{}", "tag"), ("[]", "tag"), (#"{"of":"x"}"#, "tag"), (#"{"usr":"u"}"#, "usr"), (#"{"user":7}"#, "user"),
        (#"{"user":""}"#, "user"), (#"{"user":"u","session":"s"}"#, "session"), (#"{"user":"u","user":"v"}"#, "user"),
        (#"{"all":false}"#, "all"), (#"{"all":"yes"}"#, "all"), (#"{"agent":"dev","of":"x"}"#, "of"), (#"{"user":"u","of":1}"#, "of"),
        (#"{"glob":"\#(String(repeating: "*", count: 257))"}"#, "glob"), (#"{"tag":"\#(String(repeating: "t", count: 513))"}"#, "tag"),
    ])
    func namesTheFieldThatIsWrong(body: String, field: String) async throws {
        let rig = Rig(token: "token")
        let (status, json) = try await rig.forget(body, "token")
        #expect(status == 400)
        #expect(Self.param(json) == field)
        #expect(rig.cache?.forgotten == [])
    }

    @Test func refusesWhatIsNoJSON() async throws {
        #expect(Self.code(try await Rig().forget("{").json) == "invalid_json")
    }

    // MARK: Bounds

    @Test(arguments: [#"{"tag":"t"}"#, #"{"tenant":"self"}"#])
    func aTenantHasFewInvalidationsUnderWayAndAnAdminAny(body: String) async throws {
        let directory = NSTemporaryDirectory() + "quintet-audit-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let gate = Gate("invalidations")
        let cache = ScriptedCache(gate: gate)
        let rig = Rig(cache: cache, keys: ["key", "other"], token: "token", directory: directory)
        let routes = rig.routes
        try await withThrowingTaskGroup(of: Int.self) { group in
            defer { gate.open() }
            for _ in 0..<8 { group.addTask { try await rig.on(routes, "/api/cache/invalidate", body, "key").status } }
            try await cache.began.wait("eight under way") { $0 == 8 ? () : nil }
            let (status, json) = try await rig.on(routes, "/api/cache/invalidate", body, "key")
            #expect(status == 429 && Self.code(json) == "too_many_requests")
            for bearer in ["other", "token"] {
                group.addTask { try await rig.on(routes, "/api/cache/invalidate", #"{"tag":"t"}"#, bearer).status }
            }
            try await cache.began.wait("others' under way") { $0 == 10 ? () : nil }
            gate.open()
            for try await status in group { #expect(status == 200) }
        }
        #expect(try await rig.on(routes, "/api/cache/invalidate", body, "key").status == 200, "they are over")
    }

    @Test func aTenantGetsAnotherSecretNowAndThen() async throws {
        let rig = Rig(keys: ["key"])
        _ = rig.secrets.secrets(of: Self.tenant)
        let routes = rig.routes
        #expect(try await rig.on(routes, "/api/cache/rotate", "", "key").status == 200)
        let revision = rig.secrets.snapshot.revision
        let (status, json) = try await rig.on(routes, "/api/cache/rotate", "", "key")
        #expect(status == 429 && Self.code(json) == "too_many_requests")
        #expect(rig.secrets.snapshot.revision == revision)
    }

    /// A crash in between must not bring the old secret back.
    @Test func theNewSecretIsSavedBeforeAnythingTakesTime() async throws {
        let cache = ScriptedCache()
        let forgottenAtSave = Watched<Int?>(nil)
        let rig = Rig(cache: cache, keys: ["key"], save: { forgottenAtSave.update { $0 = cache.forgotten.count } })
        _ = rig.secrets.secrets(of: Self.tenant)
        #expect(try await rig.on(rig.routes, "/api/cache/invalidate", #"{"tenant":"self"}"#, "key").status == 200)
        #expect(forgottenAtSave.value == 0 && cache.forgotten.count == 1)
    }

    @Test func whatIsNotSavedIsForgottenAllTheSame() async throws {
        struct Full: Error {}
        let cache = ScriptedCache()
        let rig = Rig(cache: cache, keys: ["key"], save: { throw Full() })
        await #expect(throws: Full.self) {
            try await rig.on(rig.routes, "/api/cache/invalidate", #"{"tenant":"self"}"#, "key")
        }
        #expect(cache.forgotten == [.tag(.tenant(Self.tenant))])
    }
}
