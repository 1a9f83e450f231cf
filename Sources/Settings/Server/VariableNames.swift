/// Finds `QUINTET_…` variables that nobody reads: most are misspelt, and what they were to change would stay as it was.
package enum VariableNames {
    /// Read by the commands that ask a gateway, or by the tests of this repository.
    private static let others = ["QUINTET_CONFIG", "QUINTET_URL", "QUINTET_API_KEY", "QUINTET_BINARY"]
    private static let testPrefixes = ["QUINTET_TEST_", "QUINTET_LOAD_"]

    /// - Parameter models: may name variables of its own, for keys and switches.
    package static func check(_ environment: [String: String], models: ModelsFile) throws(ConfigurationError) {
        let known = Setting.allCases.map(\.variable) + others + models.providers.flatMap { $0.keyVariables + [$0.switchVariable].compactMap(\.self) }
        let problems = environment.sorted { $0.key < $1.key }.compactMap { name, value -> ConfigurationError.Problem? in
            guard name.hasPrefix("QUINTET_"), !value.isEmpty, !known.contains(name), !isOfOthers(name, value) else { return nil }
            return .init(name, "is no variable that Quintet reads.\(Spelling.suggestion(for: name, among: known))")
        }
        if let error = ConfigurationError(problems) { throw error }
    }

    /// Whether a test set it, or Kubernetes, which sets variables for every service, also for one called `quintet`.
    private static func isOfOthers(_ name: String, _ value: String) -> Bool {
        testPrefixes.contains { name.hasPrefix($0) } || value.hasPrefix("tcp://") || value.hasPrefix("udp://")
            || name.contains(/_SERVICE_(HOST|PORT)(_|$)/) || name.contains(/_PORT_[0-9]+_(TCP|UDP)/)
    }
}
