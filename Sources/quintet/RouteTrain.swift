import ArgumentParser
import Core
import Foundation
import Settings

/// `quintet route train`.
struct RouteTrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train the router's weights again: the same data and profiles give the same bytes.",
        discussion: "Use the weights by 'quintet serve --weights DIR', or build them in (docs/routing.md).")

    @Option(help: "Questions whose agent is known, a line each: {\"text\": …, \"label\": …}.")
    var agents: String
    @Option(help: "Folder of the agents' profiles.")
    var profiles: String = "agents"
    @Option(help: "Folder to write the weights to.")
    var out: String

    func run() async throws {
        try Terminal.explained { () throws(ConfigurationError) in
            try trainAgents()
        }
    }

    private struct Line: JSONLine {
        static let shape = #"{"text": "…", "label": "…"}"#
        let text: String
        let label: String
    }

    private func trainAgents() throws(ConfigurationError) {
        let questions = try JSONLines.read(Line.self, from: agents).map { AgentTraining.Question(text: $0.text, label: $0.label) }
        let profiles = try AgentFiles.read(directory: profiles)
        var bar = ProgressBar(title: "agents")
        let outcome: AgentTraining.Outcome
        do {
            outcome = try AgentTraining().train(questions, agents: profiles) { bar.show($0) }
        } catch {
            throw ConfigurationError(agents, "the weights \(error).")
        }
        try write(outcome.weights, to: TrainedWeights.agentsFile)
        let figures = outcome.heldOut
        Terminal.say(
            """
            trained for \(outcome.weights.labels.joined(separator: ", ")) on \(questions.count) questions
            on the \(figures.count) kept aside: accuracy \(Self.rounded(figures.accuracy)), \
            \(Self.rounded(figures.sureAccuracy)) where the probability is 0.7 or more (\(Self.rounded(figures.sureShare)) of them), \
            calibration error \(Self.rounded(figures.calibrationError)), temperature \(Self.rounded(Double(outcome.weights.temperature)))
            """)
    }

    private static func rounded(_ number: Double) -> String { String(format: "%.3f", number) }

    private func write(_ weights: Weights, to name: String) throws(ConfigurationError) {
        let path = FilePaths.join(out, name)
        do {
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
            try Data(weights.encoded()).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw ConfigurationError(path, "the weights cannot be written: \(error.localizedDescription). Choose another --out.")
        }
    }
}
