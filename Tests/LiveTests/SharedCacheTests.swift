import Cache
import Core
import Edge
import Foundation
import Gateway
import TestKit
import Testing

/// The remote tier under a served gateway, in a real Redis.
@Suite(
    .timeLimit(.minutes(2)), .enabled(if: RedisServer.missing == nil, "Needs redis-server, redis-cli and openssl."))
struct SharedCacheTests {
    private static let keys = ["first-client-key", "second-client-key"]
    private static let withoutMemory = TieredCache.Settings(memory: nil, session: nil)

    private static func options(_ server: RedisServer, keys: [String] = [], secret: UInt8 = 0, memory: Bool = false) -> ServedGateway.Options {
        let tiers = memory ? TieredCache.Settings() : withoutMemory
        return ServedGateway.Options(
            keys: keys, cache: .init(tiers: tiers, redisPort: server.port, master: (0..<32).map { $0 ^ secret }))
    }

    /// A gateway that has no memory tiers, so that Redis is in the way of each answer.
    private static func withGateway(
        keys: [String] = [], _ handler: @escaping ScriptedProvider.Handler = ScriptedProvider.numbering,
        _ body: @escaping @Sendable (ServedGateway, ScriptedProvider, RedisServer) async throws -> Void
    ) async throws {
        try await RedisServer.run { server in
            try await withScriptedProvider(handler: handler) { provider in
                try await ServedGateway.run([.init(provider: provider)], options(server, keys: keys)) { gateway in
                    try await gateway.waitForRedis()
                    try await body(gateway, provider, server)
                }
            }
        }
    }

    private static func stores(_ count: Int) -> @Sendable (CacheReport) -> Bool { { $0.remote?.stores == count } }

    private static func names(in server: RedisServer) async throws -> Set<String> {
        Set(try await server.command("KEYS", "quintet:answer:*").split(separator: "\n").map(String.init))
    }

    // MARK: Poison

    /// What somebody may have put where an answer lay: a script that has its name, another tenant's name, and that of another
    /// question of the same tenant.
    private static let poisons: [(name: String, script: String)] = [
        ("random bytes", "local v = '' for i = 1, 300 do v = v .. string.char(math.random(0, 255)) end redis.call('SET', KEYS[1], v)"),
        ("nothing", "redis.call('SET', KEYS[1], '')"),
        ("another tenant's", "redis.call('SET', KEYS[1], redis.call('GET', KEYS[2]))"),
        ("another question's", "redis.call('SET', KEYS[1], redis.call('GET', KEYS[3]))"),
        ("an older layout", "redis.call('SETRANGE', KEYS[1], 1, string.char(0))"),
        ("a newer layout", "redis.call('SETRANGE', KEYS[1], 1, string.char(2))"),
        ("another secret's id", "redis.call('SETRANGE', KEYS[1], 3, 'abcd')"),
        ("cut short", "redis.call('SET', KEYS[1], string.sub(redis.call('GET', KEYS[1]), 1, -2))"),
        ("longer", "redis.call('APPEND', KEYS[1], 'x')"),
        ("the header alone", "redis.call('SET', KEYS[1], string.sub(redis.call('GET', KEYS[1]), 1, 19))"),
    ]

    @Test func poisonIsAMissAndCounted() async throws {
        try await Self.withGateway(keys: Self.keys) { gateway, provider, server in
            let (one, two): (HeaderList, HeaderList) = (["x-api-key": Self.keys[0]], ["x-api-key": Self.keys[1]])
            var known: Set<String> = []
            var names: [String] = []
            for (question, headers) in [("Hi", one), ("Hi", two), ("Ho", one)] {
                _ = try await gateway.ask(question, headers: headers)
                try await gateway.wait(for: "store", until: Self.stores(names.count + 1))
                let all = try await Self.names(in: server)
                names += all.subtracting(known)
                known = all
            }
            try #require(names.count == 3, "each has a name of its own")
            #expect(try await gateway.ask("Hi", headers: one) == ("answer 0", "L3"))
            for (count, poison) in Self.poisons.enumerated() {
                try await server.command("EVAL", poison.script, "3", names[0], names[1], names[2])
                let answer = try await gateway.ask("Hi", headers: one)
                #expect(answer == ("answer \(count + 3)", "miss"), "\(poison.name)")
                #expect(try gateway.figures().remote?.unreadable == count + 1, "\(poison.name)")
                try await gateway.wait(for: "store", until: Self.stores(count + 4))
                #expect(try await gateway.ask("Hi", headers: one) == (answer.text, "L3"), "the good answer is in its place")
            }
            #expect(try await gateway.ask("Hi", headers: two) == ("answer 1", "L3"))
            #expect(try await gateway.ask("Ho", headers: one) == ("answer 2", "L3"))
            #expect(try gateway.figures().remote?.failures == 0)
        }
    }

    /// Something of another kind under the name is an error of Redis.
    @Test func aListInTheAnswersPlaceIsAMiss() async throws {
        try await Self.withGateway { gateway, _, server in
            _ = try await gateway.ask("Hi")
            try await gateway.wait(for: "store", until: Self.stores(1))
            let name = try #require(try await Self.names(in: server).first)
            try await server.command("DEL", name)
            try await server.command("LPUSH", name, "x")
            #expect(try await gateway.ask("Hi") == ("answer 1", "miss"))
            try await gateway.wait(for: "store", until: Self.stores(2))
            #expect(try await gateway.ask("Hi") == ("answer 1", "L3"))
        }
    }

    // MARK: Tenants

    @Test func tenantsShareNothingInRedis() async throws {
        try await Self.withGateway(keys: Self.keys) { gateway, provider, server in
            let (one, two): (HeaderList, HeaderList) = (["x-api-key": Self.keys[0]], ["x-api-key": Self.keys[1]])
            let more = #","user":"ann","cache":{"tags":["faq"]}"#
            #expect(try await gateway.ask("Hi", more: more, headers: one) == ("answer 0", "miss"))
            #expect(try await gateway.ask("Hi", more: more, headers: two) == ("answer 1", "miss"))
            try await gateway.wait(for: "stores", until: Self.stores(2))
            #expect(try await gateway.ask("Hi", more: more, headers: one) == ("answer 0", "L3"))
            #expect(try await gateway.ask("Hi", more: more, headers: two) == ("answer 1", "L3"))
            let dump = try await server.command("KEYS", "*")
            for word in ["Hi", "ann", "faq", "client-key", "local"] { #expect(!dump.contains(word)) }

            // Users and tags of one name are each tenant's own.
            for (count, body) in [#"{"user":"ann"}"#, #"{"tag":"faq"}"#, #"{"tenant":"self"}"#].enumerated() {
                let (status, json) = try await gateway.cache("invalidate", body, as: Self.keys[0])
                #expect(status == 200 && json["total"] as? Int == 1, "\(body): \(json)")
                #expect(try await gateway.ask("Hi", more: more, headers: one) == ("answer \(count + 2)", "miss"))
                try await gateway.wait(for: "store", until: Self.stores(count + 3))
                #expect(try await gateway.ask("Hi", more: more, headers: two) == ("answer 1", "L3"), "\(body)")
            }
        }
    }

    // MARK: Redis comes and goes

    /// The provider's answer says what was asked.
    private static let echo: ScriptedProvider.Handler = { request, _ in
        let body = try? JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
        let message = (body?["messages"] as? [[String: Any]])?.last?["content"] as? String
        return .json(body: Chat.answer(text: "answer to \(message ?? "nothing")"))
    }

    @Test func redisDiesAndReturnsUnderTraffic() async throws {
        try await Self.withGateway(Self.echo) { gateway, provider, server in
            let (answers, isOver) = (Watched(0), Watched(false))
            func answer(_ count: Int) async throws {
                let goal = answers.value + count
                _ = try await answers.wait("\(count) answers more", limit: .seconds(20)) { $0 >= goal ? true : nil }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { isOver.update { $0 = true } }
                for worker in 0..<4 {
                    group.addTask {
                        var number = worker
                        while !isOver.value {
                            number += 1
                            let answer = try await gateway.ask("\(number % 12)")
                            #expect(answer.text == "answer to \(number % 12)")
                            answers.update { $0 += 1 }
                        }
                    }
                }
                try await answer(40)
                for round in 1...2 {
                    try await gateway.wait(for: "hits in Redis") { ($0.remote?.hits ?? 0) > 10 * round }
                    try await server.kill()
                    try await answer(30)
                    try await gateway.wait(for: "Redis being away") { if case .away = $0.remote?.condition { true } else { false } }
                    let before = try gateway.figures()
                    try await answer(30)
                    #expect(try gateway.figures().remote?.hits == before.remote?.hits)
                    try await server.start()
                    try await gateway.wait(for: "hits again") { ($0.remote?.hits ?? 0) > (before.remote?.hits ?? 0) + 10 }
                }
                isOver.update { $0 = true }
                try await group.waitForAll()
            }
            let report = try gateway.figures()
            // The flights' joins are no lookups.
            let joins = try #require(gateway.gateway.keeping).report.joins
            #expect(report.lookups.total + joins == answers.value)
            #expect((report.remote?.failures ?? 0) > 0)
        }
    }

    @Test func redisMayBeAwayAtTheStart() async throws {
        try await RedisServer.run { server in
            try await server.kill()
            try await withScriptedProvider(handler: ScriptedProvider.numbering) { provider in
                try await ServedGateway.run([.init(provider: provider)], Self.options(server)) { gateway in
                    #expect(try await gateway.ask("Hi") == ("answer 0", "miss"))
                    #expect(try await gateway.ask("Hi") == ("answer 1", "miss"))
                    try await server.start()
                    try await gateway.waitForRedis()
                    #expect(try await gateway.ask("Hi") == ("answer 2", "miss"))
                    try await gateway.wait(for: "store", until: Self.stores(1))
                    #expect(try await gateway.ask("Hi") == ("answer 2", "L3"))
                }
            }
        }
    }

    // MARK: Replicas

    /// Two gateways on one Redis, whose secrets were made from these masters.
    private static func withReplicas(
        secrets: (UInt8, UInt8) = (0, 0),
        _ body: @escaping @Sendable (_ first: ServedGateway, _ second: ServedGateway, ScriptedProvider, RedisServer) async throws -> Void
    ) async throws {
        try await RedisServer.run { server in
            try await withScriptedProvider(handler: ScriptedProvider.numbering) { provider in
                try await ServedGateway.run([.init(provider: provider)], options(server, secret: secrets.0, memory: true)) { first in
                    try await ServedGateway.run([.init(provider: provider)], options(server, secret: secrets.1, memory: true)) { second in
                        try await first.waitForRedis()
                        try await second.waitForRedis()
                        try await body(first, second, provider, server)
                    }
                }
            }
        }
    }

    /// Until both know the same salts; they tell each other every few seconds.
    private static func waitForSalts(_ first: ServedGateway, _ second: ServedGateway) async throws {
        let (ours, theirs) = (try #require(first.secrets), try #require(second.secrets))
        try await withHardLimit("the same salts", limit: .seconds(20)) {
            while ours.snapshot.records.isEmpty || ours.snapshot.records != theirs.snapshot.records {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test func replicasWithOneSecretShare() async throws {
        try await Self.withReplicas { first, second, provider, _ in
            // Each makes a salt of its own first; one of them is everybody's in the end.
            for gateway in [first, second] { _ = try await gateway.ask("Hello?") }
            try await Self.waitForSalts(first, second)
            let more = #","cache":{"tags":["faq"]}"#

            #expect(try await first.ask("Hi", more: more) == ("answer 2", "miss"))
            try await first.wait(for: "store") { $0.remote?.queued == 0 && ($0.remote?.stores ?? 0) >= 2 }
            #expect(try await second.ask("Hi", more: more) == ("answer 2", "L3"))
            #expect(try await second.ask("Hi", more: more) == ("answer 2", "L1"))

            let (_, json) = try await first.cache("invalidate", #"{"tag":"faq"}"#)
            #expect(json["removed"] as? NSDictionary == ["L1": 1, "L2": 0, "L3": 1], "\(json)")
            try await second.wait(for: "what the other forgets") { ($0.memory?.invalidated ?? 0) >= 1 }
            #expect(try await second.ask("Hi", more: more) == ("answer 3", "miss"))
            try await second.wait(for: "store") { $0.remote?.queued == 0 && ($0.remote?.stores ?? 0) >= 2 }
            #expect(try await first.ask("Hi", more: more) == ("answer 3", "L3"))
        }
    }

    @Test func aRotationIsLearnedByTheOthers() async throws {
        try await Self.withReplicas { first, second, provider, _ in
            for gateway in [first, second] { _ = try await gateway.ask("Hello?") }
            try await Self.waitForSalts(first, second)
            let stores = try #require(try first.figures().remote).stores
            #expect(try await first.ask("Hi") == ("answer 2", "miss"))
            try await first.wait(for: "store", until: Self.stores(stores + 1))

            #expect(try await first.cache("rotate", #"{"overlap_seconds":3600}"#).status == 200)
            try await Self.waitForSalts(first, second)
            #expect(try await second.ask("Hi") == ("answer 2", "L3"), "under the secret before it, for an hour")
            #expect(try await first.ask("Ho") == ("answer 3", "miss"))
            try await first.wait(for: "store", until: Self.stores(stores + 2))
            #expect(try await second.ask("Ho") == ("answer 3", "L3"), "under the new one")

            #expect(try await second.cache("rotate", #"{"overlap_seconds":0}"#).status == 200)
            try await Self.waitForSalts(first, second)
            #expect(try await first.ask("Ho").from == "miss")
            #expect(try await second.ask("Hi").from == "miss")
        }
    }

    @Test func withoutACommonSecretNothingIsShared() async throws {
        try await Self.withReplicas(secrets: (0, 1)) { first, second, provider, server in
            for round in 0..<2 {
                for (index, gateway) in [first, second].enumerated() {
                    let wanted = round == 0 ? "miss" : "L1"
                    #expect(try await gateway.ask("Hi") == ("answer \(index)", wanted))
                    try await gateway.wait(for: "store", until: Self.stores(1))
                }
            }
            #expect(try await Self.names(in: server).count == 2)
            // What one of them forgets is its own, and the other does not understand the message.
            #expect(try await first.cache("invalidate", #"{"tenant":"self"}"#).json["total"] as? Int == 2)
            #expect(try await first.ask("Hi") == ("answer 2", "miss"))
            #expect(try await second.ask("Hi") == ("answer 1", "L1"))
            #expect(try await Self.names(in: server).count == 2)
            for gateway in [first, second] { #expect(try gateway.figures().remote?.unreadable == 0) }
        }
    }
}
