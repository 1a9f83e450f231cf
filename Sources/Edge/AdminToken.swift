import Core
import Crypto
import NIOHTTP1

/// The token that an admin's acts must show. Only its digest is kept, and digests are compared in constant time.
package struct AdminToken: Sendable {
    private let digest: SHA256.Digest?

    /// - Parameter token: nil for none, which turns the admin's acts off.
    package init(_ token: String?) {
        digest = token.map { SHA256.hash(data: Array($0.utf8)) }
    }

    /// Lets an admin's request in, or says what it lacks: `Authorization: Bearer …` with the token.
    func check(_ headers: HTTPHeaders) throws(GatewayError) {
        guard let digest else {
            throw GatewayError(
                .adminOff, .client,
                "Admin acts are off: no token is set. Set QUINTET_ADMIN_TOKEN (openssl rand -hex 32 makes one), start the gateway again, and send it as 'Authorization: Bearer <token>'."
            )
        }
        guard let shown = ClientKeys.key(in: headers) else {
            throw GatewayError(.invalidKey, .client, "No admin token: send it as 'Authorization: Bearer <token>'.")
        }
        guard SHA256.hash(data: Array(shown.utf8)) == digest else {
            throw GatewayError(.invalidKey, .client, "This is not the admin token.")
        }
    }
}
