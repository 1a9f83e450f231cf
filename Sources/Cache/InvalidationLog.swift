import Gateway
import Synchronization

/// What was invalidated of late, so that who carries an answer over a while can see whether it was meant meanwhile. Asking costs
/// one atomic load as long as nothing was invalidated.
final class InvalidationLog: Sendable {
    private let number = Atomic<Int>(0)
    private let recent = Mutex(RecentInvalidations())

    var moment: CacheMoment { CacheMoment(number.load(ordering: .sequentiallyConsistent)) }

    func note(_ which: CacheInvalidation) {
        recent.withLock { recent in
            recent.note(which)
            // Behind the entry: who sees the number finds it.
            number.store(recent.last, ordering: .sequentiallyConsistent)
        }
    }

    /// Whether an invalidation since then is one that `isMeant` says to mean the answer, or is not known any more.
    func hasOne(since moment: CacheMoment, where isMeant: (CacheInvalidation) -> Bool) -> Bool {
        guard self.moment != moment else { return false }
        return recent.withLock { $0.hasOne(since: moment.number, where: isMeant) }
    }

    /// Whether an answer with this key and these tags was meant since then.
    func covers(key: String, tags: [CacheTag], since moment: CacheMoment) -> Bool {
        hasOne(since: moment) { $0.covers(key: key, tags: tags) }
    }
}

/// Numbered invalidations, the newest last. Bounded: many of one tenant become one of all its answers, so that a tenant that
/// forgets without end spoils nobody else's; beyond that the oldest go, and what began before them counts as meant.
struct RecentInvalidations {
    private struct Entry {
        let number: Int
        let which: CacheInvalidation
        let owner: String?
    }

    /// Most of one tenant, and of all.
    static let tenantLimit = 16
    static let limit = 1024

    private var entries: [Entry] = []
    /// Up to this number some are not known any more.
    private var forgotten = 0
    /// The newest one's number; 0 before the first.
    private(set) var last = 0

    var count: Int { entries.count }

    mutating func note(_ which: CacheInvalidation) {
        last += 1
        let owner = which.owner
        entries.removeAll { $0.which == which }
        entries.append(Entry(number: last, which: which, owner: owner))
        if let owner, entries.count(where: { $0.owner == owner }) > Self.tenantLimit {
            entries.removeAll { $0.owner == owner }
            entries.append(Entry(number: last, which: .tag(.tenant(owner)), owner: owner))
        }
        if entries.count > Self.limit { forgotten = entries.removeFirst().number }
    }

    func hasOne(since number: Int, where isMeant: (CacheInvalidation) -> Bool) -> Bool {
        if number < forgotten { return true }
        return entries.reversed().prefix { $0.number > number }.contains { isMeant($0.which) }
    }
}
