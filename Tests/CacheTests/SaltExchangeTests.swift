import Cache
import Core
import Gateway
import NIOCore
import TestKit
import Testing

/// Salts that replicas tell one another through their store.
@Suite struct SaltExchangeTests {
    private let store = ScriptedStore()

    /// A replica: the secrets of its tenants, and the exchange of them.
    private struct Replica {
        let secrets: TenantSecrets
        let exchange: SaltExchange

        init(on store: ScriptedStore, master: MasterSecret) {
            secrets = TenantSecrets(master: master, now: { CacheTime.epoch })
            exchange = SaltExchange(secrets, store: store, master: master)
        }

        var records: [String: TenantSalt] { secrets.snapshot.records }
        func id(_ tenant: String) -> UInt32? { secrets.secrets(of: tenant)?.current.id }
    }

    private func replica(_ byte: UInt8 = 1) throws -> Replica {
        Replica(on: store, master: try #require(MasterSecret([UInt8](repeating: byte, count: 32))))
    }

    private static let name = "quintet:salts"

    @Test func twoReplicasConverge() async throws {
        let (one, other) = (try replica(), try replica())
        for tenant in ["acme", "mine"] { _ = one.id(tenant) }
        for tenant in ["acme", "yours"] { _ = other.id(tenant) }
        #expect(one.id("acme") != other.id("acme"))
        try await one.exchange.exchange()
        try await other.exchange.exchange()
        try await one.exchange.exchange()
        #expect(one.records == other.records && one.records.keys.sorted() == ["acme", "mine", "yours"])
        #expect(one.id("acme") == other.id("acme"))
        let sets = store.state.value.sets
        try await one.exchange.exchange()
        try await other.exchange.exchange()
        #expect(store.state.value.sets == sets, "who knows what is known writes nothing")
    }

    @Test func aForgettingWins() async throws {
        let (one, other) = (try replica(), try replica())
        _ = one.id("acme")
        try await one.exchange.exchange()
        try await other.exchange.exchange()
        let before = try #require(one.id("acme"))
        for _ in 0..<5 { #expect(other.secrets.rotate("acme", overlap: .seconds(60))) }
        #expect(one.secrets.forget("acme"))
        let forgotten = try #require(one.id("acme"))
        // The one that only rotated writes last.
        try await one.exchange.exchange()
        try await other.exchange.exchange()
        try await one.exchange.exchange()
        for replica in [one, other] {
            #expect(replica.id("acme") == forgotten && forgotten != before)
            #expect(replica.secrets.secrets(of: "acme")?.former == nil)
        }
    }

    @Test func whatTwoWriteAtOnceIsNotLost() async throws {
        let (one, other) = (try replica(), try replica())
        (_, _) = (one.id("mine"), other.id("yours"))
        try await other.exchange.exchange()
        let overwritten = try #require(store.state.value.values[Self.name])
        try await one.exchange.exchange()
        // As if the other one had written behind this one, without having read it.
        store.state.update { $0.values[Self.name] = overwritten }
        try await one.exchange.exchange()
        try await other.exchange.exchange()
        #expect(one.records == other.records && other.records.count == 2)
    }

    @Test(arguments: [[], [1, 2, 3], Array("{\"acme\":{}}".utf8), [UInt8](repeating: 0, count: 200)])
    func garbageInTheStoreIsReplaced(bytes: [UInt8]) async throws {
        store.state.update { $0.values[Self.name] = .init(bytes: ByteBuffer(bytes: bytes), life: nil, tags: []) }
        let (one, other) = (try replica(), try replica())
        let id = one.id("acme")
        try await one.exchange.exchange()
        try await other.exchange.exchange()
        #expect(other.id("acme") == id)
    }

    @Test func whatAnotherInstallationWroteIsNotTaken() async throws {
        let (one, stranger) = (try replica(), try replica(2))
        (_, _) = (one.id("acme"), stranger.id("acme"))
        let id = one.id("acme")
        try await stranger.exchange.exchange()
        try await one.exchange.exchange()
        #expect(one.id("acme") == id && one.records.count == 1)
    }

    @Test func theStoreLearnsNothing() async throws {
        let one = try replica()
        _ = one.id("acme")
        try await one.exchange.exchange()
        let bytes = try #require(store.state.value.values[Self.name]?.bytes)
        #expect(!String(buffer: bytes).contains("acme"))
    }

    @Test func aStoreThatIsAwayChangesNothing() async throws {
        let (one, other) = (try replica(), try replica())
        _ = one.id("acme")
        store.state.update { $0.fails = true }
        await #expect(throws: ScriptedStore.Failure.self) { try await one.exchange.exchange() }
        #expect(one.records.count == 1)
        store.state.update { $0.fails = false }
        try await one.exchange.exchange()
        try await other.exchange.exchange()
        #expect(one.records == other.records)
    }
}
