package import Core
import Foundation

/// How the server runs. Each setting comes from its flag, else its `QUINTET_*` variable, else `quintet.json`, else a default.
package struct ServerSettings: Sendable, Equatable {
    package enum LogLevel: String, Sendable, CaseIterable { case trace, debug, info, notice, warning, error, critical }

    package let host: String
    /// 0 takes any free one.
    package let port: Int
    package let modelsPath: String
    /// Whether someone named the models file; otherwise it is the shipped one.
    package let isModelsPathExplicit: Bool
    package let agentsDirectory: String
    /// Of trained routing weights; nil for those in the binary.
    package let weightsDirectory: String?
    package let stateDirectory: String
    /// NIO event loops; the other cores are for libcurl's engine and the work between.
    package let loops: Int
    package let maxBodyBytes: Int
    /// How long running requests may take to end once the server stops.
    package let drainTimeout: Duration
    /// How long a request's head may take to arrive.
    package let headTimeout: Duration
    package let bodyTimeout: Duration
    /// How long a connection may lie idle between requests.
    package let idleTimeout: Duration
    package let maxConnections: Int
    package let logLevel: LogLevel
    /// Keys that clients must show; empty for none, which only a loopback host may have.
    package let clientKeys: [Secret]
    /// What admins must show to act; nil lets nobody.
    package let adminToken: Secret?
    /// What the tenants' cache secrets are derived from; nil takes the state directory's own.
    package let cacheSecret: Secret?
    /// The Redis that the cache shares with other processes; nil for none.
    package let redis: RedisAddress?
    package let cache: CacheSettings

    /// Reads and checks all settings; the error holds every problem found. `directory` is what relative paths and
    /// `quintet.json` are looked for in.
    package static func read(
        flags: Flags, environment: [String: String], directory: String = ".",
        cores: Int = ProcessInfo.processInfo.activeProcessorCount
    ) throws(ConfigurationError) -> ServerSettings {
        let file = try SettingsFile.read(flags: flags, environment: environment, directory: directory)
        let reader = SettingReader(flags: flags, environment: environment, file: file)
        let settings = ServerSettings(reader, environment: environment, directory: directory, cores: cores)
        try reader.problems.check()
        return settings
    }

    private init(_ reader: SettingReader, environment: [String: String], directory: String, cores: Int) {
        let models = reader.path(.models, default: "models.json", directory: directory)
        modelsPath = models.value
        isModelsPathExplicit = models.source != nil
        agentsDirectory = reader.path(.agents, default: "agents", directory: directory).value
        let weights = reader.path(.weights, default: "", directory: directory)
        weightsDirectory = weights.source == nil ? nil : weights.value
        stateDirectory = reader.path(.stateDirectory, default: ".quintet", directory: directory).value
        port = reader.integer(.port, in: 0...65_535, default: 8080)
        loops = reader.integer(.loops, in: 1...256, default: max(1, min(256, cores / 2)))
        maxBodyBytes = reader.integer(.maxBodyBytes, in: 1024...1 << 30, default: 20 << 20)
        drainTimeout = reader.seconds(.drainSeconds, from: 0, default: 30)
        headTimeout = reader.seconds(.headSeconds, from: 0.1, default: 10)
        bodyTimeout = reader.seconds(.bodySeconds, from: 0.1, default: 60)
        idleTimeout = reader.seconds(.idleSeconds, from: 0.1, default: 75)
        maxConnections = reader.integer(.maxConnections, in: 1...1_000_000, default: 10_000)
        logLevel = reader.choice(.logLevel, default: .info)
        let keys = ClientKeys.read(reader, directory: directory)
        clientKeys = keys ?? []
        adminToken = Self.secret(.adminToken, ofAtLeast: 16, reader)
        cacheSecret = Self.secret(.cacheSecret, ofAtLeast: 32, reader)
        redis = RedisVariables(environment).address(problems: reader.problems)
        cache = CacheSettings(reader)
        host = Self.host(reader, isKeyless: keys == [])
    }

    private static func secret(_ setting: Setting, ofAtLeast characters: Int, _ reader: SettingReader) -> Secret? {
        guard let found = reader.text(setting) else { return nil }
        do {
            let secret = try Secret(found.value, from: setting.variable)
            if found.value.utf8.count >= characters { return secret }
            reader.note(setting, found.source, "is shorter than \(characters) characters. openssl rand -hex 32 makes a good one.")
        } catch { reader.problems.note(error) }
        return nil
    }

    /// The host to listen on, without brackets. Others may reach it only with client keys.
    private static func host(_ reader: SettingReader, isKeyless: Bool) -> String {
        guard let found = reader.text(.host) else { return "127.0.0.1" }
        var host = found.value
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        if let message = mistake(inHost: host) {
            reader.note(.host, found.source, message)
        } else if isKeyless, !Loopback.contains(host) {
            reader.note(
                .host, found.source,
                "\(host) can be reached from other machines, and there are no client keys. Set QUINTET_API_KEYS "
                    + "(openssl rand -hex 32 makes a key), or listen on 127.0.0.1.")
        }
        return host
    }

    private static func mistake(inHost host: String) -> String? {
        if host.isEmpty { return "must not be empty. 127.0.0.1 is this machine only, 0.0.0.0 all its networks." }
        if host.contains("/") { return "must be a host alone, without http:// or a path." }
        if host.count(where: { $0 == ":" }) == 1 { return "must be a host alone. Give the port by --port or QUINTET_PORT." }
        let isPlain = host.consists(of: NameCharacters.visible) && host.utf8.count <= 253
        return isPlain ? nil : "is no host name or address."
    }
}
