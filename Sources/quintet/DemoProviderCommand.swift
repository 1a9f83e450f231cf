import ArgumentParser
import DemoProvider
import Logging
import ServiceLifecycle
import UnixSignals

/// `quintet demo-provider`: the demo provider alone, to point a gateway at.
struct DemoProviderCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo-provider",
        abstract: "Serve made-up answers over the OpenAI wire, to try a gateway without a real provider.")

    @Option(help: "Port to listen on, on 127.0.0.1; 0 takes any free one.")
    var port: Int = 0
    @Flag(help: "Also serve models that fail on purpose: fault-500, fault-429, fault-hang, fault-cut, …")
    var faults = false
    @Option(help: "Milliseconds between two tokens.")
    var tokenDelayMs: Int = 30

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port must be from 0 to 65535.") }
        guard (0...60_000).contains(tokenDelayMs) else {
            throw ValidationError("--token-delay-ms must be from 0 to 60000.")
        }
    }

    func run() async throws {
        try await ListeningPlace(host: "127.0.0.1", port: port).tryOrExplain()
        let logger = GatewayLog.logger(level: .info)
        let provider = DemoProvider(
            port: port, faults: faults, tokenDelay: .milliseconds(tokenDelayMs), logger: logger)
        let announcement = Announcement {
            let port = try await provider.port()
            // Whoever reads no more wants the provider all the same.
            try? Terminal.say("listening on http://127.0.0.1:\(port)")
            let models = DemoProvider.models + (faults ? DemoProvider.faultModels : [])
            for model in models { try? Terminal.say("  \(model.id): \(model.summary)") }
        }
        let group = ServiceGroup(
            services: [provider, announcement], gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        try await group.run()
    }
}

/// Says something once the services before it are up, and then waits with them.
struct Announcement: Service {
    let say: @Sendable () async throws -> Void

    func run() async throws {
        try await say()
        try? await gracefulShutdown()
    }
}
