import ArgumentParser
import Core
import Foundation
import Settings

/// `quintet route price`.
struct RoutePrice: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "price",
        abstract: "Say what recorded requests would have cost under another policy, without calling anyone.",
        discussion: """
            The file is the gateway's log, or has the body of a chat-completions request a line. Providers count as on that are on here or \
            that the log shows answering; where there are none, all do.
            """)

    @OptionGroup var flags: SettingFlags
    @Option(help: "The recorded requests.")
    var log: String
    @Option(help: "Another catalogue (a models.json) to choose and price by.")
    var policy: String?
    @Option(help: "Another cost_bias, 0 to 1, for all agents and keys.")
    var costBias: Double?

    func validate() throws {
        guard policy != nil || costBias != nil else { throw ValidationError("Give --policy FILE, --cost-bias N or both.") }
        if let costBias, !(0...1).contains(costBias) { throw ValidationError("--cost-bias must be from 0 to 1.") }
    }

    func run() async throws {
        let loading = try Loading.read(flags)
        let comparison = try Terminal.explained { () throws(ConfigurationError) in try replay(loading) }
        for (number, why) in comparison.badLines { Terminal.complain("\(log):\(number): \(why)") }
        guard comparison.requests > 0 else {
            Terminal.complain("\(log) has no request that can be replayed.")
            throw ExitCode.failure
        }
        for line in comparison.lines { Terminal.say(line) }
        if comparison.bad > 0 {
            Terminal.complain("\(comparison.bad) lines cannot be read and were left out.")
            throw ExitCode.failure
        }
    }

    private func replay(_ loading: Loading) throws(ConfigurationError) -> PolicyComparison {
        guard let data = try? Data(contentsOf: URL(filePath: log), options: .mappedIfSafe) else {
            throw ConfigurationError(log, "there is no such file that can be read.")
        }
        let lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .filter { !$0.element.allSatisfy { " \t\r".utf8.contains($0) } }
            .map { (number: $0.offset + 1, line: RecordedRequest.read($0.element)) }
        let used = Set(lines.compactMap { _, line in if case .request(let request) = line { request.provider } else { nil } })
        let other = try policy.map { path throws(ConfigurationError) in try ModelsFile.read(path: path) } ?? loading.models
        var comparison = PolicyComparison(
            inForce: try loading.offline(loading.models, used: used, costBias: nil),
            instead: try loading.offline(other, used: used, costBias: costBias))
        for (number, line) in lines { comparison.add(line, number: number) }
        return comparison
    }
}
