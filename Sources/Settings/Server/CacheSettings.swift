/// How the cache of answers is used.
package struct CacheSettings: Sendable, Equatable {
    package enum Use: String, Sendable, CaseIterable {
        case on
        /// Only for requests that ask for it in their body.
        case asked
        case off
    }

    package enum Scope: String, Sendable, CaseIterable { case tenant, user, session }

    package let use: Use
    /// Who may share an answer: a tenant's requests, or only those of one of its users or sessions.
    package let scope: Scope
    /// Of the first tier; 0 switches it off.
    package let entries: Int
    package let bytes: Int
    /// The longest that the first tier keeps an answer.
    package let seconds: Int
    /// Of the second tier, by session; 0 switches it off.
    package let sessionEntries: Int
    /// How fast cached answers are streamed; nil at once.
    package let tokensPerSecond: Double?

    init(_ reader: SettingReader) {
        use = reader.choice(.cache, default: .on)
        scope = reader.choice(.cacheScope, default: .tenant)
        entries = reader.integer(.cacheEntries, in: 0...10_000_000, default: 10_000)
        bytes = reader.integer(.cacheBytes, in: 1 << 20...1 << 40, default: 64 << 20)
        seconds = reader.integer(.cacheSeconds, in: 1...86_400, default: 300)
        sessionEntries = reader.integer(.cacheSessionEntries, in: 0...10_000_000, default: 5_000)
        tokensPerSecond = reader.rate(.cachePace, upTo: 100_000)
    }
}
