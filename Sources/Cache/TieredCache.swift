package import Gateway
import ServiceLifecycle
import Synchronization

/// The cache of answers: memory, memory by session, and a remote store, asked in this order. What a later tier has goes
/// into the earlier ones for what is left of its life.
///
/// As a service it writes to the remote store, hears what other replicas invalidate, and sweeps.
package final class TieredCache: AnswerCache, Service {
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
    private let epoch: InvalidationEpoch
    private let figures = Mutex(LookupFigures())

    /// - Parameter remote: the remote tier's store; nil switches the tier off.
    package init(
        _ settings: Settings = Settings(), remote: (store: any RemoteStore, settings: RemoteSettings)? = nil,
        clock: CacheClock = .system
    ) {
        let epoch = InvalidationEpoch()
        memory = settings.memory.map { MemoryTier(limits: $0) }
        session = settings.session.map { MemoryTier(limits: $0) }
        self.remote = remote.map { RemoteTier(store: $0.store, settings: $0.settings, clock: clock, epoch: epoch) }
        self.clock = clock
        self.epoch = epoch
    }

    package func recall(_ query: CacheQuery) -> CacheHit? {
        let epoch = epoch.current
        guard let found = findInMemory(query, countsMisses: false) else { return nil }
        return give(found, query, since: epoch)
    }

    package func look(up query: CacheQuery) async -> CacheHit? {
        let epoch = epoch.current
        var found = findInMemory(query, countsMisses: true)
        if found == nil { found = await findRemotely(query) }
        if let found { return give(found, query, since: epoch) }
        figures.withLock { $0.count(query.labels, hit: nil) }
        return nil
    }

    private func give(_ found: (resident: Resident, tier: CacheTier), _ query: CacheQuery, since epoch: Int) -> CacheHit {
        let (resident, tier) = found
        promote(resident, from: tier, query, since: epoch)
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

    /// Carries what a later tier had into the earlier ones, unless an invalidation came since the lookup began: it may
    /// have meant this answer, and have passed the earlier tiers before the answer came there.
    private func promote(_ resident: Resident, from tier: CacheTier, _ query: CacheQuery, since epoch: Int) {
        switch tier {
        case .memory: return
        case .session: memory?.store(resident, for: query.address.key, now: clock.now())
        case .remote: keepInMemory(resident, for: query.address.key, session: query.session)
        }
        if self.epoch.current != epoch { removeFromMemory(.key(query.address.key)) }
    }

    package func store(_ answer: CachedAnswer, at address: CacheAddress, session: String?) {
        guard let resident = clock.resident(answer) else { return }
        keepInMemory(resident, for: address.key, session: session)
        remote?.enqueue(resident, at: address)
    }

    private func keepInMemory(_ resident: Resident, for key: String, session name: String?) {
        let now = clock.now()
        memory?.store(resident, for: key, now: now)
        if let name { session?.store(resident, for: key, session: name, now: now) }
    }

    package func invalidate(_ which: CacheInvalidation) async -> CacheInvalidationReport {
        // First what could still bring such an answer into memory, then memory, then what takes time.
        let ticket = remote?.begin(which)
        let (memory, session) = forgetInMemory(which)
        var report = CacheInvalidationReport(memory: memory, session: session)
        if let remote, let ticket {
            report.remote = await remote.perform(which, ticket)
            report.isRemotePending = report.remote == nil
        }
        return report
    }

    private func forgetInMemory(_ which: CacheInvalidation) -> (memory: Int, session: Int) {
        epoch.advance()
        return removeFromMemory(which)
    }

    @discardableResult
    private func removeFromMemory(_ which: CacheInvalidation) -> (memory: Int, session: Int) {
        (memory?.invalidate(which) ?? 0, session?.invalidate(which) ?? 0)
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
                    await self.remote?.listen { _ = self.forgetInMemory($0) }
                }
            }
        }
    }

    private func writeRemotely() async {
        guard let remote else { return }
        await withGracefulShutdownHandler {
            for await _ in remote.wakeUps { await remote.writeQueue() }
        } onGracefulShutdown: {
            remote.finish()
        }
        await remote.writeLast()
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
