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
        try Terminal.explained { () throws(ConfigurationError) in
            let environment = ProcessInfo.processInfo.environment
            let settings = try ServerSettings.read(flags: flags.flags, environment: environment)
            return Loading(
                settings: settings, models: try ModelsFile.read(path: settings.modelsPath),
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
        try Terminal.explained { () throws(ConfigurationError) in try built(demoPort: demoPort) }
    }

    /// A catalogue to choose by without calling anyone.
    ///
    /// - Parameters:
    ///   - models: this catalogue's file, or another one.
    ///   - used: providers that count as on whatever the environment says; where none is on, all count as on.
    ///   - costBias: in place of the file's, for all agents and keys.
    func offline(_ models: ModelsFile, used: Set<String>, costBias: Double?) throws(ConfigurationError) -> Catalogue {
        let demo: [CatalogueBuilder.Addition] = wantsDemo && used.contains("demo") ? [.demo(port: 0)] : []
        let inUse = models.environment(turningOn: used, beside: environment)
        let isAnyOn = !demo.isEmpty || models.isAnyProviderOn(environment: inUse)
        let catalogue = try CatalogueBuilder.build(
            models: models, agents: agents,
            agentModel: TrainedWeights.agentModel(directory: settings.weightsDirectory, agents: agents),
            complexityModel: TrainedWeights.complexityModel(directory: settings.weightsDirectory),
            environment: isAnyOn ? inUse : models.environment(turningOn: Set(models.providers.map(\.id)), beside: environment),
            adding: demo
        ).catalogue
        return costBias.map { catalogue.with(costBias: $0) } ?? catalogue
    }

    /// The catalogue and the providers' keys.
    ///
    /// - Parameter demoPort: where the demo provider listens, if it runs.
    func built(demoPort: Int?) throws(ConfigurationError) -> (catalogue: Catalogue, keys: [String: Secret]) {
        try CatalogueBuilder.build(
            models: models, agents: agents,
            agentModel: TrainedWeights.agentModel(directory: settings.weightsDirectory, agents: agents),
            complexityModel: TrainedWeights.complexityModel(directory: settings.weightsDirectory),
            environment: environment, adding: demoPort.map { [.demo(port: $0)] } ?? [])
    }
}
