import Configuration

/// A setting of the server; the raw value is its key in `quintet.json`.
///
/// Its flag and its variable follow from the key: `state_dir`, `--state-dir`, `QUINTET_STATE_DIR`.
enum Setting: String, CaseIterable {
    case host, port, models, agents, weights
    case stateDirectory = "state_dir"
    case loops
    case maxBodyBytes = "max_body_bytes"
    case drainSeconds = "drain_seconds"
    case headSeconds = "head_seconds"
    case bodySeconds = "body_seconds"
    case idleSeconds = "idle_seconds"
    case maxConnections = "max_connections"
    case logLevel = "log_level"
    /// Which requests the cache is for, who shares its answers, and how large its tiers are.
    case cache
    case cacheScope = "cache_scope"
    case cacheEntries = "cache_entries"
    case cacheBytes = "cache_bytes"
    case cacheSeconds = "cache_seconds"
    case cacheSessionEntries = "cache_session_entries"
    case cachePace = "cache_tokens_per_second"
    /// A file of client keys; no flag, so that all that is about keys stands in one of two places.
    case apiKeysFile = "api_keys_file"
    /// The client keys themselves: only as a variable. Flags are visible to every user of the machine.
    case apiKeys = "api_keys"
    /// What admins show to act; only as a variable, too.
    case adminToken = "admin_token"
    /// What the tenants' cache secrets are derived from; only as a variable, too.
    case cacheSecret = "cache_secret"

    /// Never in a flag or the settings file, and never shown.
    var isSecret: Bool { self == .apiKeys || self == .adminToken || self == .cacheSecret }

    enum Kind { case text, integer, number }

    var kind: Kind {
        switch self {
        case .host, .models, .cache, .cacheScope, .agents, .weights, .stateDirectory, .logLevel, .apiKeysFile, .apiKeys, .adminToken, .cacheSecret:
            .text
        case .port, .loops, .maxBodyBytes, .maxConnections, .cacheEntries, .cacheBytes, .cacheSeconds, .cacheSessionEntries: .integer
        case .drainSeconds, .headSeconds, .bodySeconds, .idleSeconds, .cachePace: .number
        }
    }

    /// Prefix of all variables, as a key of swift-configuration.
    static let prefix = "quintet"
    var flag: String { "--" + rawValue.replacing("_", with: "-") }
    var variable: String { "\(Self.prefix)_\(rawValue)".uppercased() }
}

extension Flags {
    /// What was given, by setting.
    var values: [(setting: Setting, content: ConfigContent)] {
        let texts: [(Setting, String?)] = [
            (.host, host), (.models, models), (.agents, agents), (.weights, weights), (.stateDirectory, stateDirectory),
            (.logLevel, logLevel),
        ]
        let integers: [(Setting, Int?)] = [
            (.port, port), (.loops, loops), (.maxBodyBytes, maxBodyBytes), (.maxConnections, maxConnections),
        ]
        let numbers: [(Setting, Double?)] = [
            (.drainSeconds, drainSeconds), (.headSeconds, headSeconds), (.bodySeconds, bodySeconds),
            (.idleSeconds, idleSeconds),
        ]
        return texts.compactMap { setting, text in text.map { (setting, .string($0)) } }
            + integers.compactMap { setting, integer in integer.map { (setting, .int($0)) } }
            + numbers.compactMap { setting, number in number.map { (setting, .double($0)) } }
    }
}
