import ArgumentParser
import Core
import Foundation
import Settings

/// `quintet route train`.
struct RouteTrain: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train the router's weights again: the same data and profiles give the same bytes.",
        discussion: "Train one or both. Use the weights by 'quintet serve --weights DIR', or build them in (docs/routing.md).")

    @Option(help: "Questions whose agent is known, a line each: {\"text\": …, \"label\": …}.")
    var agents: String?
    @Option(help: "Folder of the agents' profiles.")
    var profiles: String = "agents"
    @Option(help: "Folder of benchmarks on which a weak and a strong model were compared, a .csv file each.")
    var complexity: String?
    @Flag(help: "Try the complexity's training: leave each benchmark out in turn, and write nothing.")
    var evaluate = false
    @Option(help: "Folder to write the weights to.")
    var out: String?

    func validate() throws {
        guard agents != nil || complexity != nil else { throw ValidationError("Give --agents FILE, --complexity DIR or both.") }
        guard !evaluate || agents == nil else {
            throw ValidationError("--evaluate goes with --complexity alone; --agents always says how good its weights are.")
        }
        guard evaluate || out != nil else { throw ValidationError("Give --out DIR to write the weights to.") }
    }

    func run() async throws {
        try Terminal.explained { () throws(ConfigurationError) in
            if let agents { try trainAgents(from: agents) }
            if let complexity { try trainComplexity(from: complexity) }
        }
    }

    private struct Line: JSONLine {
        static let shape = #"{"text": "…", "label": "…"}"#
        let text: String
        let label: String
    }

    private func trainAgents(from agents: String) throws(ConfigurationError) {
        let questions = try JSONLines.read(Line.self, from: agents).map { AgentTraining.Question(text: $0.text, label: $0.label) }
        let profiles = try AgentFiles.read(directory: profiles)
        var bar = ProgressBar(title: "agents")
        let outcome: AgentTraining.Outcome
        do {
            outcome = try AgentTraining().train(questions, agents: profiles) { bar.show($0) }
        } catch {
            throw ConfigurationError(agents, "the weights \(error).")
        }
        try write(outcome.weights.encoded(), to: TrainedWeights.agentsFile)
        let figures = outcome.heldOut
        Terminal.say(
            """
            trained for \(outcome.weights.labels.joined(separator: ", ")) on \(questions.count) questions
            on the \(figures.count) kept aside: accuracy \(Self.rounded(figures.accuracy)), \
            \(Self.rounded(figures.sureAccuracy)) where the probability is 0.7 or more (\(Self.rounded(figures.sureShare)) of them), \
            calibration error \(Self.rounded(figures.calibrationError)), temperature \(Self.rounded(Double(outcome.weights.temperature)))
            """)
    }

    static func rounded(_ number: Double) -> String { String(format: "%.3f", number) }

    func write(_ weights: [UInt8], to name: String) throws(ConfigurationError) {
        guard let out else { return }
        let path = FilePaths.join(out, name)
        do {
            try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: true)
            try Data(weights).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw ConfigurationError(path, "the weights cannot be written: \(error.localizedDescription). Choose another --out.")
        }
    }
}
