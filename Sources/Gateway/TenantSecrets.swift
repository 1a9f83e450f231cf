package import Core
import Synchronization

/// The secrets of a tenant that are in force.
package struct TenantKeys: Sendable {
    /// What new answers are named and sealed with.
    package let current: TenantSecret
    /// The one before the last rotation, while answers under it may still be read.
    package let former: TenantSecret?
}

/// All tenants' cache secrets. A tenant that is asked for the first time gets a salt of its own.
///
/// Asking never waits: salts are kept in memory, and whoever saves or publishes them is told of changes by ``changes``.
package final class TenantSecrets: Sendable {
    /// Most tenants that have a salt. The answers of any further ones are not cached.
    package static let tenantLimit = 100_000
    /// Most tenants whose keys are kept derived; deriving them anew takes some tens of microseconds.
    package static let derivedLimit = 10_000

    /// All salts at one moment.
    package struct Snapshot: Sendable {
        /// Grows with each change.
        package let revision: UInt64
        package let records: [String: TenantSalt]
    }

    private struct Derived {
        let current: TenantSecret
        let former: (secret: TenantSecret, until: Int64)?
    }

    private struct State {
        var records: [String: TenantSalt]
        var derived: [String: Derived] = [:]
        var revision: UInt64 = 0

        mutating func set(_ salt: TenantSalt, of tenant: String) {
            records[tenant] = salt
            derived[tenant] = nil
            revision += 1
        }
    }

    private let master: MasterSecret
    private let newSalt: @Sendable () -> [UInt8]
    private let now: @Sendable () -> Int64
    private let state: Mutex<State>
    private let changeWriter: AsyncStream<Void>.Continuation

    /// Has an element whenever salts changed since the last one was taken. For one reader.
    package let changes: AsyncStream<Void>

    /// - Parameters:
    ///   - records: what was saved.
    ///   - newSalt: random bytes of ``TenantSalt/length``.
    ///   - now: milliseconds since 1970.
    package init(
        master: MasterSecret, records: [String: TenantSalt] = [:],
        newSalt: @escaping @Sendable () -> [UInt8] = TenantSecrets.randomSalt, now: @escaping @Sendable () -> Int64
    ) {
        self.master = master
        self.newSalt = newSalt
        self.now = now
        state = Mutex(State(records: records))
        (changes, changeWriter) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The secrets that the tenant's answers are cached under now; nil where there are too many tenants to cache for.
    package func secrets(of tenant: String) -> TenantKeys? {
        let (derived, isNew) = state.withLock { state -> (Derived?, Bool) in
            if let derived = state.derived[tenant] { return (derived, false) }
            var isNew = false
            if state.records[tenant] == nil {
                guard state.records.count < Self.tenantLimit else { return (nil, false) }
                state.set(TenantSalt(current: newSalt()), of: tenant)
                isNew = true
            }
            let derived = state.records[tenant].map { derive($0, of: tenant) }
            // They are all derived again as they are asked for, which is rare enough to need no order of leaving.
            if state.derived.count >= Self.derivedLimit { state.derived.removeAll(keepingCapacity: true) }
            state.derived[tenant] = derived
            return (derived, isNew)
        }
        if isNew { changeWriter.yield() }
        guard let derived else { return nil }
        let former = derived.former.flatMap { now() < $0.until ? $0.secret : nil }
        return TenantKeys(current: derived.current, former: former)
    }

    /// Whether the tenant has a secret.
    package func has(_ tenant: String) -> Bool { state.withLock { $0.records[tenant] != nil } }

    /// Gives the tenant another secret. What was stored under the one in force can be read for as long as `overlap`.
    ///
    /// - Returns: false for a tenant that has none.
    package func rotate(_ tenant: String, overlap: Duration) -> Bool {
        let until = now() + Int64(overlap / .milliseconds(1))
        return change(tenant) { $0.rotated(newSalt: newSalt(), overlapUntil: until) }
    }

    /// Gives the tenant another secret and drops the ones before it: nothing that was stored for it can be read any more.
    /// It counts from now on, and holds over a restart once it is saved.
    ///
    /// - Returns: false for a tenant that has none.
    package func forget(_ tenant: String) -> Bool {
        change(tenant) { $0.forgotten(newSalt: newSalt()) }
    }

    /// Takes over what other replicas know, where it outranks what is known here.
    ///
    /// - Returns: the tenants whose secret is another one now.
    package func adopt(_ records: [String: TenantSalt]) -> Set<String> {
        let adopted = state.withLock { state in
            var adopted: Set<String> = []
            for (tenant, theirs) in records where theirs.current.count == TenantSalt.length {
                let mine = state.records[tenant]
                guard mine != nil || state.records.count < Self.tenantLimit else { continue }
                let merged = mine?.merged(with: theirs) ?? theirs
                guard merged != mine else { continue }
                state.set(merged, of: tenant)
                adopted.insert(tenant)
            }
            return adopted
        }
        if !adopted.isEmpty { changeWriter.yield() }
        return adopted
    }

    /// All salts, for saving and for other replicas.
    package var snapshot: Snapshot { state.withLock { Snapshot(revision: $0.revision, records: $0.records) } }

    private func change(_ tenant: String, _ body: (TenantSalt) -> TenantSalt) -> Bool {
        let isKnown = state.withLock { state in
            guard let salt = state.records[tenant] else { return false }
            state.set(body(salt), of: tenant)
            return true
        }
        if isKnown { changeWriter.yield() }
        return isKnown
    }

    private func derive(_ salt: TenantSalt, of tenant: String) -> Derived {
        Derived(
            current: TenantSecret(tenant: tenant, salt: salt.current, master: master),
            former: salt.former.map { (TenantSecret(tenant: tenant, salt: $0.salt, master: master), $0.until) })
    }

    /// From the system's generator.
    @Sendable package static func randomSalt() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<TenantSalt.length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
    }
}

extension CacheAddress {
    /// Where the answer to that request lies.
    package init(_ key: CacheKey, secret: TenantSecret) {
        self.init(key: key.text, sealing: SealingKey(secretID: secret.id, key: secret.sealing))
    }
}
