import ArgumentParser
import Settings

/// The settings that can be given as flags. Each can also come from `QUINTET_…` or from `quintet.json`.
struct SettingFlags: ParsableArguments {
    @Option(help: "Settings file (default: quintet.json, if it is there).")
    var config: String?
    @Option(help: "Address to listen on (default: 127.0.0.1).")
    var host: String?
    @Option(help: "Port to listen on; 0 takes any free one (default: 8080).")
    var port: Int?
    @Option(help: "Catalogue of providers and models (default: models.json).")
    var models: String?
    @Option(help: "Folder of the agents' profiles (default: agents).")
    var agents: String?
    @Option(help: "Folder of trained routing weights (default: the built-in ones).")
    var weights: String?
    @Option(help: "Folder for what the gateway keeps (default: .quintet).")
    var stateDir: String?
    @Option(help: "Threads that serve clients (default: one for two cores).")
    var loops: Int?
    @Option(help: "Seconds that running answers get when the gateway is stopped (default: 30).")
    var drainSeconds: Double?
    @Option(help: "trace, debug, info, notice, warning, error or critical (default: info).")
    var logLevel: String?

    var flags: Flags {
        var flags = Flags()
        flags.config = config
        flags.host = host
        flags.port = port
        flags.models = models
        flags.agents = agents
        flags.weights = weights
        flags.stateDirectory = stateDir
        flags.loops = loops
        flags.drainSeconds = drainSeconds
        flags.logLevel = logLevel
        return flags
    }
}
