package import Core

/// The cache's figures since the start.
package struct CacheReport: Sendable, Equatable {
    /// Hits and misses of lookups: one lookup is one of either, however many tiers it asked.
    package struct Lookups: Sendable, Equatable {
        package var hits = 0
        package var misses = 0

        package init() {}

        /// All lookups.
        package var total: Int { hits + misses }
        /// From 0 to 1; 0 before the first lookup.
        package var hitRate: Double { total == 0 ? 0 : Double(hits) / Double(total) }
    }

    /// One memory tier.
    package struct Memory: Sendable, Equatable {
        package var hits = 0
        package var misses = 0
        package var stores = 0
        /// Answers too large or with too many tags for the tier.
        package var refused = 0
        /// Removed to make room, the session's quota included.
        package var evictions = 0
        /// Removed at the end of their life, when they were asked for or swept.
        package var expired = 0
        package var invalidated = 0
        package var entries = 0
        /// What the entries take, about.
        package var bytes = 0
        package var entryLimit = 0
        package var byteLimit = 0

        package init() {}
    }

    /// The remote tier.
    package struct Remote: Sendable, Equatable {
        package var hits = 0
        package var misses = 0
        /// Answers written.
        package var stores = 0
        /// Answers too large, or with too many or too long tags.
        package var refused = 0
        /// Answers that were not written, because the queue was full or the store failed.
        package var lostStores = 0
        /// Lookups that ended in a failure of the store, counted as misses too.
        package var failures = 0
        /// Values that did not open or read, counted as misses too.
        package var unreadable = 0
        /// Values whose own life was over although the store still had them, counted as misses too.
        package var expired = 0
        package var invalidated = 0
        /// Answers that wait to be written, and how many bytes they take.
        package var queued = 0
        package var queuedBytes = 0
        /// Invalidations that the store has not done yet.
        package var pendingInvalidations = 0
        /// Times that listening to the other replicas began (again): each empties the memory tiers, since what they
        /// invalidated before was not heard.
        package var subscriptions = 0
        /// What was written, before and after compression and sealing.
        package var plainBytes = 0
        package var sealedBytes = 0
        /// How the store stands.
        package var condition: RemoteCondition = .off
        /// The store's own, with what others keep in it; nil until it told.
        package var memory: RemoteMemory?

        package init() {}

        /// Plain over sealed; nil before the first write.
        package var compressionRatio: Double? { sealedBytes == 0 ? nil : Double(plainBytes) / Double(sealedBytes) }
    }

    /// All, and those of each agent, model and route class.
    package var lookups = Lookups()
    package var agents: [String: Lookups] = [:]
    package var models: [String: Lookups] = [:]
    package var routes: [String: Lookups] = [:]
    /// nil for a tier that is switched off.
    package var memory: Memory?
    package var session: Memory?
    package var remote: Remote?
    /// What the hits would have taken and cost, had they been asked of the providers again.
    package var savedSeconds: Double = 0
    package var saved = Money.zero

    package init() {}
}

/// The memory of the remote store, as it tells itself every few seconds.
package struct RemoteMemory: Sendable, Equatable {
    /// Bytes.
    package let used: Int
    /// Bytes that it may use; nil for no limit.
    package let limit: Int?
    /// Values that it removed to make room, since its start; nil where it does not say.
    package let evictions: Int?

    package init(used: Int, limit: Int?, evictions: Int?) {
        self.used = used
        self.limit = limit
        self.evictions = evictions
    }
}

/// How the remote store stands.
package enum RemoteCondition: Sendable, Equatable {
    case off
    /// The last ping's round trip.
    case connected(ping: Duration?)
    /// It answers reads but takes no writes, and why.
    case readOnly(String)
    /// It is not reached, and why.
    case away(String)
}
