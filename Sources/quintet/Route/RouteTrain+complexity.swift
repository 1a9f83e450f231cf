import Core
import Foundation
import Settings

/// The complexity's half of `quintet route train`.
extension RouteTrain {
    func trainComplexity(from directory: String) throws(ConfigurationError) {
        let benchmarks = try Self.benchmarks(in: directory)
        let training = ComplexityTraining()
        guard !evaluate else { return Self.show(training.leaveOneOut(benchmarks)) }
        let model = training.train(benchmarks)
        try write(Array(model.file.utf8), to: TrainedWeights.complexityFile)
        let prompts = benchmarks.reduce(0) { $0 + $1.examples.count }
        Terminal.say("trained the complexity on \(prompts) prompts of \(benchmarks.count) benchmarks; --evaluate says how good it is")
    }

    private static func benchmarks(in directory: String) throws(ConfigurationError) -> [ComplexityBenchmark] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        let files = names.filter { $0.hasSuffix(".csv") }.sorted()
        guard !files.isEmpty else {
            throw ConfigurationError(directory, "there is no .csv file to train from. Name a folder with benchmarks (docs/routing.md).")
        }
        var bar = ProgressBar(title: "complexity")
        var benchmarks: [ComplexityBenchmark] = []
        for (done, file) in files.enumerated() {
            let path = FilePaths.join(directory, file)
            guard let data = FileManager.default.contents(atPath: path) else {
                throw ConfigurationError(path, "it cannot be read.")
            }
            do {
                benchmarks.append(try ComplexityBenchmark(name: String(file.dropLast(4)), csv: Array(data)))
            } catch {
                throw ConfigurationError(path, "\(error).")
            }
            bar.show(Double(done + 1) / Double(files.count))
        }
        return ComplexityBenchmark.inFamilies(benchmarks)
    }

    private static func show(_ results: [(benchmark: ComplexityBenchmark, worth: RoutingWorth)]) {
        let width = results.map(\.benchmark.name.count).max() ?? 0
        func padded(_ text: String) -> String { text + String(repeating: " ", count: max(0, width - text.count)) }
        Terminal.say("\(padded("left out"))  family  prompts  gap     APGR")
        for (benchmark, worth) in results {
            let apgr = worth.apgr.map(rounded) ?? "-"
            Terminal.say(
                padded(benchmark.name)
                    + String(format: "  %6d  %7d  %.3f   ", benchmark.family, worth.count, worth.gap) + apgr)
        }
        let values = results.compactMap(\.worth.apgr)
        guard let least = values.min() else { return }
        Terminal.say("mean \(rounded(values.reduce(0, +) / Double(values.count))), least \(rounded(least)); random 0.500")
    }
}
