import Core
import Crypto
import NIOHTTP1

/// The keys that callers must show. Only digests are kept, so that a dump of the process tells none.
package struct ClientKeys: Sendable {
    private let digests: Set<SHA256.Digest>

    /// - Parameter keys: none lets everybody in, which is only allowed on loopback.
    package init(_ keys: [String]) {
        digests = Set(keys.map { SHA256.hash(data: Array($0.utf8)) })
    }

    /// Whether everybody is let in.
    var isEmpty: Bool { digests.isEmpty }

    /// Lets a request in, or says what it lacks. A key comes as `Authorization: Bearer …`, or `x-api-key` as
    /// Anthropic's clients send it.
    func check(_ headers: HTTPHeaders) throws(GatewayError) {
        guard !digests.isEmpty else { return }
        guard let key = Self.key(in: headers) else {
            throw GatewayError(.invalidKey, .client, "No API key: send one as 'Authorization: Bearer <key>'.")
        }
        guard digests.contains(SHA256.hash(data: Array(key.utf8))) else {
            throw GatewayError(.invalidKey, .client, "This API key is not known to the gateway.")
        }
    }

    /// What a request shows, if anything.
    static func key(in headers: HTTPHeaders) -> Substring? {
        if let value = headers.first(name: HeaderName.authorization), value.lowercased().hasPrefix("bearer ") {
            return value.dropFirst("bearer ".count).drop { $0 == " " }
        }
        return headers.first(name: "x-api-key").map { $0[...] }
    }
}
