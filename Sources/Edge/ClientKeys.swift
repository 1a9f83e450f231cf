import Core
import Crypto
import NIOHTTP1

/// The keys that callers must show, and whose they are. Only digests are kept, so that a dump of the process tells none.
package struct ClientKeys: Sendable {
    /// The tenant of each key, by its digest.
    private let tenants: [SHA256.Digest: String]

    /// Who asks where no keys are needed.
    static let local = "local"

    /// - Parameter keys: none lets everybody in, which is only allowed on loopback.
    package init(_ keys: [String]) {
        tenants = Dictionary(keys.map { (Self.digest(of: $0), Self.tenant(of: $0)) }) { first, _ in first }
    }

    /// Whether everybody is let in.
    var isEmpty: Bool { tenants.isEmpty }

    /// Lets a request in and says whose it is, or what it lacks. A key comes as `Authorization: Bearer …`, or `x-api-key` as
    /// Anthropic's clients send it.
    @discardableResult
    func check(_ headers: HTTPHeaders) throws(GatewayError) -> String {
        guard !tenants.isEmpty else { return Self.local }
        guard let key = Self.key(in: headers) else {
            throw GatewayError(.invalidKey, .client, "No API key: send one as 'Authorization: Bearer <key>'.")
        }
        guard let tenant = tenants[Self.digest(of: key)] else {
            throw GatewayError(.invalidKey, .client, "This API key is not known to the gateway.")
        }
        return tenant
    }

    private static func digest(of key: some StringProtocol) -> SHA256.Digest { SHA256.hash(data: Array(key.utf8)) }

    /// A name that is the same on all replicas and says nothing of the key; not the digest's beginning, which callers could
    /// be found by.
    private static func tenant(of key: String) -> String {
        "key-" + Hexadecimal.text(Array(SHA256.hash(data: Array("quintet tenant \(key)".utf8)).prefix(8)))
    }

    /// What a request shows, if anything.
    static func key(in headers: HTTPHeaders) -> Substring? {
        if let value = headers.first(name: HeaderName.authorization), value.lowercased().hasPrefix("bearer ") {
            return value.dropFirst("bearer ".count).drop { $0 == " " }
        }
        return headers.first(name: "x-api-key").map { $0[...] }
    }
}
