package import Gateway
import Synchronization

/// An answer in memory, with its times on this process's own clock, which nobody sets.
package struct Resident: Sendable {
    package let answer: CachedAnswer
    /// When it was complete.
    package let born: Instant
    /// When its life ends, or its time in the tier that it was found in.
    package let freshUntil: Instant

    package init(answer: CachedAnswer, born: Instant, freshUntil: Instant) {
        self.answer = answer
        self.born = born
        self.freshUntil = freshUntil
    }
}

/// Answers in memory, plain. The tier by session is one too, with the sessions as groups.
///
/// One lock for all of it: an operation holds it for about a hundred nanoseconds.
package final class MemoryTier: Sendable {
    /// What the tier holds, and for how long.
    package struct Limits: Sendable, Equatable {
        /// Most entries.
        package var entries: Int
        /// As ``CachedAnswer/footprint`` counts, with the tier's own part.
        package var bytes: Int
        /// The longest that an entry stays, however long its answer lives.
        package var life: Duration
        /// Most entries of one session.
        package var entriesPerSession: Int

        package init(entries: Int, bytes: Int, life: Duration, entriesPerSession: Int = .max) {
            self.entries = entries
            self.bytes = bytes
            self.life = life
            self.entriesPerSession = entriesPerSession
        }
    }

    /// An entry's name: the same answer may be kept for many sessions.
    private struct Name: Hashable {
        let key: String
        let session: String?
    }

    private struct State {
        var entries: LeastRecentlyUsed<Name, Resident>
        var tags = SlotIndex<CacheTag>()
        /// Of those by session: the others are found by their keys as they are.
        var keys = SlotIndex<String>()
        var figures = CacheReport.Memory()

        mutating func find(_ name: Name, bornAfter: Instant?, now: Instant) -> Resident? {
            switch entries.find(name, now: now) {
            case .value(let resident):
                if let bornAfter, resident.born < bornAfter { return nil }
                return resident
            case .expired(let removal):
                account(removal)
                return nil
            case .absent:
                return nil
            }
        }

        mutating func index(_ slot: Int32, _ name: Name, _ answer: CachedAnswer) {
            for tag in answer.tags { tags.add(slot, tag) }
            if name.session != nil { keys.add(slot, name.key) }
        }

        mutating func remove(_ slots: Set<Int32>) -> Int {
            var count = 0
            for slot in slots {
                guard let removal = entries.remove(slot: slot) else { continue }
                account(removal)
                count += 1
            }
            return count
        }

        mutating func remove(_ name: Name) -> Int {
            guard let removal = entries.remove(name) else { return 0 }
            account(removal)
            return 1
        }

        mutating func account(_ removal: LeastRecentlyUsed<Name, Resident>.Removal) {
            let (name, answer) = (removal.entry.key, removal.entry.value.answer)
            for tag in answer.tags { tags.remove(removal.slot, tag) }
            if name.session != nil { keys.remove(removal.slot, name.key) }
            switch removal.reason {
            case .evicted: figures.evictions += 1
            case .expired: figures.expired += 1
            case .removed: figures.invalidated += 1
            case .replaced: break
            }
        }
    }

    /// As they were given.
    package let limits: Limits
    private let state: Mutex<State>

    /// Entries handled under the lock at a time when many are.
    private static let bite = 256

    package init(limits: Limits) {
        self.limits = limits
        state = Mutex(
            State(
                entries: LeastRecentlyUsed(
                    limits: .init(
                        entries: limits.entries, bytes: limits.bytes, entriesPerGroup: limits.entriesPerSession))))
    }

    /// Finds an answer under its key, or else under the former one; a hit or a miss either way.
    ///
    /// - Parameter bornAfter: older answers count as absent, and stay.
    package func find(
        _ key: String, or formerKey: String? = nil, session: String? = nil, bornAfter: Instant? = nil, now: Instant,
        countsMiss: Bool = true
    ) -> Resident? {
        state.withLock { state in
            var found = state.find(Name(key: key, session: session), bornAfter: bornAfter, now: now)
            if found == nil, let formerKey {
                found = state.find(Name(key: formerKey, session: session), bornAfter: bornAfter, now: now)
            }
            if found != nil {
                state.figures.hits += 1
            } else if countsMiss {
                state.figures.misses += 1
            }
            return found
        }
    }

    /// Keeps an answer until its life ends, or the tier's limit for it.
    package func store(_ resident: Resident, for key: String, session: String? = nil, now: Instant) {
        guard resident.answer.tags.count <= CachedAnswer.tagLimit else {
            return state.withLock { $0.figures.refused += 1 }
        }
        let expires = min(resident.freshUntil, now + limits.life)
        let entry = LeastRecentlyUsed<Name, Resident>.Entry(
            key: Name(key: key, session: session),
            value: Resident(answer: resident.answer, born: resident.born, freshUntil: expires),
            bytes: bytes(of: resident, key, session), expires: expires, group: session)
        state.withLock { state in
            switch state.entries.insert(entry, now: now) {
            case .done(let slot, let removals):
                for removal in removals { state.account(removal) }
                state.index(slot, entry.key, resident.answer)
                state.figures.stores += 1
            case .refused(let removals):
                for removal in removals { state.account(removal) }
                state.figures.refused += 1
            }
        }
    }

    /// The answer, its names, and what the tables take for an entry.
    private func bytes(of resident: Resident, _ key: String, _ session: String?) -> Int {
        resident.answer.footprint + key.utf8.count + 288 + (session.map { $0.utf8.count + 128 } ?? 0)
    }

    /// Forgets what `which` means. How many entries that were.
    package func invalidate(_ which: CacheInvalidation) -> Int {
        switch which {
        case .everything:
            state.withLock { state in
                let count = state.entries.removeAll()
                (state.tags, state.keys) = (SlotIndex(), SlotIndex())
                state.figures.invalidated += count
                return count
            }
        case .tag(let tag): state.withLock { $0.remove($0.tags.slots(with: tag)) }
        case .key(let key):
            state.withLock { $0.remove(Name(key: key, session: nil)) + $0.remove($0.keys.slots(with: key)) }
        case .keys(let glob): remove { glob.matches($0.key) }
        }
    }

    /// Forgets the answer of one session, or of none, under a key.
    func remove(_ key: String, session: String? = nil) {
        _ = state.withLock { $0.remove(Name(key: key, session: session)) }
    }

    /// Matches outside of the lock, and removes a bite at a time, so that no lookup waits long.
    private func remove(where isMeant: (Name) -> Bool) -> Int {
        var meant = state.withLock { $0.entries.keys }.filter(isMeant)[...]
        var count = 0
        while !meant.isEmpty {
            let bite = meant.prefix(Self.bite)
            meant = meant.dropFirst(Self.bite)
            count += state.withLock { state in bite.reduce(0) { $0 + state.remove($1) } }
        }
        return count
    }

    /// Removes some of the entries whose time is over; a few calls go through all.
    package func sweep(now: Instant) {
        state.withLock { state in
            for removal in state.entries.removeExpired(now: now, atMost: Self.bite) { state.account(removal) }
        }
    }

    /// The figures since the start, and one moment's counts.
    package var report: CacheReport.Memory {
        state.withLock { state in
            var report = state.figures
            report.entries = state.entries.count
            report.bytes = state.entries.bytes
            report.entryLimit = limits.entries
            report.byteLimit = limits.bytes
            return report
        }
    }

    /// How many tags and keys the indexes hold; for tests of their consistency.
    var tagCount: Int { state.withLock { $0.tags.count } }
    var keyCount: Int { state.withLock { $0.keys.count } }
}
