import CWeights
import Core
import Foundation
import Settings

/// The trained weights: those in the binary, or those of a folder that the settings name.
enum TrainedWeights {
    static let agentsFile = "agents.weights"
    static let complexityFile = "complexity.weights"

    /// The agent router's model. Weights of a folder must be for agents that there are; built in ones serve those that they can.
    static func agentModel(directory: String?, agents: [Agent]) throws(ConfigurationError) -> AgentModel {
        let (bytes, place, mend) = try read(agentsFile, directory, UnsafeBufferPointer(start: qw_agents, count: qw_agents_size))
        do {
            let model = try AgentModel(Weights(decoding: bytes, kind: AgentModel.kind))
            let unplayed = AgentRouter(agents: agents, model: model).unplayedRoles
            if directory != nil, !unplayed.isEmpty {
                throw WeightsProblem(
                    "were trained for \(model.roles.joined(separator: ", ")), and agents/ has none who is "
                        + unplayed.joined(separator: ", "))
            }
            return model
        } catch {
            throw ConfigurationError(place, "the weights \(error). \(mend)")
        }
    }

    /// What weighs a prompt's signals. A folder without such weights leaves the built-in ones in force.
    static func complexityModel(directory: String?) throws(ConfigurationError) -> ComplexityModel {
        let isInFolder = directory.map { FileManager.default.fileExists(atPath: FilePaths.join($0, complexityFile)) } ?? false
        let (bytes, place, mend) = try read(
            complexityFile, isInFolder ? directory : nil, UnsafeBufferPointer(start: qw_complexity, count: qw_complexity_size))
        do {
            return try ComplexityModel(file: String(decoding: bytes, as: UTF8.self))
        } catch {
            throw ConfigurationError(place, "the weights \(error). \(mend)")
        }
    }

    /// A file's bytes, what to call it, and what to do when it is wrong.
    private static func read(
        _ name: String, _ directory: String?, _ builtIn: UnsafeBufferPointer<UInt8>
    ) throws(ConfigurationError) -> (bytes: [UInt8], place: String, mend: String) {
        guard let directory else {
            return (Array(builtIn), "built-in \(name)", "Build Quintet again from a clean checkout.")
        }
        let path = FilePaths.join(directory, name)
        let mend = "Train them again (quintet route train), or leave --weights out for the built-in ones."
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ConfigurationError(path, "there is no such file of weights that can be read. \(mend)")
        }
        return (Array(data), path, mend)
    }
}
