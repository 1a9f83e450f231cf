/// What answers can be invalidated by together.
///
/// The ways to make one keep apart what belongs to different tenants: no tenant's own tag can name another's answers.
package struct CacheTag: Sendable, Hashable {
    package let name: String

    /// A name that one of the functions below made, as it stands in a stored answer.
    package init(name: String) { self.name = name }

    /// Longest name, in bytes of UTF-8.
    package static let nameLimit = 512

    package static func agent(_ id: String) -> CacheTag { CacheTag(name: "agent:" + id) }
    package static func model(_ name: String) -> CacheTag { CacheTag(name: "model:" + name) }
    package static func tenant(_ id: String) -> CacheTag { CacheTag(name: "tenant:" + id) }
    package static func user(_ id: String, of tenant: String) -> CacheTag { CacheTag("user", tenant, id) }
    package static func session(_ id: String, of tenant: String) -> CacheTag { CacheTag("session", tenant, id) }
    /// A tag that a caller gave.
    package static func own(_ name: String, of tenant: String) -> CacheTag { CacheTag("own", tenant, name) }

    /// The tenant's length goes before it, so that no choice of names makes two different pairs alike.
    private init(_ kind: String, _ tenant: String, _ name: String) {
        self.name = "\(kind):\(tenant.utf8.count):\(tenant):\(name)"
    }

    /// About how many bytes it takes in memory: the string, its heap part where it is long, and its places in an index.
    package var footprint: Int { 96 + (name.utf8.count > 15 ? 32 + name.utf8.count : 0) }
}
