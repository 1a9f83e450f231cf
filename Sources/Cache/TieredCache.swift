package import Gateway
import ServiceLifecycle
import Synchronization

/// The cache of answers: memory, memory by session, and a remote store, asked in this order. What a later tier has goes
/// into the earlier ones for what is left of its life.
///
/// As a service it writes to the remote store, hears what other replicas invalidate, and sweeps.
package final class TieredCache: AnswerCache, Service {
    /// What the memory tiers hold.
    package struct Settings: Sendable {
        /// nil switches the tier off.
        package var memory: MemoryTier.Limits?
        /// nil switches the tier off.
        package var session: MemoryTier.Limits?

        package init(
            memory: MemoryTier.Limits? = .init(entries: 10_000, bytes: 64 << 20, life: .seconds(300)),
            session: MemoryTier.Limits? = .init(
                entries: 5_000, bytes: 32 << 20, life: .seconds(1800), entriesPerSession: 100)
        ) {
            self.memory = memory
            self.session = session
        }
    }

    private let memory: MemoryTier?
    private let session: MemoryTier?
    private let remote: RemoteTier?
    private let clock: CacheClock
    private let log: InvalidationLog
    private let figures = Mutex(LookupFigures())

    /// - Parameter remote: the remote tier's store; nil switches the tier off.
    package init(
        _ settings: Settings = Settings(), remote: (store: any RemoteStore, settings: RemoteSettings)? = nil,
        clock: CacheClock = .system
    ) {
        let log = InvalidationLog()
        memory = settings.memory.map { MemoryTier(limits: $0) }
        session = settings.session.map { MemoryTier(limits: $0) }
        self.remote = remote.map { RemoteTier(store: $0.store, settings: $0.settings, clock: clock, log: log) }
        self.clock = clock
        self.log = log
    }

    package var moment: CacheMoment { log.moment }

    package func mayBeOutdated(_ key: String, tags: @autoclosure () -> [CacheTag], since moment: CacheMoment) -> Bool {
        guard log.moment != moment else { return false }
        let tags = tags()
        return log.hasOne(since: moment) { $0.mayCover(key: key, tags: tags) }
    }

    package func recall(_ query: CacheQuery) -> CacheHit? {
        let moment = log.moment
        guard let found = findInMemory(query, countsMisses: false) else { return nil }
        return give(found, query, since: moment)
    }

    package func look(up query: CacheQuery) async -> CacheHit? {
        let moment = log.moment
        var found = findInMemory(query, countsMisses: true)
        if found == nil { found = await findRemotely(query) }
        if let found { return give(found, query, since: moment) }
        figures.withLock { $0.count(query.labels, hit: nil) }
        return nil
    }

    private func give(_ found: (resident: Resident, tier: CacheTier), _ query: CacheQuery, since moment: CacheMoment) -> CacheHit {
        let (resident, tier) = found
        promote(resident, from: tier, query, since: moment)
        figures.withLock { $0.count(query.labels, hit: resident.answer) }
        let now = clock.now()
        return CacheHit(
            answer: resident.answer, tier: tier, age: now - resident.born,
            remaining: max(.zero, resident.freshUntil - now))
    }

    private func findInMemory(_ query: CacheQuery, countsMisses: Bool) -> (resident: Resident, tier: CacheTier)? {
        let now = clock.now()
        let bornAfter = query.maximumAge.map { now - $0 }
        let key = query.address.key
        let formerKey = query.former?.key
        if let memory {
            if let resident = memory.find(
                key, or: formerKey, bornAfter: bornAfter, now: now, countsMiss: countsMisses)
            { return (resident, .memory) }
        }
        if let session, let name = query.session,
            let resident = session.find(key, or: formerKey, session: name, bornAfter: bornAfter, now: now, countsMiss: countsMisses)
        {
            return (resident, .session)
        }
        return nil
    }

    private func findRemotely(_ query: CacheQuery) async -> (resident: Resident, tier: CacheTier)? {
        await remote?.find(query).map { ($0, .remote) }
    }

    /// Carries what a later tier had into the earlier ones.
    private func promote(_ resident: Resident, from tier: CacheTier, _ query: CacheQuery, since moment: CacheMoment) {
        if tier == .memory { return }
        _ = keepInMemory(resident, for: query.address.key, session: tier == .remote ? query.session : nil, since: moment)
    }

    package func store(_ answer: CachedAnswer, at address: CacheAddress, session: String?, since moment: CacheMoment) -> Bool {
        guard let resident = clock.resident(answer) else { return true }
        guard keepInMemory(resident, for: address.key, session: session, since: moment) else { return false }
        remote?.enqueue(resident, at: address, since: moment)
        return true
    }

    /// False where an invalidation came since `moment`: it may have meant this answer, and have passed the tiers before the
    /// answer came there.
    private func keepInMemory(_ resident: Resident, for key: String, session name: String?, since moment: CacheMoment) -> Bool {
        func isForgotten() -> Bool { log.covers(key: key, tags: resident.answer.tags, since: moment) }
        // Before, so that it does not take a newer one's place; and behind, since it may be forgotten just now.
        if isForgotten() { return false }
        let now = clock.now()
        memory?.store(resident, for: key, now: now)
        if let name { session?.store(resident, for: key, session: name, now: now) }
        guard isForgotten() else { return true }
        memory?.remove(key)
        if let name { session?.remove(key, session: name) }
        return false
    }

    package func invalidate(_ which: CacheInvalidation) async -> CacheInvalidationReport {
        // First what could still bring such an answer into memory, then memory, then what takes time.
        log.note(which)
        remote?.begin(which)
        let (memory, session) = removeFromMemory(which)
        var report = CacheInvalidationReport(memory: memory, session: session)
        if let remote {
            report.remote = await remote.perform(which)
            report.isRemotePending = report.remote == nil
        }
        return report
    }

    /// Another replica has done it, or a write of ours came behind its deletion.
    private func forget(_ which: CacheInvalidation) {
        log.note(which)
        remote?.drop(which)
        _ = removeFromMemory(which)
    }

    private func removeFromMemory(_ which: CacheInvalidation) -> (memory: Int, session: Int) {
        let removed = (memory?.invalidate(which) ?? 0, session?.invalidate(which) ?? 0)
        // Once more: who found such an answer in one tier while it was removed must not carry it into another.
        log.note(which)
        return removed
    }

    package var report: CacheReport {
        var report = CacheReport()
        figures.withLock { $0.write(to: &report) }
        report.memory = memory?.report
        report.session = session?.report
        report.remote = remote?.report
        return report
    }

    // MARK: Service

    /// How often expired answers are swept and invalidations told again.
    private static let pace = Duration.seconds(1)

    /// Runs until graceful shutdown, and then writes what waits for the remote store.
    package func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.writeRemotely() }
            group.addTask { await cancelWhenGracefulShutdown { await self.sweepNowAndThen() } }
            group.addTask {
                await cancelWhenGracefulShutdown {
                    await self.remote?.listen { self.forget($0) }
                }
            }
        }
    }

    private func writeRemotely() async {
        guard let remote else { return }
        await withGracefulShutdownHandler {
            for await _ in remote.wakeUps { await remote.writeQueue(self.forget) }
        } onGracefulShutdown: {
            remote.finish()
        }
        await remote.writeLast(self.forget)
    }

    private func sweepNowAndThen() async {
        while (try? await Task.sleep(for: Self.pace)) != nil {
            let now = clock.now()
            memory?.sweep(now: now)
            session?.sweep(now: now)
            await remote?.retryInvalidations()
        }
    }
}
