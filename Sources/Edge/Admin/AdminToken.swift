import Core
import Crypto
import NIOHTTP1

/// What admins must show to act. Only its digest is kept, so that a dump of the process does not tell it.
package struct AdminToken: Sendable {
    private let digest: SHA256.Digest?

    /// - Parameter secret: none lets nobody act.
    package init(secret: String?) {
        digest = secret.map { SHA256.hash(data: Array($0.utf8)) }
    }

    /// Whether anybody can act at all.
    var isSet: Bool { digest != nil }

    /// The beginning of its digest: tells in an audit log which token it was, and not what it is.
    var fingerprint: String {
        digest.map { Hexadecimal.text(Array($0.prefix(4))) } ?? "none"
    }

    /// Lets a request in that shows the token as `Authorization: Bearer …`, or says what it lacks: nothing that a browser
    /// sends by itself (Basic, cookies) counts, so no other site can act in an admin's name.
    func check(_ headers: HTTPHeaders) throws(GatewayError) {
        guard let digest else {
            throw GatewayError(
                .adminOff, .client,
                "This gateway has no admin token. Set QUINTET_ADMIN_TOKEN (openssl rand -hex 32 makes one) and start it again.")
        }
        guard let value = headers.first(name: HeaderName.authorization), value.lowercased().hasPrefix("bearer ") else {
            throw GatewayError(.invalidKey, .client, "No admin token: send it as 'Authorization: Bearer <token>'.")
        }
        let shown = value.dropFirst("bearer ".count).drop { $0 == " " }
        // Digests compare in constant time.
        guard SHA256.hash(data: Array(shown.utf8)) == digest else {
            throw GatewayError(.invalidKey, .client, "This is not the admin token of this gateway.")
        }
    }
}
