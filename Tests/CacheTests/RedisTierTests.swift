import Cache
import Foundation
import Gateway
import NIOCore
import ServiceLifecycleTestKit
import TestKit
import Testing

/// The whole cache over a real Redis.
@Suite(.enabled(if: RedisServer.missing == nil, "Needs redis-server, redis-cli and openssl."))
struct RedisTierTests {
    private func answer(_ text: String) -> CachedAnswer {
        Fixture.answer(text, createdAt: CacheClock.system.wall(), tags: [.agent("dev")])
    }

    /// Two replicas that share a Redis: what one keeps the other gets, and what one invalidates the other forgets.
    @Test func replicasShareAndForgetTogether() async throws {
        try await RunningRedisStore.withRedis { server, running in
            try await RunningRedisStore.run(RunningRedisStore.settings(port: server.port)) { other in
                try await other.waitUntilConnected()
                let first = TieredCache(remote: (running.store, settings))
                let second = TieredCache(remote: (other.store, settings))
                try await serving([first, second]) {
                    try await wait("subscriptions") { first.report.remote?.subscriptions == 1 && second.report.remote?.subscriptions == 1 }
                    first.store(answer("one"), at: Fixture.address("k"), session: nil)
                    try await wait("store") { first.report.remote?.stores == 1 }
                    let hit = try #require(await second.look(up: Fixture.query("k")))
                    #expect(hit.tier == .remote && hit.answer.text == answer("one").text)
                    #expect(await second.look(up: Fixture.query("k"))?.tier == .memory)

                    let report = await first.invalidate(.tag(.agent("dev")))
                    #expect(report.memory == 1 && report.remote == 1 && !report.isRemotePending)
                    try await wait("invalidation") { second.report.memory?.entries == 0 }
                    #expect(await second.look(up: Fixture.query("k")) == nil)
                }
            }
        }
    }

    @Test func aCrashOfRedisIsAMissAndThenOver() async throws {
        try await RunningRedisStore.withRedis { server, running in
            let cache = TieredCache(.init(memory: nil, session: nil), remote: (running.store, settings))
            try await serving([cache]) {
                try await wait("subscription") { cache.report.remote?.subscriptions == 1 }
                try await server.kill()
                try await running.waitUntilAway()
                #expect(await cache.look(up: Fixture.query("k")) == nil)
                cache.store(answer("lost"), at: Fixture.address("k"), session: nil)
                try await wait("lost store") { cache.report.remote?.lostStores == 1 }
                #expect(await cache.invalidate(.everything).isRemotePending)
                try await server.start()
                try await running.waitUntilConnected()
                try await wait("invalidation made up for") { cache.report.remote?.pendingInvalidations == 0 }
                cache.store(answer("two"), at: Fixture.address("k"), session: nil)
                try await wait("store") { cache.report.remote?.stores == 1 }
                #expect(await cache.look(up: Fixture.query("k"))?.tier == .remote)
                try await wait("subscription again") { cache.report.remote?.subscriptions == 2 }
            }
        }
    }

    /// What lies in Redis gives nothing away, and what does not open is a miss.
    @Test func poisonIsAMiss() async throws {
        try await RunningRedisStore.withRedis { server, running in
            let cache = TieredCache(.init(memory: nil, session: nil), remote: (running.store, settings))
            try await serving([cache]) {
                try await wait("subscription") { cache.report.remote?.subscriptions == 1 }
                cache.store(answer("canary"), at: Fixture.address("k"), session: nil)
                try await wait("store") { cache.report.remote?.stores == 1 }
                #expect(try await server.command("GET", "quintet:answer:k").contains("canary") == false)
                #expect(try await server.command("KEYS", "*").contains("dev") == false)
                try await server.command("COPY", "quintet:answer:k", "quintet:answer:l")
                try await server.command("SET", "quintet:answer:m", "poison")
                for key in ["l", "m"] { #expect(await cache.look(up: Fixture.query(key)) == nil) }
                #expect(cache.report.remote?.unreadable == 2)
                #expect(await cache.look(up: Fixture.query("k")) != nil)
            }
        }
    }

    private var settings: RemoteSettings {
        var settings = Fixture.remoteSettings
        // A loaded machine must not look like a slow Redis.
        settings.patience = .seconds(5)
        return settings
    }

    private func serving(_ caches: [TieredCache], _ work: () async throws -> Void) async throws {
        try await testGracefulShutdown { shutdown in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for cache in caches { group.addTask { try await cache.run() } }
                // Also when the work fails: the services must not be waited for in vain.
                defer { shutdown.triggerGracefulShutdown() }
                try await work()
            }
        }
    }

    /// Figures change without telling anybody.
    private func wait(_ what: String, until isTrue: @escaping @Sendable () -> Bool) async throws {
        try await withHardLimit(what) { while !isTrue() { try await Task.sleep(for: .milliseconds(2)) } }
    }
}
