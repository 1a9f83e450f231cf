import ArgumentParser
import Core
import DemoProvider
import Foundation
import Settings

/// Everything read and checked, before anything runs.
struct Loading {
    let settings: ServerSettings
    let models: ModelsFile
    let agents: [Agent]
    private let environment: [String: String]

    /// Reads the settings, the catalogue and the agents.
    static func read(_ flags: SettingFlags) throws -> Loading {
        try explained { () throws(ConfigurationError) in
            let environment = ProcessInfo.processInfo.environment
            let settings = try ServerSettings.read(flags: flags.flags, environment: environment)
            let models = try ModelsFile.read(path: settings.modelsPath)
            try VariableNames.check(environment, models: models)
            return Loading(
                settings: settings, models: models,
                agents: try AgentFiles.read(directory: settings.agentsDirectory), environment: environment)
        }
    }

    /// Reads the catalogue and the agents once more, under the same settings.
    func again() throws(ConfigurationError) -> Loading {
        Loading(
            settings: settings, models: try ModelsFile.read(path: settings.modelsPath),
            agents: try AgentFiles.read(directory: settings.agentsDirectory), environment: environment)
    }

    private init(settings: ServerSettings, models: ModelsFile, agents: [Agent], environment: [String: String]) {
        self.settings = settings
        self.models = models
        self.agents = agents
        self.environment = environment
    }

    /// Without any provider that is on there is nothing to serve but the demo, unless a catalogue was named on purpose.
    var wantsDemo: Bool { !settings.isModelsPathExplicit && !models.isAnyProviderOn(environment: environment) }

    /// The catalogue and the providers' keys, or the end of the command.
    func catalogue(demoPort: Int?) throws -> (catalogue: Catalogue, keys: [String: Secret]) {
        try Self.explained { () throws(ConfigurationError) in try built(demoPort: demoPort) }
    }

    /// The catalogue and the providers' keys.
    ///
    /// - Parameter demoPort: where the demo provider listens, if it runs.
    func built(demoPort: Int?) throws(ConfigurationError) -> (catalogue: Catalogue, keys: [String: Secret]) {
        try CatalogueBuilder.build(
            models: models, agents: agents, environment: environment, adding: demoPort.map { [.demo(port: $0)] } ?? [])
    }

    /// On a mistake in the configuration says what is wrong and how to mend it, and ends the command with status 1.
    private static func explained<Result>(_ body: () throws(ConfigurationError) -> Result) throws -> Result {
        do { return try body() } catch {
            Terminal.complain("\(error)")
            throw ExitCode.failure
        }
    }
}
