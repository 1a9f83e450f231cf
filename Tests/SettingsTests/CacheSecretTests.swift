import Settings
import Testing

@Suite struct CacheSecretTests {
    private let directory = try! TemporaryDirectory()

    private func read(_ environment: [String: String] = [:]) throws(ConfigurationError) -> String? {
        try ServerSettings.read(flags: Flags(), environment: environment, directory: directory.path).cacheSecret?.reveal()
    }

    @Test func thereIsNoneUnlessItIsSet() throws {
        #expect(try read() == nil)
        #expect(try read(["QUINTET_CACHE_SECRET": ""]) == nil)
        let secret = String(repeating: "canary--", count: 4)
        #expect(try read(["QUINTET_CACHE_SECRET": secret]) == secret)
    }

    @Test func isTooLongToBeGuessedAndNeverShown() throws {
        let short = "is shorter than 32 characters. openssl rand -hex 32 makes a good one."
        let secret = String(String(repeating: "canary--", count: 4).dropLast())
        #expect(complaints(try read(["QUINTET_CACHE_SECRET": secret])) == ["QUINTET_CACHE_SECRET: \(short)"])
        try directory.write(#"{"cache_secret": "canary"}"#, to: "quintet.json")
        let misplaced = complaints(try read())
        #expect(misplaced.count == 1 && misplaced[0].contains("QUINTET_CACHE_SECRET") && !misplaced[0].contains("canary"))
    }
}
