import Gateway
import NIOCore
import Synchronization

/// The tier that other processes share: sealed answers in a store that may be slow, away, full, or full of lies.
final class RemoteTier: Sendable {
    private struct State {
        var queue: WriteQueue
        var pending = PendingInvalidations()
        var figures = CacheReport.Remote()

        /// Takes out of the queue what `which` means. A write under way may land behind the deletion: until it is deleted
        /// again, its key counts as absent.
        mutating func drop(_ which: CacheInvalidation) {
            for key in queue.drop(which) { pending.begin(.key(key)) }
        }
    }

    private let store: any RemoteStore
    private let settings: RemoteSettings
    private let names: RemoteNames
    private let clock: CacheClock
    /// All invalidations, as they begin.
    private let log: InvalidationLog
    /// Those that the store has done, as it has.
    private let deletions = InvalidationLog()
    private let sender = UInt64.random(in: .min ... .max)
    private let state: Mutex<State>
    private let wake: AsyncStream<Void>.Continuation
    /// Says that writes wait: one pending signal stands for any number of them.
    let wakeUps: AsyncStream<Void>

    /// Writes at once, so that the store's round trip is shared.
    private static let batch = 16

    init(store: any RemoteStore, settings: RemoteSettings, clock: CacheClock, log: InvalidationLog) {
        self.store = store
        self.settings = settings
        self.clock = clock
        self.log = log
        names = RemoteNames(secret: settings.secret)
        state = Mutex(State(queue: WriteQueue(entryLimit: settings.queuedAnswers, byteLimit: settings.queuedBytes)))
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: Reading

    /// Asks the store for an answer under its key, or else under the former one; a hit or a miss either way.
    func find(_ query: CacheQuery) async -> Resident? {
        let deadline = clock.now() + settings.patience
        var found = await read(query.address, query.maximumAge, by: deadline)
        if found == nil, let former = query.former { found = await read(former, query.maximumAge, by: deadline) }
        state.withLock { [isHit = found != nil] state in
            if isHit { state.figures.hits += 1 } else { state.figures.misses += 1 }
        }
        return found
    }

    /// nil for whatever is not a good answer for this address, counted by what is wrong with it.
    private func read(_ address: CacheAddress, _ maximumAge: Duration?, by deadline: Instant) async -> Resident? {
        let begun = deletions.moment
        let value: RemoteValue
        do {
            guard let found = try await store.value(of: names.answer(address.key), by: deadline) else { return nil }
            value = found
        } catch {
            // A caller who left says nothing about the store.
            if !(error is CancellationError) { state.withLock { $0.figures.failures += 1 } }
            return nil
        }
        guard
            let plain = SealedValue.open(value.bytes, with: address.sealing, at: address.key, limit: settings.answerBytes),
            let answer = CachedAnswer(encoded: plain)
        else {
            state.withLock { $0.figures.unreadable += 1 }
            return nil
        }
        guard let resident = clock.resident(answer, atMost: value.life) else {
            state.withLock { $0.figures.expired += 1 }
            return nil
        }
        if let maximumAge, clock.now() - resident.born > maximumAge { return nil }
        let isForgotten = state.withLock { state in
            // Or was while the store was asked, which may have been before it deleted.
            state.pending.cover(key: address.key, tags: answer.tags)
                || deletions.covers(key: address.key, tags: answer.tags, since: begun)
        }
        return isForgotten ? nil : resident
    }

    // MARK: Writing

    /// Puts an answer on the queue, unless it was invalidated since `moment`.
    func enqueue(_ resident: Resident, at address: CacheAddress, since moment: CacheMoment) {
        let isQueued = state.withLock { state in
            let answer = resident.answer
            // Under the lock: what is noted later finds the answer on the queue.
            guard !log.covers(key: address.key, tags: answer.tags, since: moment) else { return false }
            guard answer.encodedBound <= settings.answerBytes, answer.tags.count <= CachedAnswer.tagLimit,
                answer.tags.allSatisfy({ $0.name.utf8.count <= CacheTag.nameLimit })
            else {
                state.figures.refused += 1
                return false
            }
            guard state.queue.add(WriteQueue.Write(address: address, resident: resident)) else {
                state.figures.lostStores += 1
                return false
            }
            return true
        }
        if isQueued { wake.yield() }
    }

    /// Lets ``wakeUps`` end.
    func finish() { wake.finish() }

    /// Writes what waits, a batch at a time.
    ///
    /// - Parameter forget: told what was invalidated while it was written, and is deleted again.
    func writeQueue(_ forget: (CacheInvalidation) -> Void) async {
        while await writeBatch(forget) != nil {}
    }

    /// Writes what waits for as long as the store takes it; the rest is lost.
    func writeLast(_ forget: (CacheInvalidation) -> Void) async {
        while let written = await writeBatch(forget) {
            guard written else { break }
        }
        state.withLock { $0.figures.lostStores += $0.queue.removeAll() }
    }

    /// Whether all of the next batch was written; nil when none waits.
    private func writeBatch(_ forget: (CacheInvalidation) -> Void) async -> Bool? {
        let batch = state.withLock { $0.queue.takeBatch(atMost: Self.batch) }
        if batch.isEmpty { return nil }
        let isWritten = await withTaskGroup(of: Bool.self) { group in
            for write in batch { group.addTask { await self.perform(write) } }
            return await group.reduce(true) { $0 && $1 }
        }
        for key in state.withLock({ $0.queue.finishBatch() }) {
            _ = await perform(.key(key))
            forget(.key(key))
        }
        return isWritten
    }

    private func perform(_ write: WriteQueue.Write) async -> Bool {
        let answer = write.resident.answer
        let life = write.resident.freshUntil - clock.now()
        guard life >= .milliseconds(1) else { return true }
        let plain = answer.encoded
        let sealed = SealedValue.seal(plain, with: write.address.sealing, at: write.key)
        do {
            try await store.set(names.answer(write.key), to: sealed, life: life, tags: answer.tags.map(names.tag))
        } catch {
            state.withLock { $0.figures.lostStores += 1 }
            return false
        }
        state.withLock { state in
            state.figures.stores += 1
            state.figures.plainBytes += plain.count
            state.figures.sealedBytes += sealed.readableBytes
        }
        return true
    }

    // MARK: Invalidation

    /// From now on nothing that `which` means is read from the store or written to it. Behind its being noted in the log.
    func begin(_ which: CacheInvalidation) {
        state.withLock { state in
            state.drop(which)
            state.pending.begin(which)
        }
    }

    /// Another replica deletes what `which` means, which waits here to be written.
    func drop(_ which: CacheInvalidation) { state.withLock { $0.drop(which) } }

    /// Deletes in the store what was begun, and tells the other replicas. nil when the store did not do both; it is told
    /// again then.
    func perform(_ which: CacheInvalidation) async -> Int? {
        do {
            let count =
                switch which {
                case .key(let key): try await store.delete(names.answer(key))
                case .tag(let tag): try await store.delete(tagged: names.tag(tag))
                case .keys(let glob): try await store.delete(matching: names.answers(matching: glob.pattern))
                case .everything: try await store.delete(matching: names.answers(matching: "*"))
                }
            try await store.publish(names.message(which, from: sender), to: RemoteNames.channel)
            state.withLock { state in
                // Who read before the deletion must know before what was read is no longer refused.
                deletions.note(which)
                state.pending.succeeded(which)
                state.figures.invalidated += count
            }
            return count
        } catch {
            state.withLock { $0.pending.failed(which) }
            return nil
        }
    }

    /// Tells the store again what it did not do.
    func retryInvalidations() async {
        while let which = state.withLock({ $0.pending.retry() }) {
            guard await perform(which) != nil else { return }
        }
    }

    /// Hears what other replicas invalidate, until the task is cancelled.
    func listen(_ hear: @escaping @Sendable (CacheInvalidation) -> Void) async {
        await store.listen(to: RemoteNames.channel) { signal in
            switch signal {
            case .subscribed:
                self.state.withLock { $0.figures.subscriptions += 1 }
                hear(.everything)
            case .message(let bytes):
                guard let (sender, which) = self.names.read(bytes), sender != self.sender else { return }
                hear(which)
            }
        }
    }

    var report: CacheReport.Remote {
        var report = state.withLock { state in
            var report = state.figures
            report.queued = state.queue.waiting.count
            report.queuedBytes = state.queue.bytes
            report.pendingInvalidations = state.pending.count
            return report
        }
        report.condition = store.condition
        report.memory = store.memory
        return report
    }
}
