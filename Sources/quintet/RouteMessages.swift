import ArgumentParser
import Core
import NIOCore
import Settings
import Wire

/// `quintet route TEXT` and `quintet route --input FILE`.
struct RouteMessages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "message", abstract: "Route a message, or every line of a file (the default).")

    @OptionGroup var flags: SettingFlags
    @Option(help: "A file with a message a line: {\"id\": …, \"text\": …}.")
    var input: String?
    @Argument(help: "The message.")
    var text: [String] = []

    func validate() throws {
        guard (input == nil) != text.isEmpty else { throw ValidationError("Give a message, or --input FILE.") }
    }

    func run() async throws {
        let loading = try Loading.read(flags)
        // Where nobody is on, what 'quintet serve' would ask: the demo.
        let (catalogue, _) = try loading.catalogue(demoPort: loading.wantsDemo ? 0 : nil)
        guard let input else {
            return Terminal.say(Self.line(id: nil, text: text.joined(separator: " "), catalogue))
        }
        let lines = try Terminal.explained { () throws(ConfigurationError) in try JSONLines.read(Line.self, from: input) }
        for line in lines { Terminal.say(Self.line(id: line.id, text: line.text, catalogue)) }
    }

    private struct Line: JSONLine {
        static let shape = #"{"id": "…", "text": "…"}"#
        let id: String
        let text: String
    }

    /// Where a message would go, as a line of JSON.
    private static func line(id: String?, text: String, _ catalogue: Catalogue) -> String {
        var facts = RequestFacts(target: .auto, promptTokens: TokenEstimate.tokens(in: text))
        facts.text = text
        let plan = try? Planner(catalogue: catalogue, health: [], spread: 0).plan(facts)
        let line = JSONWriter.text {
            $0.object {
                if let id {
                    $0.key("id")
                    $0.string(id)
                }
                if let plan { $0.route(plan) } else { $0.route(catalogue.router.route(text), catalogue) }
            }
        }
        return String(buffer: line)
    }
}

extension JSONWriter {
    fileprivate mutating func route(_ plan: Plan) {
        agent(plan.agent, plan.routing)
        key("complexity")
        if let complexity = plan.complexity { number(complexity.score) } else { null() }
        key("class")
        string(orNull: plan.complexity?.tier.rawValue)
        key("model")
        string(orNull: plan.attempts.first?.model.name)
        key("reason")
        string(
            plan.attempts.first.map {
                Plan.explanation(
                    agent: plan.agent, routing: plan.routing, complexity: plan.complexity, model: $0.model, reason: $0.reason)
            } ?? "")
    }

    /// Where no model can be asked.
    fileprivate mutating func route(_ routing: AgentRouter.Routing?, _ catalogue: Catalogue) {
        let found = routing.map { catalogue.agents[$0.agentIndex] }
        agent(found, routing)
        key("complexity")
        null()
        key("class")
        null()
        key("model")
        null()
        key("reason")
        string([found.flatMap { routing?.explanation($0) }, "no model can be asked"].compactMap { $0 }.joined(separator: "; "))
    }

    private mutating func agent(_ agent: Agent?, _ routing: AgentRouter.Routing?) {
        key("agent")
        string(orNull: agent?.id)
        key("agent_confidence")
        if let routing { number((routing.confidence * 10_000).rounded() / 10_000) } else { null() }
    }

    private mutating func string(orNull value: String?) {
        if let value { string(value) } else { null() }
    }
}
