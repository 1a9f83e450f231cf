import ArgumentParser
import Foundation

/// Where a command finds the gateway. Keys come from the environment only: flags stand in shells' histories and in `ps`.
struct ClientFlags: ParsableArguments {
    @Option(
        help: "The gateway (default: QUINTET_URL, else http://127.0.0.1:8080). Its keys come from QUINTET_API_KEY and QUINTET_ADMIN_TOKEN.")
    var url: String?

    func target() throws(ClientFault) -> GatewayTarget {
        try GatewayTarget(url: url, environment: ProcessInfo.processInfo.environment)
    }
}

/// A gateway's address, and what to show it.
struct GatewayTarget: Sendable, Equatable {
    /// Without a slash at the end.
    let url: String
    private let apiKey: String?
    private let adminToken: String?

    static let standard = "http://127.0.0.1:8080"

    init(url: String?, environment: [String: String]) throws(ClientFault) {
        let given = url ?? Self.value("QUINTET_URL", environment) ?? Self.standard
        guard let parts = URLComponents(string: given), ["http", "https"].contains(parts.scheme), parts.host?.isEmpty == false,
            parts.query == nil, parts.fragment == nil, parts.user == nil, parts.password == nil
        else {
            throw ClientFault("'\(given.prefix(200))' is no gateway's URL. It looks like \(Self.standard).")
        }
        // SDKs are given the address with /v1, so people have that at hand.
        var base = given[...]
        while base.last == "/" { base.removeLast() }
        if base.hasSuffix("/v1") { base.removeLast(3) }
        while base.last == "/" { base.removeLast() }
        self.url = String(base)
        apiKey = Self.value("QUINTET_API_KEY", environment)
        adminToken = Self.value("QUINTET_ADMIN_TOKEN", environment)
    }

    private static func value(_ name: String, _ environment: [String: String]) -> String? {
        environment[name].map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// As whom a request is sent.
    enum Role: Sendable {
        /// With the API key, else the admin token.
        case client
        /// With the admin token, else the API key.
        case admin

        fileprivate var variable: String { self == .client ? "QUINTET_API_KEY" : "QUINTET_ADMIN_TOKEN" }
    }

    /// What goes into `Authorization: Bearer …`.
    func secret(for role: Role) -> String? {
        role == .client ? apiKey ?? adminToken : adminToken ?? apiKey
    }

    /// Whether it is asked as an admin, whose token is no tenant's.
    var hasOnlyAdminToken: Bool { apiKey == nil && adminToken != nil }

    // MARK: What can be wrong with it

    func unreachable(_ why: String) -> ClientFault {
        ClientFault("Nothing answers at \(url) (\(why)). Start a gateway with 'quintet serve', or name yours with --url or QUINTET_URL.")
    }

    func withoutTLS() -> ClientFault {
        ClientFault("What answers at \(url) answers without TLS. Use http://\(url.dropFirst("https://".count)).")
    }

    func untrusted(_ why: String) -> ClientFault {
        ClientFault("TLS with \(url) failed: \(why). Check the certificate that stands before the gateway.")
    }

    func foreign(_ what: String) -> ClientFault {
        ClientFault("What answers at \(url) is not a Quintet: \(what). Name yours with --url or QUINTET_URL.")
    }

    func refusal(status: Int, message: String, role: Role) -> ClientFault {
        let own = role == .client ? apiKey : adminToken
        // A client's key that an admin's route refuses is known, and no admin's.
        guard status == 401 || (status == 403 && role == .admin && own == nil) else { return ClientFault(message) }
        return ClientFault("\(message) \(own == nil ? "\(role.variable) is not set." : "Check \(role.variable).")")
    }
}
