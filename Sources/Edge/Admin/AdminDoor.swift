import Core
import Foundation
import NIOHTTP1

/// Who may look at admin pages, and who may act on them. Its paths are not behind the client keys' check.
struct AdminDoor: Sendable {
    /// What is behind this door, with all below it.
    static let prefixes = ["/ai/circuit-breaker", "/api/ai/circuit-breaker"]

    let keys: ClientKeys
    let token: AdminToken

    /// Lets in who shows a client key or the admin token; everybody where the gateway has no client keys, as it is then
    /// only to be reached from its own machine.
    ///
    /// Browsers ask a person for a name and a password (`Basic`); the password is the token or a key, the name is free.
    func checkReader(_ headers: HTTPHeaders) throws(GatewayError) {
        var headers = headers
        if let password = Self.basicPassword(in: headers) {
            headers.replaceOrAdd(name: HeaderName.authorization, value: "Bearer \(password)")
        }
        do throws(GatewayError) { try token.check(headers) } catch { try keys.check(headers) }
    }

    /// Lets in who shows the admin token itself.
    func checkActor(_ headers: HTTPHeaders) throws(GatewayError) { try token.check(headers) }

    /// Lets in who shows the admin token; everybody where the gateway has neither a token nor client keys.
    func checkOverview(_ headers: HTTPHeaders) throws(GatewayError) {
        if token.isSet || !keys.isEmpty { try token.check(headers) }
    }

    /// Whether an admin or a client asks, or what a request that is neither's lacks.
    func checkCaller(_ headers: HTTPHeaders) throws(GatewayError) -> Caller {
        do throws(GatewayError) { try token.check(headers) } catch {
            return .client(tenant: try keys.check(headers))
        }
        return .admin
    }

    enum Caller: Sendable, Equatable {
        case admin
        case client(tenant: String)

        var tenant: String { client ?? ClientKeys.local }
        /// nil for an admin.
        var client: String? { if case .client(let tenant) = self { tenant } else { nil } }
    }

    /// `Basic` is the base64 of `name:password` (RFC 7617).
    private static func basicPassword(in headers: HTTPHeaders) -> String? {
        guard let value = headers.first(name: HeaderName.authorization), value.lowercased().hasPrefix("basic "),
            let decoded = Data(base64Encoded: value.dropFirst("basic ".count).trimmingCharacters(in: .whitespaces))
        else { return nil }
        let pair = String(decoding: decoded, as: UTF8.self)
        return pair.firstIndex(of: ":").map { String(pair[pair.index(after: $0)...]) }
    }
}

extension Response {
    /// A refusal at the admins' door. `scheme` is how to come in: `Basic` makes a browser ask, `Bearer` does not.
    init(refusal: GatewayError, asking scheme: String) {
        self.init(error: refusal)
        if refusal.code == .invalidKey {
            headers.add(name: "www-authenticate", value: "\(scheme) realm=\"Quintet\", charset=\"UTF-8\"")
        }
    }
}
