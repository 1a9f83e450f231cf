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
    @Flag(help: "List every candidate, and why it was taken or passed over.")
    var candidates = false
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
            return Terminal.say(line(id: nil, text: text.joined(separator: " "), catalogue))
        }
        let lines = try Terminal.explained { () throws(ConfigurationError) in try JSONLines.read(Line.self, from: input) }
        for line in lines { Terminal.say(self.line(id: line.id, text: line.text, catalogue)) }
    }

    private struct Line: JSONLine {
        static let shape = #"{"id": "…", "text": "…"}"#
        let id: String
        let text: String
    }

    /// Where a message would go, as a line of JSON.
    private func line(id: String?, text: String, _ catalogue: Catalogue) -> String {
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
                if candidates, let plan { $0.candidates(plan) }
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
                    agent: plan.agent, routing: plan.routing, complexity: plan.complexity, model: $0.model.name, reason: $0.reason)
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

    /// Every candidate, and why it was taken or passed over.
    fileprivate mutating func candidates(_ plan: Plan) {
        key("candidates")
        array {
            for attempt in plan.attempts {
                $0.candidate(attempt.deployment.id, model: attempt.model.name, "taken", attempt.reason.rawValue)
            }
            for other in plan.passedOver { $0.candidate(other.name, model: nil, "passed_over", other.reason) }
        }
    }

    private mutating func candidate(_ name: String, model: String?, _ fate: StaticString, _ why: String) {
        object {
            $0.key("candidate")
            $0.string(name)
            if let model {
                $0.key("model")
                $0.string(model)
            }
            $0.key(fate)
            $0.string(why)
        }
    }
}
