package import Crypto

/// The key that a tenant's answers are sealed with outside of the process.
package struct SealingKey: Sendable {
    /// Which of the tenant's secrets it was derived from; stands in clear before what it sealed.
    package let secretID: UInt32
    /// 256 bits.
    package let key: SymmetricKey

    package init(secretID: UInt32, key: SymmetricKey) {
        self.secretID = secretID
        self.key = key
    }
}

/// Where an answer lies, and what opens it there.
package struct CacheAddress: Sendable {
    /// The cache key: scope and HMAC, no word of the prompt.
    package let key: String
    /// The key of the tenant whose answer it is.
    package let sealing: SealingKey

    package init(key: String, sealing: SealingKey) {
        self.key = key
        self.sealing = sealing
    }
}

/// What a lookup is counted under besides the totals. Names beyond the first few hundred of a kind are counted together.
package struct CacheLabels: Sendable, Equatable {
    /// nil where no agent speaks.
    package let agent: String?
    /// As the caller named it.
    package let model: String
    /// The route class: `chat`, `team`, ….
    package let route: String

    package init(agent: String? = nil, model: String, route: String) {
        self.agent = agent
        self.model = model
        self.route = route
    }
}

/// A question to the cache.
package struct CacheQuery: Sendable {
    /// Where the answer would lie.
    package let address: CacheAddress
    /// The address under the tenant's previous secret, while both are good. What is found there counts like any other hit.
    package let former: CacheAddress?
    /// The session whose tier is used as well, named so that no two tenants' sessions have the same name.
    package let session: String?
    /// The oldest answer that the caller takes (`Cache-Control: max-age`).
    package let maximumAge: Duration?
    /// What the lookup is counted under.
    package let labels: CacheLabels

    package init(
        address: CacheAddress, former: CacheAddress? = nil, session: String? = nil, maximumAge: Duration? = nil,
        labels: CacheLabels
    ) {
        self.address = address
        self.former = former
        self.session = session
        self.maximumAge = maximumAge
        self.labels = labels
    }
}

/// The tiers of the cache, in the order in which they are asked.
package enum CacheTier: String, Sendable, CaseIterable {
    case memory = "L1"
    case session = "L2"
    case remote = "L3"
}

/// An answer out of the cache.
package struct CacheHit: Sendable {
    /// As it was kept.
    package let answer: CachedAnswer
    /// Where it was.
    package let tier: CacheTier
    /// Since it was complete.
    package let age: Duration
    /// How long the tier may still give it: to the end of its life or of its time in the tier.
    package let remaining: Duration

    package init(answer: CachedAnswer, tier: CacheTier, age: Duration, remaining: Duration) {
        self.answer = answer
        self.tier = tier
        self.age = age
        self.remaining = remaining
    }
}

/// A point between two invalidations.
package struct CacheMoment: Sendable, Hashable {
    /// How many invalidations there were before it.
    package let number: Int

    package init(_ number: Int) { self.number = number }
}

/// The cache of answers (a port: `Cache` implements it in three tiers).
///
/// Nothing here fails: whatever is wrong with a tier is a miss and a figure in the report.
package protocol AnswerCache: Sendable {
    /// The freshest answer that is in this process's memory, or nil. Only a hit counts as a lookup: behind a miss comes
    /// ``look(up:)``, or another's call is joined.
    func recall(_ query: CacheQuery) -> CacheHit?

    /// The freshest answer of the first tier that has one, or nil. Counts as one lookup. How long the remote tier is waited for
    /// is bounded.
    func look(up query: CacheQuery) async -> CacheHit?

    /// Now. What an answer is made of is as old as the moment at which its making began.
    var moment: CacheMoment { get }

    /// Whether an answer that is made since then, to be kept under this key and with these tags, may be forgotten already. Costs
    /// next to nothing while nothing is invalidated.
    func mayBeOutdated(_ key: String, tags: @autoclosure () -> [CacheTag], since moment: CacheMoment) -> Bool

    /// Keeps an answer, for as long as it says. Returns at once; the remote tier gets it in the background.
    ///
    /// - Returns: false where it was forgotten since `moment`, here or by another replica, or that is too long ago to tell: it
    ///   is not kept then.
    func store(_ answer: CachedAnswer, at address: CacheAddress, session: String?, since moment: CacheMoment) -> Bool

    /// Forgets answers in all tiers of all replicas, those too that are being made.
    func invalidate(_ which: CacheInvalidation) async -> CacheInvalidationReport

    /// The figures since the start.
    var report: CacheReport { get }
}
