import Foundation
import Gateway
import TestKit

/// A gateway whose models `a`, `b`, `c`, … are all at one scripted provider, each under a path of its own.
enum TeamRig {
    /// Who is called: a model as a member, or whichever writes the synthesis.
    enum Voice: Hashable, Sendable { case member(String), synthesis }

    typealias Scripts = @Sendable (Voice, RecordedRequest) -> Script

    static func run(
        models names: [String] = ["a", "b", "c"], cache: Bool = false, pace: Double? = nil, limit: Int = 10, sendBuffer: Int? = nil,
        heartbeat: Heartbeat = Heartbeat(), _ scripts: @escaping Scripts,
        _ body: @Sendable (ServedGateway, ScriptedProvider) async throws -> Void
    ) async throws {
        try await withScriptedProvider(sendBuffer: sendBuffer, handler: { request, _ in scripts(voice(of: request), request) }) { provider in
            let backends = names.map {
                ServedGateway.Backend(provider: provider, name: $0, baseURL: "http://127.0.0.1:\(provider.port)/\($0)/v1", limit: limit)
            }
            var options = ServedGateway.Options()
            if cache { options.cache = .init() }
            options.cache?.keeping.pace = pace
            options.heartbeat = heartbeat
            try await ServedGateway.run(backends, options) { try await body($0, provider) }
        }
    }

    static func voice(of request: RecordedRequest) -> Voice {
        if request.bodyText.contains("You write the final answer of a team") { return .synthesis }
        return .member(String(request.path.split(separator: "/").first ?? ""))
    }

    /// A question to a team of `members`.
    ///
    /// - Parameter own: further members of `quintet`.
    static func question(
        _ combine: String, _ members: [String] = ["a", "b", "c"], own: String = "", stream: Bool = false, more: String = ""
    ) -> String {
        let names = members.map { "\"\($0)\"" }.joined(separator: ",")
        return #"{"model":"team","stream":\#(stream),"messages":[{"role":"user","content":"Hi"}],"#
            + #""quintet":{"members":[\#(names)],"combine":"\#(combine)"\#(own)}\#(more)}"#
    }

    /// An answer in the form that was asked for.
    static func say(_ text: String, to request: RecordedRequest) -> Script {
        request.bodyText.contains(#""stream":true"#)
            ? .stream(events: Chat.chunks([text], usage: .init(prompt: 10, completion: 5)))
            : .json(body: Chat.answer(text: text, usage: .init(prompt: 10, completion: 5)))
    }

    static func object(_ text: String) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }

    /// The chunks of a stream; its end is not among them.
    static func chunks(_ stream: String) throws -> [[String: Any]] {
        try stream.components(separatedBy: "\n\n").filter { $0.hasPrefix("data: {") }.map { try object(String($0.dropFirst(6))) }
    }
}

/// A team's answer as a client reads it, out of a whole body or a stream's chunks.
struct ToldTeam {
    /// Texts by the name of who said them.
    var texts: [String: String] = [:]
    var finishes: [String: String] = [:]
    /// Names by index.
    var names: [Int: String] = [:]
    var note: [String: Any] = [:]
    var usage: [String: Any]?
    /// The name that stands first.
    var first: String?

    init(whole body: String) throws {
        let root = try TeamRig.object(body)
        for choice in root["choices"] as? [[String: Any]] ?? [] {
            let own = choice["quintet"] as? [String: Any] ?? [:]
            let (name, index) = (own["agent"] as? String ?? "?", choice["index"] as? Int ?? -1)
            names[index] = name
            texts[name] = (choice["message"] as? [String: Any])?["content"] as? String
            finishes[name] = choice["finish_reason"] as? String
            first = first ?? name
        }
        note = root["quintet"] as? [String: Any] ?? [:]
        usage = root["usage"] as? [String: Any]
    }

    init(stream: String) throws {
        for chunk in try TeamRig.chunks(stream) {
            let own = chunk["quintet"] as? [String: Any] ?? [:]
            if own["combine"] != nil { note = own }
            usage = chunk["usage"] as? [String: Any] ?? usage
            guard let name = own["agent"] as? String else { continue }
            first = first ?? name
            for choice in chunk["choices"] as? [[String: Any]] ?? [] {
                names[choice["index"] as? Int ?? -1] = name
                texts[name, default: ""] += (choice["delta"] as? [String: Any])?["content"] as? String ?? ""
                if let finish = choice["finish_reason"] as? String { finishes[name] = finish }
            }
        }
    }

    /// Whose answer is the team's.
    var answer: String? { (note["answer"] as? Int).flatMap { names[$0] } }
    var isDegraded: Bool? { note["degraded"] as? Bool }
    /// Codes by name.
    var failed: [String: String] {
        let list = note["failed_agents"] as? [[String: Any]] ?? []
        return Dictionary(uniqueKeysWithValues: list.map { ($0["agent_type"] as? String ?? "", $0["code"] as? String ?? "") })
    }
    var receipt: [String: Any] { note["receipt"] as? [String: Any] ?? [:] }
    var lines: [[String: Any]] { receipt["lines"] as? [[String: Any]] ?? [] }
    /// The kinds of the receipt's lines, by who they are of.
    var kinds: [String: String] {
        Dictionary(lines.map { ($0["member"] as? String ?? "", $0["kind"] as? String ?? "") }) { first, _ in first }
    }
    var isSumExact: Bool { lines.reduce(0) { $0 + ($1["amount"] as? Int ?? 0) } == receipt["total"] as? Int }
}
