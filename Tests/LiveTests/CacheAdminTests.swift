import Core
import Edge
import Foundation
import Gateway
import TestKit
import Testing

/// `/api/cache/stats`, `/invalidate` and `/rotate` with a real cache, over sockets.
@Suite(.timeLimit(.minutes(1))) struct CacheAdminTests {
    private static let (one, two, admin) = ("first-client-key", "second-client-key", "the-admin-token")

    /// A gateway with two clients and an admin, whose provider numbers its answers; and its audit log.
    private static func withGateway(
        _ body: @escaping @Sendable (ServedGateway, ScriptedProvider, _ audit: @Sendable () -> String) async throws -> Void
    ) async throws {
        let directory = NSTemporaryDirectory() + "quintet-live-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await withScriptedProvider(handler: ScriptedProvider.numbering) { provider in
            let options = ServedGateway.Options(keys: [one, two], adminToken: admin, stateDirectory: directory, cache: .init())
            try await ServedGateway.run([.init(provider: provider)], options) { gateway in
                try await body(gateway, provider) { (try? String(contentsOfFile: directory + "/audit.jsonl", encoding: .utf8)) ?? "" }
            }
        }
    }

    private static func bearer(_ key: String) -> HeaderList { ["Authorization": "Bearer \(key)"] }
    private static func param(_ json: NSDictionary) -> String? { (json["error"] as? NSDictionary)?["param"] as? String }
    private static func code(_ json: NSDictionary) -> String? { (json["error"] as? NSDictionary)?["code"] as? String }

    // MARK: Figures

    @Test func figuresAreTrue() async throws {
        try await Self.withGateway { gateway, provider, _ in
            for question in ["Hi", "Ho", "Hi", "Hi"] { _ = try await gateway.ask(question, headers: Self.bearer(Self.one)) }
            var headers = Self.bearer(Self.two)
            headers.append("x-quintet-session", "s")
            for _ in 0..<2 { _ = try await gateway.ask("Hi", headers: headers) }
            _ = try await gateway.ask("Hi", more: #","cache":{"no-store":true}"#, headers: Self.bearer(Self.one))
            _ = try await gateway.ask("Hu", more: #","cache":{"no-store":true}"#, headers: Self.bearer(Self.one))
            let (status, json) = try await gateway.cache("stats", as: Self.admin)
            #expect(status == 200 && json["type"] as? String == "MEMORY")
            let stats = try #require(json["stats"] as? NSDictionary)
            // Whoever wants nothing kept may be given what is there.
            #expect(stats["totalHits"] as? Int == 4 && stats["totalMisses"] as? Int == 4, "\(stats)")
            #expect(stats["hitRate"] as? String == "50.00%")
            #expect(json["l1MemorySize"] as? Int == 3)
            let tiers = try #require(json["tiers"] as? [String: Any])
            let (memory, session) = (try #require(tiers["L1"] as? NSDictionary), try #require(tiers["L2"] as? NSDictionary))
            #expect(memory["hits"] as? Int == 4 && memory["misses"] as? Int == 4 && memory["stores"] as? Int == 3)
            #expect(session["stores"] as? Int == 1 && session["entries"] as? Int == 1)
            #expect(tiers["L3"] is NSNull)
            #expect(json["refusedStores"] as? NSDictionary == ["no_store": 1])
            // 9 tokens at 1,000,000 and 3 at 2,000,000 picodollars, four times.
            let saved = try #require(json["saved"] as? NSDictionary)
            let usd = try #require(saved["usd"] as? Double)
            #expect(abs(usd - 4 * 15e-6) < 1e-12)
            #expect(provider.requests.count == 4)
        }
    }

    @Test(arguments: [(nil, 401), (one, 401), (admin, 200), ("wrong", 401)]) func figuresAreForAdmins(key: String?, status: Int) async throws {
        try await Self.withGateway { gateway, _, _ in
            let answer = try await gateway.cache("stats", as: key)
            #expect(answer.status == status && (status == 200) == (answer.json["tiers"] != nil))
        }
    }

    // MARK: Forgetting

    @Test func aClientForgetsItsOwn() async throws {
        try await Self.withGateway { gateway, _, audit in
            func ask(_ key: String) async throws -> String {
                var headers = Self.bearer(key)
                headers.append("x-quintet-session", "s")
                return try await gateway.ask("Hi", more: #","user":"u","cache":{"tags":["t"]}"#, headers: headers).from
            }
            for key in [Self.one, Self.two] { _ = try await ask(key) }
            for body in [#"{"user":"u"}"#, #"{"session":"s"}"#, #"{"tag":"t"}"#, #"{"tenant":"self"}"#] {
                let (status, json) = try await gateway.cache("invalidate", body, as: Self.one)
                #expect(status == 200)
                #expect(json["removed"] as? NSDictionary == ["L1": 1, "L2": 1, "L3": NSNull()] as NSDictionary, "\(body): \(json)")
                #expect(json["total"] as? Int == 2 && json["remote_pending"] as? Bool == false)
                #expect(try await ask(Self.one) == "miss", "\(body)")
                #expect(try await ask(Self.two) == "L1", "\(body) is of the other tenant too")
            }
            #expect(audit().isEmpty)
        }
    }

    @Test(arguments: [
        (#"{"agent":"dev"}"#, "agent"), (#"{"model":"model"}"#, "model"), (#"{"key":"k"}"#, "key"), (#"{"glob":"*"}"#, "glob"),
        (#"{"all":true}"#, "all"), (#"{"tenant":"local"}"#, "tenant"), (#"{"user":"u","of":"local"}"#, "of"),
    ])
    func whatReachesFurtherIsForAdmins(body: String, field: String) async throws {
        try await Self.withGateway { gateway, _, audit in
            _ = try await gateway.ask("Hi", headers: Self.bearer(Self.two))
            let refused = try await gateway.cache("invalidate", body, as: Self.one)
            #expect(refused.status == 403 && Self.param(refused.json) == field && Self.code(refused.json) == "admin_token_required")
            #expect(try await gateway.cache("invalidate", body).status == 401)
            #expect(try await gateway.ask("Hi", headers: Self.bearer(Self.two)).from == "L1", "nothing was forgotten")
            #expect(audit().isEmpty)

            let (status, json) = try await gateway.cache("invalidate", body, as: Self.admin)
            #expect(status == 200)
            let reaches = ["model", "glob", "all"].contains(field)
            #expect(json["total"] as? Int == (reaches ? 1 : 0), "\(json)")
            #expect(try await gateway.ask("Hi", headers: Self.bearer(Self.two)).from == (reaches ? "miss" : "L1"))
            #expect(audit().contains(#""action":"forget""#) && audit().split(separator: "\n").count == 1)
        }
    }

    @Test(arguments: [
        ("{}", "tag"), ("[]", "tag"), (#"{"usr":"u"}"#, "usr"), (#"{"user":7}"#, "user"), (#"{"user":""}"#, "user"),
        (#"{"user":"u","session":"s"}"#, "session"), (#"{"all":false}"#, "all"), (#"{"agent":"dev","of":"x"}"#, "of"),
    ])
    func aBadWishNamesItsField(body: String, field: String) async throws {
        try await Self.withGateway { gateway, _, audit in
            _ = try await gateway.ask("Hi", headers: Self.bearer(Self.one))
            let (status, json) = try await gateway.cache("invalidate", body, as: Self.admin)
            #expect(status == 400 && Self.param(json) == field, "\(json)")
            #expect(try await gateway.ask("Hi", headers: Self.bearer(Self.one)).from == "L1" && audit().isEmpty)
        }
    }

    // MARK: Rotating

    @Test func aClientRotatesItsOwnSecret() async throws {
        try await Self.withGateway { gateway, _, audit in
            #expect(try await gateway.cache("rotate", "", as: Self.one).status == 400, "it has none yet")
            for key in [Self.one, Self.two] { _ = try await gateway.ask("Hi", headers: Self.bearer(key)) }
            let (status, json) = try await gateway.cache("rotate", "", as: Self.one)
            #expect(status == 200 && json["rotated"] as? Bool == true)
            #expect(try await gateway.ask("Hi", headers: Self.bearer(Self.one)).from == "L1", "the one before is good for an hour")
            #expect(try await gateway.cache("rotate", "", as: Self.one).status == 429, "it has one that is seconds old")
            #expect(try await gateway.ask("Hi", headers: Self.bearer(Self.two)).from == "L1")
            #expect(try await gateway.cache("rotate", #"{"tenant":"self","overlap_seconds":0}"#, as: Self.two).status == 200)
            #expect(try await gateway.ask("Hi", headers: Self.bearer(Self.two)).from == "miss")
            #expect(try await gateway.ask("Hi", headers: Self.bearer(Self.one)).from == "L1")
            #expect(audit().isEmpty)
        }
    }

    @Test(arguments: [
        (#"{"tenant":7}"#, "tenant"), (#"{"tenant":""}"#, "tenant"), (#"{"tenant":"nobody"}"#, "tenant"), (#"{"overlap":5}"#, "overlap"),
        (#"{"overlap_seconds":"long"}"#, "overlap_seconds"), (#"{"overlap_seconds":-1}"#, "overlap_seconds"),
        (#"{"overlap_seconds":86401}"#, "overlap_seconds"),
    ])
    func aBadRotationNamesItsField(body: String, field: String) async throws {
        try await Self.withGateway { gateway, _, _ in
            let (status, json) = try await gateway.cache("rotate", body, as: Self.admin)
            #expect(status == 400 && Self.param(json) == field, "\(json)")
        }
    }

    @Test func anotherTenantsSecretIsForAdmins() async throws {
        try await Self.withGateway { gateway, _, audit in
            _ = try await gateway.ask("Hi", headers: Self.bearer(Self.two))
            let tenant = try #require(gateway.secrets?.snapshot.records.keys.first)
            let body = #"{"tenant":"\#(tenant)","overlap_seconds":0}"#
            let refused = try await gateway.cache("rotate", body, as: Self.one)
            #expect(refused.status == 403 && Self.param(refused.json) == "tenant")
            #expect(try await gateway.cache("rotate", body).status == 401)
            #expect(try await gateway.ask("Hi", headers: Self.bearer(Self.two)).from == "L1" && audit().isEmpty)
            #expect(try await gateway.cache("rotate", body, as: Self.admin).status == 200)
            #expect(audit().contains(#""action":"rotate","tenant":"\#(tenant)""#), "\(audit())")
            #expect(try await gateway.ask("Hi", headers: Self.bearer(Self.two)).from == "miss")
        }
    }

    @Test func aGatewayWithoutACacheSaysSo() async throws {
        try await withScriptedProvider(.json(body: Chat.answer(text: "hello"))) { provider in
            try await ServedGateway.run([.init(provider: provider)], .init(adminToken: Self.admin)) { gateway in
                for (path, body) in [("stats", nil), ("invalidate", #"{"tag":"t"}"#), ("rotate", "{}")] as [(String, String?)] {
                    let (status, json) = try await gateway.cache(path, body, as: Self.admin)
                    #expect(status == 404 && Self.code(json) == "cache_off", "\(path)")
                }
            }
        }
    }
}
