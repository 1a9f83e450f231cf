package import Crypto
import Gateway
import NIOCore
import Synchronization

/// The tier that other processes share: sealed answers in a store that may be slow, away, full, or full of lies.
final class RemoteTier: Sendable {
    private struct State {
        var queue: WriteQueue
        var pending = PendingInvalidations()
        var figures = CacheReport.Remote()
    }

    private let store: any RemoteStore
    private let settings: RemoteSettings
    private let names: RemoteNames
    private let clock: CacheClock
    private let epoch: InvalidationEpoch
    private let sender = UInt64.random(in: .min ... .max)
    private let state: Mutex<State>
    private let wake: AsyncStream<Void>.Continuation
    /// Says that writes wait: one pending signal stands for any number of them.
    let wakeUps: AsyncStream<Void>

    /// Writes at once, so that the store's round trip is shared.
    private static let batch = 16

    init(store: any RemoteStore, settings: RemoteSettings, clock: CacheClock, epoch: InvalidationEpoch) {
        self.store = store
        self.settings = settings
        self.clock = clock
        self.epoch = epoch
        names = RemoteNames(secret: settings.secret)
        state = Mutex(State(queue: WriteQueue(entryLimit: settings.queuedAnswers, byteLimit: settings.queuedBytes)))
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    // MARK: Reading

    /// Asks the store; nil for whatever is not a good answer for this address.
    func find(_ address: CacheAddress, maximumAge: Duration?) async -> Resident? {
        let found: Result<RemoteValue?, any Error>
        do {
            let deadline = clock.now() + settings.patience
            found = .success(try await store.value(of: names.answer(address.key), by: deadline))
        } catch {
            found = .failure(error)
        }
        let (resident, flaw) = read(found, address)
        return state.withLock { state in
            if let resident, maximumAge.map({ clock.now() - resident.born <= $0 }) ?? true,
                !state.pending.cover(key: address.key, tags: resident.answer.tags)
            {
                state.figures.hits += 1
                return resident
            }
            state.figures.misses += 1
            if let flaw { state.figures[keyPath: flaw] += 1 }
            return nil
        }
    }

    /// The answer, or the figure that its flaw is counted under.
    private func read(
        _ found: Result<RemoteValue?, any Error>, _ address: CacheAddress
    ) -> (Resident?, WritableKeyPath<CacheReport.Remote, Int>?) {
        switch found {
        // A caller who left says nothing about the store.
        case .failure(let error): return (nil, error is CancellationError ? nil : \.failures)
        case .success(nil): return (nil, nil)
        case .success(let value?):
            guard
                let plain = SealedValue.open(
                    value.bytes, with: address.sealing, at: address.key, limit: settings.answerBytes),
                let answer = CachedAnswer(encoded: plain)
            else { return (nil, \.unreadable) }
            guard let resident = clock.resident(answer, atMost: value.life) else { return (nil, \.expired) }
            return (resident, nil)
        }
    }

    // MARK: Writing

    /// Puts an answer on the queue.
    func enqueue(_ resident: Resident, at address: CacheAddress) {
        let isQueued = state.withLock { state in
            let answer = resident.answer
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
    func writeQueue() async {
        while await writeBatch() != nil {}
    }

    /// Writes what waits for as long as the store takes it; the rest is lost.
    func writeLast() async {
        while let written = await writeBatch() {
            guard written else { break }
        }
        state.withLock { $0.figures.lostStores += $0.queue.removeAll() }
    }

    /// Whether all of the next batch was written; nil when none waits.
    private func writeBatch() async -> Bool? {
        let batch = state.withLock { $0.queue.takeBatch(atMost: Self.batch) }
        if batch.isEmpty { return nil }
        let isWritten = await withTaskGroup(of: Bool.self) { group in
            for write in batch { group.addTask { await self.perform(write) } }
            return await group.reduce(true) { $0 && $1 }
        }
        for key in state.withLock({ $0.queue.finishBatch() }) { _ = await perform(.key(key), begin(.key(key))) }
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

    /// From now on nothing that `which` means is read from the store or written to it.
    func begin(_ which: CacheInvalidation) -> PendingInvalidations.Ticket {
        state.withLock { state in
            state.queue.drop(which)
            return state.pending.begin(which)
        }
    }

    /// Deletes in the store and tells the other replicas. nil when the store did not do both; it is told again then.
    func perform(_ which: CacheInvalidation, _ ticket: PendingInvalidations.Ticket) async -> Int? {
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
                epoch.advance()
                state.pending.succeeded(ticket)
                state.figures.invalidated += count
            }
            return count
        } catch {
            state.withLock { $0.pending.failed(ticket) }
            return nil
        }
    }

    /// Tells the store again what it did not do.
    func retryInvalidations() async {
        while let (ticket, which) = state.withLock({ $0.pending.retry() }) {
            guard await perform(which, ticket) != nil else { return }
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
                self.state.withLock { $0.queue.drop(which) }
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
        return report
    }
}

/// How the remote tier behaves.
package struct RemoteSettings: Sendable {
    /// The same in all processes that share the store; hides tags and what replicas tell one another.
    package var secret: SymmetricKey
    /// How long a lookup waits for the store before it is a miss.
    package var patience: Duration
    /// Longest encoded answer, read or written.
    package var answerBytes: Int
    /// Most answers that wait to be written, and the bytes that they take.
    package var queuedAnswers: Int
    package var queuedBytes: Int

    package init(
        secret: SymmetricKey, patience: Duration = .milliseconds(100), answerBytes: Int = 4 << 20,
        queuedAnswers: Int = 1024, queuedBytes: Int = 32 << 20
    ) {
        self.secret = secret
        self.patience = patience
        self.answerBytes = answerBytes
        self.queuedAnswers = queuedAnswers
        self.queuedBytes = queuedBytes
    }
}
