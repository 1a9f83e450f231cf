@testable import Settings
import Testing

/// Which `QUINTET_…` variables are refused.
@Suite struct VariableNameTests {
    private func complaints(_ environment: [String: String]) throws -> [String] {
        let models = try ModelsFile.parse(
            #"""
            {"providers": {"p": {"api": "openai", "base_url": "http://127.0.0.1:1/v1", "enabled_env": "QUINTET_MINE"}},
             "models": {"m": {"deployments": [{"provider": "p", "model": "x"}]}}}
            """#, path: "models.json")
        do {
            try VariableNames.check(environment, models: models)
            return []
        } catch { return error.problems.map(\.description) }
    }

    @Test func aMisspeltNameIsRefused() throws {
        #expect(
            try complaints(["QUINTET_PROT": "1", "QUINTET_LOGLEVEL": "info"]) == [
                "QUINTET_LOGLEVEL: is no variable that Quintet reads. Did you mean 'QUINTET_LOG_LEVEL'?",
                "QUINTET_PROT: is no variable that Quintet reads. Did you mean 'QUINTET_PORT'?",
            ])
    }

    @Test(arguments: [
        ("QUINTET_PORT", "1"), ("QUINTET_CONFIG", "x"), ("QUINTET_URL", "http://x"), ("QUINTET_API_KEY", "k"), ("QUINTET_MINE", "1"),
        ("QUINTET_TEST_X", "1"), ("QUINTET_LOAD_SECONDS", "1"), ("QUINTET_PROT", ""), ("PROT", "1"),
        ("QUINTET_SERVICE_HOST", "10.0.0.1"), ("QUINTET_SERVICE_PORT_HTTP", "80"), ("QUINTET_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("QUINTET_WEB_PORT", "tcp://10.0.0.1:80"),
    ])
    func whatSomebodyReadsIsNot(name: String, value: String) throws { #expect(try complaints([name: value]) == []) }
}
