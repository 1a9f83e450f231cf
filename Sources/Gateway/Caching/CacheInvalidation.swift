/// Which answers are to be forgotten.
package enum CacheInvalidation: Sendable, Hashable {
    case key(String)
    case tag(CacheTag)
    /// All whose key matches.
    case keys(Glob)
    case everything

    /// Whether it means the answer with this key and these tags.
    package func covers(key: String, tags: [CacheTag]) -> Bool {
        switch self {
        case .key(let wanted): wanted == key
        case .tag(let tag): tags.contains(tag)
        case .keys(let glob): glob.matches(key)
        case .everything: true
        }
    }
}

/// How many answers an invalidation removed.
package struct CacheInvalidationReport: Sendable, Equatable {
    /// From this process's memory tiers.
    package var memory: Int
    package var session: Int
    /// From the remote tier; nil where there is none, or it could not be reached. It is told again until it has done it,
    /// and until then its answers that the invalidation means count as absent.
    package var remote: Int?
    package var isRemotePending: Bool

    package init(memory: Int = 0, session: Int = 0, remote: Int? = nil, isRemotePending: Bool = false) {
        self.memory = memory
        self.session = session
        self.remote = remote
        self.isRemotePending = isRemotePending
    }
}
