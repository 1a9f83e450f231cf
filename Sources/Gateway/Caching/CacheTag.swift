/// What answers can be invalidated by together.
///
/// The ways to make one keep apart what belongs to different tenants: no tenant's own tag can name another's answers.
package struct CacheTag: Sendable, Hashable {
    /// The kind, whose it is, and the name: `agent:dev`, `user:4:acme:ann`.
    package let name: String

    /// A name that one of the functions below made, as it stands in a stored answer.
    package init(name: String) { self.name = name }

    /// Longest name, in bytes of UTF-8.
    package static let nameLimit = 512

    /// All answers of an agent, of any tenant.
    package static func agent(_ id: String) -> CacheTag { CacheTag(name: "agent:" + id) }
    /// All answers of a model, of any tenant.
    package static func model(_ name: String) -> CacheTag { CacheTag(name: "model:" + name) }
    /// All answers of a tenant.
    package static func tenant(_ id: String) -> CacheTag { CacheTag(name: "tenant:" + id) }
    /// The answers to one of a tenant's users.
    package static func user(_ id: String, of tenant: String) -> CacheTag { CacheTag("user", tenant, id) }
    /// The answers in one of a tenant's sessions.
    package static func session(_ id: String, of tenant: String) -> CacheTag { CacheTag("session", tenant, id) }
    /// A tag that a caller gave.
    package static func own(_ name: String, of tenant: String) -> CacheTag { CacheTag("own", tenant, name) }

    /// The tenant's length goes before it, so that no choice of names makes two different pairs alike.
    private init(_ kind: String, _ tenant: String, _ name: String) {
        self.name = "\(kind):\(tenant.utf8.count):\(tenant):\(name)"
    }

    /// The tenant whose answers alone can have it; nil for an agent's and a model's, which any tenant's may have.
    package var owner: String? {
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "tenant": return String(parts[1])
        case "user", "session", "own":
            guard let end = parts[1].firstIndex(of: ":"), let length = Int(parts[1][..<end]), length >= 0 else { return nil }
            return String(Substring(parts[1][end...].utf8.dropFirst().prefix(length)))
        default: return nil
        }
    }

    /// About how many bytes it takes in memory: the string, its heap part where it is long, and its places in an index.
    package var footprint: Int { 96 + (name.utf8.count > 15 ? 32 + name.utf8.count : 0) }
}
