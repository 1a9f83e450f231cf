import Testing

@testable import quintet

/// Where commands find the gateway, and what they show it.
@Suite struct GatewayTargetTests {
    @Test(arguments: [
        (nil, [:], "http://127.0.0.1:8080"), (nil, ["QUINTET_URL": "http://a:1"], "http://a:1"),
        ("https://b", ["QUINTET_URL": "http://a:1"], "https://b"), ("http://b/", [:], "http://b"), ("http://b/v1", [:], "http://b"),
        ("http://b/v1/", [:], "http://b"), ("http://b/gate/v1", [:], "http://b/gate"), (nil, ["QUINTET_URL": " "], "http://127.0.0.1:8080"),
        ("http://[::1]:8080", [:], "http://[::1]:8080"),
    ] as [(String?, [String: String], String)])
    func readsTheAddress(url: String?, environment: [String: String], read: String) throws {
        #expect(try GatewayTarget(url: url, environment: environment).url == read)
    }

    @Test(arguments: ["", "b", "localhost:8080", "ftp://b", "http://", "http://b?x=1", "http://me:secret@b", "http://b/#x"])
    func refusesWhatIsNoAddress(url: String) { #expect(throws: ClientFault.self) { try GatewayTarget(url: url, environment: [:]) } }

    @Test func showsTheSecretThatFits() throws {
        func secrets(_ environment: [String: String]) throws -> [String?] {
            let target = try GatewayTarget(url: nil, environment: environment)
            return [target.secret(for: .client), target.secret(for: .admin)]
        }
        #expect(try secrets([:]) == [nil, nil])
        #expect(try secrets(["QUINTET_API_KEY": "k\n"]) == ["k", "k"])
        #expect(try secrets(["QUINTET_ADMIN_TOKEN": "t"]) == ["t", "t"])
        #expect(try secrets(["QUINTET_API_KEY": "k", "QUINTET_ADMIN_TOKEN": "t"]) == ["k", "t"])
    }

    @Test func saysWhichVariableIsMissing() throws {
        let without = try GatewayTarget(url: nil, environment: [:])
        #expect(without.refusal(status: 401, message: "No.", role: .admin).description == "No. QUINTET_ADMIN_TOKEN is not set.")
        let with = try GatewayTarget(url: nil, environment: ["QUINTET_API_KEY": "k"])
        #expect(with.refusal(status: 401, message: "No.", role: .client).description == "No. Check QUINTET_API_KEY.")
        #expect(with.refusal(status: 403, message: "No.", role: .admin).description == "No. QUINTET_ADMIN_TOKEN is not set.")
        let admin = try GatewayTarget(url: nil, environment: ["QUINTET_ADMIN_TOKEN": "t"])
        #expect(admin.refusal(status: 401, message: "No.", role: .client).description == "No. QUINTET_API_KEY is not set.")
        #expect(admin.refusal(status: 403, message: "No.", role: .admin).description == "No.")
        #expect(with.refusal(status: 404, message: "No.", role: .client).description == "No.")
    }
}
