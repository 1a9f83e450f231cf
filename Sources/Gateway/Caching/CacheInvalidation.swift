/// Which answers are to be forgotten.
package enum CacheInvalidation: Sendable, Hashable {
    /// The one with this cache key.
    case key(String)
    /// All with this tag.
    case tag(CacheTag)
    /// All whose key matches.
    case keys(Glob)
    case everything

    /// The tenant whose answers alone it can mean; nil where others' may be among them.
    package var owner: String? { if case .tag(let tag) = self { tag.owner } else { nil } }

    /// Whether it means the answer with this key and these tags.
    package func covers(key: String, tags: [CacheTag]) -> Bool {
        switch self {
        case .key(let wanted): wanted == key
        case .tag(let tag): tags.contains(tag)
        case .keys(let glob): glob.matches(key)
        case .everything: true
        }
    }

    /// The same of an answer that is not there yet: its agent and its model may turn out to be any.
    package func mayCover(key: String, tags: [CacheTag]) -> Bool {
        if case .tag(let tag) = self, tag.owner == nil { return true }
        return covers(key: key, tags: tags)
    }
}

/// How many answers an invalidation removed.
package struct CacheInvalidationReport: Sendable, Equatable {
    /// From this process's memory, and from its memory by session.
    package var memory: Int
    package var session: Int
    /// From the remote tier; nil where there is none, or it could not be reached. It is told again until it has done it,
    /// and until then its answers that the invalidation means count as absent.
    package var remote: Int?
    /// Whether the remote tier has not done it yet.
    package var isRemotePending: Bool

    package init(memory: Int = 0, session: Int = 0, remote: Int? = nil, isRemotePending: Bool = false) {
        self.memory = memory
        self.session = session
        self.remote = remote
        self.isRemotePending = isRemotePending
    }
}
