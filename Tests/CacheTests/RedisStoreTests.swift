import Cache
import Core
import Gateway
import NIOCore
import TestKit
import Testing

/// The port's operations on a real Redis.
@Suite(.enabled(if: RedisServer.missing == nil, "Needs redis-server, redis-cli and openssl."))
struct RedisStoreTests {
    @Test func keepsValuesForTheirLife() async throws {
        try await RunningRedisStore.withRedis { server, running in
            #expect(try await running.value("k") == nil)
            let bytes = ByteBuffer(bytes: (0..<100_000).map { UInt8(truncatingIfNeeded: $0) })
            try await running.store.set("k", to: bytes, life: .seconds(100), tags: [])
            let found = try #require(try await running.store.value(of: "k", by: .now + .seconds(5)))
            #expect(found.bytes == bytes)
            let life = try #require(found.life)
            #expect(life > .seconds(60) && life <= .seconds(100))

            try await running.set("tagged", "one", life: .seconds(200), tags: ["t"])
            try await running.set("tagged", "two", life: .seconds(100), tags: ["t"])
            #expect(try await running.value("tagged") == "two")
            #expect(try await running.store.value(of: "tagged", by: .now + .seconds(5))?.life ?? .zero <= .seconds(100))
            try await running.set("short", life: .microseconds(1), tags: ["t"])

            try await server.command("SET", "other", "x")
            #expect(try await running.store.value(of: "other", by: .now + .seconds(5))?.life == nil)
            try await server.command("SADD", "set", "x")
            await #expect(throws: RedisError.self) { try await running.value("set") }
            #expect(try await running.value("k") != nil, "one command's mistake is not the connection's")
        }
    }

    @Test func deletesByName() async throws {
        try await RunningRedisStore.withRedis { _, running in
            try await running.set("k")
            #expect(try await running.store.delete("k") == 1)
            #expect(try await running.store.delete("k") == 0)
            #expect(try await running.value("k") == nil)
        }
    }

    @Test func deletesByTag() async throws {
        try await RunningRedisStore.withRedis { server, running in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<700 {
                    group.addTask {
                        try await running.set("k\(number)", tags: number.isMultiple(of: 7) ? ["all", "seventh"] : ["all"])
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await running.store.delete("k1") == 1)
            #expect(try await running.store.delete(tagged: "seventh") == 100)
            #expect(try await running.store.delete(tagged: "seventh") == 0)
            #expect(try await server.command("EXISTS", "quintet:tagged:seventh") == "0")
            #expect(try await running.value("k2") != nil)
            #expect(try await running.store.delete(tagged: "all") == 599, "exactly those that were there")
            #expect(try await server.command("DBSIZE") == "0")
            #expect(try await running.store.delete(tagged: "never heard of") == 0)
        }
    }

    @Test func aTagLivesAsLongAsItsLongestValue() async throws {
        try await RunningRedisStore.withRedis { server, running in
            for life in [100, 5000, 10] { try await running.set("k\(life)", life: .seconds(life), tags: ["t"]) }
            let seconds = try #require(Int(try await server.command("TTL", "quintet:tagged:t")))
            #expect((4900...5000).contains(seconds))
            #expect(try await server.command("ZCARD", "quintet:tagged:t") == "3")
        }
    }

    /// A tag of every answer of a tenant would otherwise hold the name of each that there ever was.
    @Test func aTagForgetsTheNamesOfValuesThatEnded() async throws {
        try await RunningRedisStore.withRedis { server, running in
            try await running.set("long", life: .seconds(1000), tags: ["t"])
            for number in 0..<250 { try await running.set("short\(number)", life: .milliseconds(1), tags: ["t"]) }
            try await withHardLimit("names that left") {
                repeat { try await running.set("last", life: .seconds(1000), tags: ["t"]) }
                    while try await server.command("ZCARD", "quintet:tagged:t") != "2"
            }
            #expect(try await running.store.delete(tagged: "t") == 2)
        }
    }

    /// A value that is written again has the life of the last time.
    @Test func aTagKeepsTheNamesOfValuesThatAreThere() async throws {
        try await RunningRedisStore.withRedis { server, running in
            try await running.set("k", life: .milliseconds(1), tags: ["t"])
            for number in 0..<20 { try await running.set("k", "\(number)", life: .seconds(1000), tags: ["t"]) }
            for number in 0..<150 { try await running.set("l\(number)", life: .seconds(1000), tags: ["t"]) }
            #expect(try await server.command("ZCARD", "quintet:tagged:t") == "151")
            #expect(try await running.store.delete(tagged: "t") == 151)
        }
    }

    @Test func deletesByPatternValuesOnly() async throws {
        try await RunningRedisStore.withRedis { server, running in
            try await server.command("EVAL", "for i = 1, 3000 do redis.call('SET', 'quintet:answer:a' .. i, 'x') end", "0")
            try await running.set("quintet:answer:b", tags: ["t"])
            #expect(try await running.store.delete(matching: "quintet:answer:a*") == 3000)
            #expect(try await running.value("quintet:answer:b") != nil)
            #expect(try await running.store.delete(matching: "*") == 1)
            #expect(try await server.command("KEYS", "*") == "quintet:tagged:t", "tags are no values")
        }
    }

    @Test func listenersHearWhatIsPublishedInOrder() async throws {
        try await RunningRedisStore.withRedis { _, running in
            let heard = HeardMessages()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await running.store.listen(to: "c", hear: heard.hear) }
                try await heard.wait([nil])
                let messages = (0..<200).map(String.init)
                for message in messages { try await running.store.publish(ByteBuffer(string: message), to: "c") }
                try await running.store.publish(ByteBuffer(string: "not for us"), to: "d")
                try await heard.wait([nil] + messages)
                // Cancelling is what ends it.
                group.cancelAll()
            }
        }
    }

    @Test func aThousandCommandsAtOnceGetTheirOwnReplies() async throws {
        try await RunningRedisStore.withRedis { _, running in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1000 { group.addTask { try await running.set("k\(number)", "v\(number)") } }
                try await group.waitForAll()
                for number in 0..<1000 {
                    group.addTask {
                        let value = try await running.value("k\(number)")
                        #expect(value == "v\(number)")
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func callersThatLeaveDisturbNoOthers() async throws {
        try await RunningRedisStore.withRedis { server, running in
            for number in 0..<20 { try await running.set("k\(number)", "v\(number)") }
            try await server.command("CLIENT", "PAUSE", "300")
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<20 { group.addTask { _ = try? await running.value("k\(number)") } }
                group.cancelAll()
            }
            await #expect(throws: RedisError.timeout) { try await running.value("k1", within: .milliseconds(1)) }
            for number in 0..<20 { #expect(try await running.value("k\(number)") == "v\(number)") }
        }
    }

    @Test func whatWasForgottenIsTaughtAgain() async throws {
        try await RunningRedisStore.withRedis { server, running in
            try await running.set("k", tags: ["t"])
            try await server.command("SCRIPT", "FLUSH")
            try await running.set("l", tags: ["t"])
            #expect(try await running.store.delete(tagged: "t") == 2)
        }
    }

    // MARK: Ways in

    @Test func entersWithUserPasswordAndDatabase() async throws {
        let acl = ["--user", "ann", "on", ">let me/in", "~*", "&*", "+@all"]
        try await RedisServer.run(acl) { server in
            let address = try RedisAddress(url: "redis://ann:let%20me%2Fin@127.0.0.1:\(server.port)/3")
            try await RunningRedisStore.run(RunningRedisStore.settings(address)) { running in
                try await running.waitUntilConnected()
                try await running.set("k")
                #expect(try await server.command("-n", "3", "GET", "k") == "value")
                let clients = try await server.command("CLIENT", "LIST")
                #expect(clients.contains("name=quintet") && clients.contains("user=ann"))
            }
        }
    }

    @Test func tellsTheMemoryOfAServerAndWhatItEvicted() async throws {
        try await RunningRedisStore.withRedis(["--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru"]) { _, running in
            let value = String(repeating: "x", count: 100_000)
            for number in 0..<40 { try await running.set("k\(number)", value) }
            let memory = try await running.waitForMemory { ($0.evictions ?? 0) > 0 }
            #expect(memory.limit == 3 << 20 && memory.used > 500_000)
        }
    }

    @Test func goesOnWhereItMayNotAskForTheMemory() async throws {
        let rights = ["+@all", "-info"]
        try await RedisServer.run(["--user", "ann", "on", ">pw", "~*", "&*"] + rights) { server in
            let address = try RedisAddress(host: "127.0.0.1", port: server.port, user: "ann", password: "pw", database: 0)
            try await RunningRedisStore.run(RunningRedisStore.settings(address)) { running in
                try await running.waitUntilConnected()
                // The connection's own beginning is refused one; the others are of the watch.
                while try await server.refusedCalls(of: "info") < 3 {}
                #expect(running.store.memory == nil)
                try await running.set("k")
            }
        }
    }

    /// The rights that docs/cache.md names are enough.
    @Test func aUserWithTheDocumentedRightsCanDoEverything() async throws {
        let rights = [
            "+get", "+pttl", "+set", "+unlink", "+eval", "+evalsha", "+time", "+zadd", "+zrem", "+zrangebyscore",
            "+pexpire", "+scan", "+zscan", "+publish", "+subscribe", "+ping", "+info", "+select", "+client|setname",
        ]
        try await RedisServer.run(["--user", "ann", "on", ">pw", "~quintet:*", "&quintet:*"] + rights) { server in
            let address = try RedisAddress(host: "127.0.0.1", port: server.port, user: "ann", password: "pw", database: 1)
            try await RunningRedisStore.run(RunningRedisStore.settings(address)) { running in
                try await running.waitUntilConnected()
                try await running.set("quintet:answer:a", tags: ["t"])
                try await running.set("quintet:answer:b")
                #expect(try await running.value("quintet:answer:a") == "value")
                #expect(try await running.store.delete(tagged: "t") == 1)
                #expect(try await running.store.delete(matching: "quintet:answer:*") == 1)
                let heard = HeardMessages()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { await running.store.listen(to: "quintet:c", hear: heard.hear) }
                    try await heard.wait([nil])
                    try await running.store.publish(ByteBuffer(string: "m"), to: "quintet:c")
                    try await heard.wait([nil, "m"])
                    group.cancelAll()
                }
                try await running.waitUntilConnected()
            }
        }
    }

    @Test func aWrongPasswordIsNamedAndTriedAgain() async throws {
        try await RedisServer.run(["--requirepass", "right"]) { server in
            let address = try RedisAddress(host: "127.0.0.1", port: server.port, password: "canary")
            try await RunningRedisStore.run(RunningRedisStore.settings(address)) { running in
                let words = try await running.waitUntilAway("password")
                #expect(words.contains("REDIS_PASSWORD") && !words.contains("canary"))
                await #expect(throws: RedisError.away(words)) { try await running.value("k") }
                try await server.command("-a", "right", "--no-auth-warning", "CONFIG", "SET", "requirepass", "canary")
                try await running.waitUntilConnected()
            }
            try await RunningRedisStore.run(RunningRedisStore.settings(port: server.port)) { running in
                try await running.waitUntilAway("asks for a password")
            }
        }
    }

    @Test func aPasswordThatNobodyAskedForIsNamed() async throws {
        try await RedisServer.run { server in
            let address = try RedisAddress(host: "127.0.0.1", port: server.port, password: "canary")
            try await RunningRedisStore.run(RunningRedisStore.settings(address)) { running in
                let words = try await running.waitUntilAway("does not take the password")
                #expect(!words.contains("canary"))
            }
            let far = try RedisAddress(host: "127.0.0.1", port: server.port, database: 99)
            try await RunningRedisStore.run(RunningRedisStore.settings(far)) { running in
                try await running.waitUntilAway("has no database 99")
            }
        }
    }

    @Test func missingRightsAreNamed() async throws {
        try await RedisServer.run(["--user", "ann", "on", ">pw", "~quintet:*", "+@all", "-get"]) { server in
            let address = try RedisAddress(host: "127.0.0.1", port: server.port, user: "ann", password: "pw")
            var settings = RunningRedisStore.settings(address)
            settings.reconnect.slow = .seconds(60)
            try await RunningRedisStore.run(settings) { running in
                try await running.waitUntilConnected()
                await #expect(throws: RedisError.self) { try await running.value("quintet:k") }
                #expect(try await running.waitUntilAway("does not let the user").contains("'get'"))
            }
        }
    }

    @Test func speaksTLS() async throws {
        try await RedisServer.run(tls: true) { server in
            let port = server.port
            let good = try RedisAddress(host: "127.0.0.1", port: port, isTLS: true, authorityFile: server.authority)
            try await RunningRedisStore.run(RunningRedisStore.settings(good)) { running in
                try await running.waitUntilConnected()
                try await running.set("k", String(repeating: "x", count: 300_000))
                #expect(try await running.value("k")?.utf8.count == 300_000)
            }
            let untrusted = try RedisAddress(host: "127.0.0.1", port: port, isTLS: true)
            try await RunningRedisStore.run(RunningRedisStore.settings(untrusted)) { running in
                let words = try await running.waitUntilAway("TLS with")
                #expect(words.contains("tls_ca_file"))
            }
            try await RunningRedisStore.run(RunningRedisStore.settings(port: port)) { running in
                try await running.waitUntilAway("rediss://")
            }
        }
    }

    @Test func aFileOfNoAuthoritiesIsAMistake() throws {
        let address = try RedisAddress(host: "h", isTLS: true, authorityFile: "/no/such.pem")
        let error = #expect(throws: RedisSetupError.self) { try RedisStore(RedisSettings(address: address)) }
        #expect(error?.message.hasPrefix("/no/such.pem cannot be read") == true)
    }
}
