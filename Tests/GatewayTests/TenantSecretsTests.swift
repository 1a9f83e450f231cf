import Core
import Crypto
import Gateway
import Synchronization
import TestKit
import Testing

/// Which secrets are in force, and for how long.
@Suite struct TenantSecretsTests {
    private let master = MasterSecret(Array(0..<32))!

    private final class Clock: Sendable {
        let milliseconds = Atomic<Int64>(1_000_000)
        var now: @Sendable () -> Int64 { { self.milliseconds.load(ordering: .relaxed) } }
        func advance(by milliseconds: Int64) { self.milliseconds.add(milliseconds, ordering: .relaxed) }
    }

    private let clock = Clock()

    private func secrets(_ records: [String: TenantSalt] = [:]) -> TenantSecrets {
        TenantSecrets(master: master, records: records, now: clock.now)
    }

    private func isSame(_ one: TenantSecret?, _ other: TenantSecret?) -> Bool {
        one?.id == other?.id && one?.naming == other?.naming && one?.sealing == other?.sealing
    }

    @Test func aTenantKeepsItsSecretAndSharesItWithNobody() throws {
        let secrets = secrets()
        let first = try #require(secrets.secrets(of: "acme"))
        #expect(first.former == nil)
        #expect(isSame(secrets.secrets(of: "acme")?.current, first.current))
        #expect(!isSame(secrets.secrets(of: "umbrella")?.current, first.current))
        #expect(secrets.snapshot.records.keys.sorted() == ["acme", "umbrella"])
        #expect(secrets.snapshot.records["acme"]?.current.count == TenantSalt.length)
    }

    @Test func whatWasSavedGivesTheSameSecrets() throws {
        let before = secrets()
        let first = before.secrets(of: "acme")?.current
        let after = secrets(before.snapshot.records)
        #expect(isSame(after.secrets(of: "acme")?.current, first))
        #expect(after.snapshot.revision == 0)
        let elsewhere = TenantSecrets(master: MasterSecret(Array(1..<33))!, records: before.snapshot.records, now: clock.now)
        #expect(!isSame(elsewhere.secrets(of: "acme")?.current, first))
    }

    @Test func aRotationLeavesTheFormerForItsOverlap() throws {
        let secrets = secrets()
        let first = try #require(secrets.secrets(of: "acme")).current
        #expect(secrets.rotate("acme", overlap: .seconds(60)))
        let rotated = try #require(secrets.secrets(of: "acme"))
        #expect(!isSame(rotated.current, first) && isSame(rotated.former, first))
        #expect(rotated.current.pseudonym == first.pseudonym)
        clock.advance(by: 59_999)
        #expect(isSame(secrets.secrets(of: "acme")?.former, first))
        clock.advance(by: 1)
        #expect(secrets.secrets(of: "acme")?.former == nil)
        #expect(isSame(secrets.secrets(of: "acme")?.current, rotated.current))
    }

    @Test func forgettingLeavesNothingAtOnce() throws {
        let secrets = secrets()
        let first = try #require(secrets.secrets(of: "acme")).current
        #expect(secrets.rotate("acme", overlap: .seconds(60)))
        let second = try #require(secrets.secrets(of: "acme")).current
        let other = try #require(secrets.secrets(of: "umbrella")).current
        #expect(secrets.forget("acme"))
        let third = try #require(secrets.secrets(of: "acme"))
        #expect(third.former == nil && !isSame(third.current, first) && !isSame(third.current, second))
        #expect(isSame(secrets.secrets(of: "umbrella")?.current, other))
        #expect(!secrets.forget("nobody") && !secrets.rotate("nobody", overlap: .seconds(1)))
        #expect(secrets.snapshot.records["nobody"] == nil)
    }

    @Test func replicasEndWithTheSameSecrets() throws {
        let (one, other) = (secrets(), secrets())
        _ = one.secrets(of: "acme")
        _ = other.secrets(of: "acme")
        _ = other.secrets(of: "umbrella")
        #expect(other.rotate("acme", overlap: .seconds(60)))
        #expect(one.adopt(other.snapshot.records) == ["acme", "umbrella"])
        #expect(other.adopt(one.snapshot.records).isEmpty)
        #expect(one.snapshot.records == other.snapshot.records)
        #expect(isSame(one.secrets(of: "acme")?.current, other.secrets(of: "acme")?.current))
        #expect(isSame(one.secrets(of: "acme")?.former, other.secrets(of: "acme")?.former))
        // One that has not heard of it cannot undo a forgetting.
        #expect(one.forget("acme"))
        #expect(other.rotate("acme", overlap: .seconds(60)) && other.rotate("acme", overlap: .seconds(60)))
        #expect(one.adopt(other.snapshot.records).isEmpty)
        #expect(other.adopt(one.snapshot.records) == ["acme"])
        #expect(other.adopt(["odd": TenantSalt(current: [1, 2, 3])]).isEmpty)
    }

    @Test func changesAreToldAndRereadsAreNot() async throws {
        let secrets = secrets()
        var changes = secrets.changes.makeAsyncIterator()
        _ = secrets.secrets(of: "acme")
        #expect(await changes.next() != nil)
        let revision = secrets.snapshot.revision
        _ = secrets.secrets(of: "acme")
        #expect(secrets.snapshot.revision == revision)
        _ = secrets.forget("acme")
        #expect(await changes.next() != nil)
        #expect(secrets.snapshot.revision > revision)
    }

    @Test func derivedKeysAreBoundedAndComeBackTheSame() throws {
        let salt = TenantSalt(current: Array(repeating: 7, count: TenantSalt.length))
        let names = (0..<TenantSecrets.tenantLimit).map { "tenant-\($0)" }
        let secrets = secrets(Dictionary(uniqueKeysWithValues: names.map { ($0, salt) }))
        #expect(secrets.secrets(of: "one more") == nil)
        #expect(secrets.adopt(["one more": salt]).isEmpty)
        let first = secrets.secrets(of: names[0])?.current
        for name in names[1...TenantSecrets.derivedLimit] { #expect(secrets.secrets(of: name) != nil) }
        #expect(isSame(secrets.secrets(of: names[0])?.current, first))
    }

    @Test func askedByManyAtOnceATenantHasOneSecret() async throws {
        let secrets = secrets()
        let ids = await withTaskGroup(of: UInt32?.self) { group in
            for _ in 0..<200 { group.addTask { secrets.secrets(of: "acme")?.current.id } }
            return await group.reduce(into: Set<UInt32?>()) { $0.insert($1) }
        }
        #expect(ids.count == 1 && ids.first != nil)
    }
}
