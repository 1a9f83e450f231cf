import Gateway

/// The invalidations that the remote store has not done yet. What they mean counts as absent there. Equal ones are one.
///
/// Those that the store failed to do are held, and bounded so that a store which is away for long costs its content, not our
/// memory: too many of one tenant become one that forgets the tenant, and only those that no tenant can ask for, an admin's,
/// become one that forgets everything.
struct PendingInvalidations {
    private struct Pending {
        /// Deletions under way for it.
        var runs = 0
        /// Whether one of them was not done.
        var hasFailed = false
        /// Grows with each failure: the one told again longest ago is told next.
        var turn = 0

        var isHeld: Bool { runs == 0 && hasFailed }
    }

    /// Most held invalidations of one tenant, of those that are no tenant's, and of all together.
    static let tenantLimit = 16
    static let sharedLimit = 64
    static let limit = 2048

    private var list: [CacheInvalidation: Pending] = [:]
    private var turns = 0

    var count: Int { list.count }

    /// Begins a deletion, which ``succeeded(_:)`` or ``failed(_:)`` ends.
    mutating func begin(_ which: CacheInvalidation) { list[which, default: Pending()].runs += 1 }

    /// A deletion is done; the invalidation is when no other is under way for it, and none failed.
    mutating func succeeded(_ which: CacheInvalidation) {
        guard var pending = list[which] else { return }
        pending.runs -= 1
        list[which] = pending.runs == 0 && !pending.hasFailed ? nil : pending
    }

    /// A deletion was not done: the invalidation is held.
    mutating func failed(_ which: CacheInvalidation) {
        list[which]?.runs -= 1
        hold(which)
        collapse(which.owner)
    }

    /// The one that was told longest ago, under way again; nil when none is held.
    mutating func retry() -> CacheInvalidation? {
        guard let which = list.filter(\.value.isHeld).min(by: { $0.value.turn < $1.value.turn })?.key else { return nil }
        list[which]?.hasFailed = false
        begin(which)
        return which
    }

    /// Whether an answer is meant by one.
    func cover(key: String, tags: [CacheTag]) -> Bool {
        if list.isEmpty { return false }
        if list[.everything] != nil || list[.key(key)] != nil || tags.contains(where: { list[.tag($0)] != nil }) { return true }
        return list.keys.contains { if case .keys(let glob) = $0 { glob.matches(key) } else { false } }
    }

    private mutating func hold(_ which: CacheInvalidation) {
        turns += 1
        list[which, default: Pending()].hasFailed = true
        list[which]?.turn = turns
    }

    /// Lets what is held become less by forgetting more, where it is too much.
    private mutating func collapse(_ owner: String?) {
        merge(
            held(by: owner), above: owner == nil ? Self.sharedLimit : Self.tenantLimit,
            into: owner.map { .tag(.tenant($0)) } ?? .everything)
        guard list.count > Self.limit else { return }
        for owner in Set(list.keys.compactMap(\.owner)) { merge(held(by: owner), above: 1, into: .tag(.tenant(owner))) }
        merge(list.filter(\.value.isHeld).map(\.key), above: Self.limit, into: .everything)
    }

    private func held(by owner: String?) -> [CacheInvalidation] {
        list.filter { $0.value.isHeld && $0.key.owner == owner }.map(\.key)
    }

    private mutating func merge(_ held: [CacheInvalidation], above limit: Int, into wider: CacheInvalidation) {
        guard held.count > limit else { return }
        for which in held { list[which] = nil }
        hold(wider)
    }
}
