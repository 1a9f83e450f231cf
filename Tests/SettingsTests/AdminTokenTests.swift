import Settings
import Testing

@Suite struct AdminTokenTests {
    private let directory = try! TemporaryDirectory()

    private func read(_ environment: [String: String] = [:]) throws(ConfigurationError) -> String? {
        try ServerSettings.read(flags: Flags(), environment: environment, directory: directory.path).adminToken?.reveal()
    }

    @Test func thereIsNoneUnlessItIsSet() throws {
        #expect(try read() == nil)
        #expect(try read(["QUINTET_ADMIN_TOKEN": ""]) == nil)
    }

    @Test func isNoClientsKey() throws {
        let both = ["QUINTET_ADMIN_TOKEN": "0123456789abcdef", "QUINTET_API_KEYS": "other,0123456789abcdef"]
        #expect(complaints(try read(both)) == ["QUINTET_ADMIN_TOKEN: is a client key as well, so that every client would be an admin. Make another."])
    }

    @Test func isLongEnoughAndFitForAHeader() throws {
        let short = "is shorter than 16 characters. openssl rand -hex 32 makes a good one."
        #expect(complaints(try read(["QUINTET_ADMIN_TOKEN": "canary"])) == ["QUINTET_ADMIN_TOKEN: \(short)"])
        let odd = complaints(try read(["QUINTET_ADMIN_TOKEN": "canary-canary-canary\u{7}"]))
        #expect(odd.count == 1 && odd[0].hasPrefix("QUINTET_ADMIN_TOKEN: ") && !odd[0].contains("canary"))
    }
}
