import Core
import Foundation
import Gateway
import NIOCore
import Wire

/// A request that was made once: what a model is chosen by, and what it took.
struct RecordedRequest: Sendable {
    /// Without the agent's prompt, where `usage` is nil; with it, where it is not.
    var facts: RequestFacts
    /// As the provider counted; nil where nobody wrote it down.
    let usage: Usage?
    /// The id of the deployment that answered; nil where nobody wrote it down.
    var deployment: String?
    /// The agent that answered.
    var agent: String?
    /// As it was written down; nil where it was not.
    var cost: Money?

    /// The provider of the deployment.
    var provider: String? {
        deployment.map { id in String(id.prefix { $0 != "/" && $0 != "#" }) }
    }

    /// What stands in a line of a file.
    enum Line: Sendable {
        case request(RecordedRequest)
        /// A line of the log that tells of no call, or of none that was answered.
        case other
        case bad(String)
    }

    /// Reads a line of the gateway's log, or the body of a chat-completions request in JSON.
    static func read(_ line: some DataProtocol) -> Line {
        let first = line.first { !" \t".utf8.contains($0) }
        if first == UInt8(ascii: "{") { return request(ByteBuffer(bytes: line)) }
        let text = String(decoding: line, as: UTF8.self)
        return text.contains(" quintet: ") ? logLine(text) : .bad("it is neither a line of the log nor a request in JSON")
    }

    /// A request's body; with the answer's `usage` beside its fields, where that was kept.
    private static func request(_ body: ByteBuffer) -> Line {
        do {
            let document = try JSONDocument(body)
            let request = try ChatRequest(document)
            let ask = Ask(requestID: "", request: request, target: RequestFacts.Target(modelField: request.model))
            return .request(RecordedRequest(facts: ask.facts, usage: Usage(in: document.root, isLast: true)))
        } catch let error as GatewayError {
            return .bad(error.message)
        } catch {
            return .bad("it is no JSON")
        }
    }

    /// `… asked=auto complexity=0.4 needs=tools attempt=openai/gpt:ok … tokens=1000+200 cached=900 usd=0.01`.
    private static func logLine(_ text: String) -> Line {
        var values: [Substring: Substring] = [:]
        for word in text.split(separator: " ") {
            guard let equals = word.firstIndex(of: "=") else { continue }
            let (key, value) = (word[..<equals], word[word.index(after: equals)...])
            // Of several attempts the one that answered.
            if key != "attempt" || value.hasSuffix(":ok") { values[key] = value }
        }
        guard let target = values["asked"], let tokens = values["tokens"], let attempt = values["attempt"] else { return .other }
        let counts = tokens.split(separator: "+").map { Int($0) }
        guard counts.count == 2, let prompt = counts[0], let completion = counts[1] else {
            return .bad("tokens=\(tokens) is not a number of tokens read, '+', and one of tokens written")
        }
        guard let needs = Abilities(codes: (values["needs"] ?? "").split(separator: ",")) else {
            return .bad("needs=\(values["needs"] ?? "") says something that no model can")
        }
        var facts = RequestFacts(target: .init(name: String(target)), promptTokens: prompt)
        facts.needs = needs
        if let score = values["complexity"].flatMap({ Double($0) }) {
            facts.complexity = Complexity(score: score, signals: [], isJudged: values["judged"] != "no")
        }
        let usage = Usage(
            promptTokens: prompt, completionTokens: completion, cachedPromptTokens: values["cached"].flatMap { Int($0) } ?? 0)
        return .request(
            RecordedRequest(
                facts: facts, usage: usage, deployment: String(attempt.dropLast(":ok".count)),
                agent: values["agent"].map(String.init), cost: values["usd"].flatMap { Double($0) }.flatMap { Money(usd: $0) }))
    }
}
