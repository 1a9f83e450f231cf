import Cache
import Core
import Gateway
import NIOCore
import TestKit
import Testing

/// What a Redis can do to its clients.
@Suite(.enabled(if: RedisServer.missing == nil, "Needs redis-server, redis-cli and openssl."))
struct RedisOutageTests {
    @Test func awayAtTheStartIsNoError() async throws {
        try await RunningRedisStore.run(RunningRedisStore.settings(port: Ports.refusing)) { running in
            try await running.waitUntilAway("refuses connections")
            await #expect(throws: RedisError.self) { try await running.set("k") }
            await #expect(throws: RedisError.self) { try await running.store.delete(tagged: "t") }
            await #expect(throws: RedisError.self) { try await running.store.publish(ByteBuffer(), to: "c") }
        }
    }

    @Test func aHostNobodyKnowsIsNamed() async throws {
        let address = try RedisAddress(host: "no-such-host.invalid")
        try await RunningRedisStore.run(RunningRedisStore.settings(address)) { running in
            try await running.waitUntilAway("no-such-host.invalid:6379")
        }
    }

    /// Traffic goes on through a crash and a restart: each command ends, well or with an error, and then all is well again.
    @Test func comesBackAfterACrashInTraffic() async throws {
        try await RunningRedisStore.withRedis { server, running in
            let heard = HeardMessages()
            let isOver = Gate()
            let counts = Watched((good: 0, failed: 0))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await running.store.listen(to: "c", hear: heard.hear) }
                try await heard.wait([nil])
                let workers = (0..<8).map { "k\($0)" }
                for name in workers {
                    group.addTask {
                        while !isOver.isOpen {
                            do {
                                try await running.set(name, name, tags: ["t"])
                                if let value = try await running.value(name) { #expect(value == name) }
                                counts.update { $0.good += 1 }
                            } catch {
                                counts.update { $0.failed += 1 }
                                await Task.yield()
                            }
                        }
                    }
                }
                for round in 1...2 {
                    let before = counts.value.good
                    try await counts.wait("traffic") { $0.good > before + 50 ? () : nil }
                    try await server.kill()
                    try await running.waitUntilAway()
                    let failed = counts.value.failed
                    // Fast enough to be counted by the hundred, since none waits for the connection.
                    try await counts.wait("failures") { $0.failed > failed + 200 ? () : nil }
                    try await server.start()
                    try await running.waitUntilConnected()
                    try await heard.wait(Array(repeating: nil, count: round + 1))
                }
                let before = counts.value.good
                try await counts.wait("traffic again") { $0.good > before + 50 ? () : nil }
                isOver.open()
                try await running.store.publish(ByteBuffer(string: "m"), to: "c")
                try await heard.wait([nil, nil, nil, "m"])
                group.cancelAll()
            }
        }
    }

    @Test func aReplicaIsReadUntilItIsPrimaryAgain() async throws {
        try await RunningRedisStore.withRedis { server, running in
            try await running.set("k", tags: ["t"])
            try await server.command("REPLICAOF", "127.0.0.1", "\(Ports.refusing)")
            await #expect(throws: RedisError.self) { try await running.set("l", tags: ["t"]) }
            #expect(try await running.waitUntilReadOnly().contains("replica"))
            await #expect(throws: RedisError.self) { try await running.store.delete("k") }
            // Each try to write there ends in a reconnect, so that a read may meet one.
            while (try? await running.value("k")) != "value" { try await running.waitUntilReadOnly() }
            try await server.command("REPLICAOF", "NO", "ONE")
            try await running.waitUntilConnected()
            #expect(try await running.store.delete(tagged: "t") == 1)
        }
    }

    @Test func aFullRedisIsReadUntilThereIsRoom() async throws {
        try await RunningRedisStore.withRedis { server, running in
            try await running.set("k", tags: ["t"])
            try await server.command("CONFIG", "SET", "maxmemory", "1mb")
            await #expect(throws: RedisError.self) { try await running.set("l", tags: ["t"]) }
            let words = try await running.waitUntilReadOnly()
            #expect(words.contains("maxmemory"))
            #expect(try await running.value("k") == "value")
            await #expect(throws: RedisError.writesRest(words)) { try await running.set("m") }
            #expect(try await running.store.delete(tagged: "t") == 1, "deletions make room")
            try await server.command("CONFIG", "SET", "maxmemory", "0")
            try await running.waitUntilConnected()
            try await running.set("l", tags: ["t"])
        }
    }

    /// Redis cannot save to a directory that is gone.
    @Test func aFullDiskIsToldApart() async throws {
        try await RedisServer.run(["--save", "3600 1"]) { server in
            try await RunningRedisStore.run(RunningRedisStore.settings(port: server.port)) { running in
                try await running.waitUntilConnected()
                try await running.set("k")
                try server.removeData()
                try await server.command("BGSAVE")
                try await withHardLimit("failed save") {
                    while try await !server.command("INFO", "persistence").contains("rdb_last_bgsave_status:err") {
                        try await Task.sleep(for: .milliseconds(10))
                    }
                }
                #expect(try await running.waitUntilReadOnly().contains("MISCONF"), "a ping is enough to tell")
                await #expect(throws: RedisError.self) { try await running.set("l") }
                #expect(try await running.value("k") == "value")
                try await server.command("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
                try await running.waitUntilConnected()
                try await running.set("l")
            }
        }
    }

    @Test func aRedisThatLoadsItsDataIsAwayForNow() async throws {
        try await RedisServer.run { server in
            try await server.command("EVAL", "for i = 1, 300 do redis.call('SET', 'k' .. i, string.rep('x', 100)) end", "0")
            try await server.command("SAVE")
            try await server.kill()
            try await RunningRedisStore.run(RunningRedisStore.settings(port: server.port)) { running in
                try await running.waitUntilAway()
                try await server.start(["--key-load-delay", "10000", "--loading-process-events-interval-bytes", "1024"])
                try await running.waitUntilAway("loading its data")
                try await running.waitUntilConnected()
                #expect(try await running.value("k300")?.utf8.count == 100)
            }
        }
    }

    @Test func aClusterIsRefusedInWords() async throws {
        try await RedisServer.run(["--cluster-enabled", "yes"]) { server in
            try await RunningRedisStore.run(RunningRedisStore.settings(port: server.port)) { running in
                try await running.waitUntilAway("Redis Cluster, which is not supported")
            }
        }
    }

    @Test func clientsBeyondTheLimitAreAway() async throws {
        try await RunningRedisStore.withRedis { server, running in
            try await server.command("CONFIG", "SET", "maxclients", "2")
            try await RunningRedisStore.run(RunningRedisStore.settings(port: server.port)) { second in
                try await second.waitUntilConnected()
                try await RunningRedisStore.run(RunningRedisStore.settings(port: server.port)) { third in
                    try await third.waitUntilAway("maxclients")
                }
            }
            #expect(try await running.value("k") == nil)
        }
    }

    // MARK: No Redis at all

    @Test func aServerThatNeverAnswersIsGivenUp() async throws {
        let server = try await ScriptedProvider.start([], onAccept: [.readNothing])
        var settings = try RunningRedisStore.settings(port: server.port)
        settings.connectTimeout = .milliseconds(50)
        try await RunningRedisStore.run(settings) { running in
            try await running.waitUntilAway("did not answer for 50 ms")
            // It is tried again and again.
            try await server.waitForConnections(4)
            await #expect(throws: RedisError.self) { try await running.value("k") }
        }
        await server.stop()
    }

    @Test func aRedisThatFallsSilentIsLeft() async throws {
        try await RedisServer.run { server in
            var settings = try RunningRedisStore.settings(port: server.port)
            settings.silence = .milliseconds(200)
            settings.commandTimeout = .milliseconds(100)
            settings.connectTimeout = .milliseconds(100)
            try await RunningRedisStore.run(settings) { running in
                try await running.waitUntilConnected()
                server.pause()
                await #expect(throws: RedisError.self) { try await running.value("k", within: .milliseconds(50)) }
                try await running.waitUntilAway("did not answer")
                server.resume()
                try await running.waitUntilConnected()
            }
        }
    }

    @Test(arguments: ["HTTP/1.1 400 Bad Request\r\n\r\n", "\u{0}\u{1}\u{2}", "*90000000\r\n", "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n"])
    func garbageIsNoCrash(_ garbage: String) async throws {
        let server = try await ScriptedProvider.start([], onAccept: [.bytes(garbage), .hang])
        try await RunningRedisStore.run(RunningRedisStore.settings(port: server.port)) { running in
            try await running.waitUntilAway("what no Redis sends")
            try await server.waitForConnections(4)
        }
        await server.stop()
    }

    @Test func aServerThatHangsUpIsTriedAgain() async throws {
        let server = try await ScriptedProvider.start([], onAccept: [.reset])
        try await RunningRedisStore.run(RunningRedisStore.settings(port: server.port)) { running in
            try await running.waitUntilAway()
            try await server.waitForConnections(4)
        }
        await server.stop()
    }

    @Test func tooMuchAtOnceFailsAtOnce() async throws {
        try await RedisServer.run { server in
            var settings = try RunningRedisStore.settings(port: server.port)
            settings.callLimit = 10
            settings.pingInterval = .seconds(100)
            try await RunningRedisStore.run(settings) { running in
                try await running.waitUntilConnected()
                server.pause()
                let outcomes = Watched<[String]>([])
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<50 {
                        group.addTask {
                            do {
                                _ = try await running.value("k")
                                outcomes.update { $0.append("good") }
                            } catch RedisError.busy {
                                outcomes.update { $0.append("busy") }
                            } catch {
                                outcomes.update { $0.append("\(error)") }
                            }
                        }
                    }
                    do {
                        // A ping may take one of the places.
                        try await outcomes.wait("refusals") { $0.count { $0 == "busy" } >= 40 ? () : nil }
                    } catch { Issue.record("\(outcomes.value)") }
                    server.resume()
                }
                #expect(Set(outcomes.value) == ["busy", "good"])
                #expect(try await running.value("k") == nil)
            }
        }
    }
}
