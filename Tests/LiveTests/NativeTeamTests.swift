import Core
import Foundation
import TestKit
import Testing

/// `POST /api/ai/v4/chat/multi-agent`.
@Suite(.timeLimit(.minutes(1))) struct NativeTeamTests {
    private static let path = "/api/ai/v4/chat/multi-agent"

    private static func run(
        _ failing: String? = nil, _ body: @escaping @Sendable (ServedGateway, ScriptedProvider) async throws -> Void
    ) async throws {
        let agents = ["atlas", "dev", "luna"]
        try await withScriptedProvider(handler: { request, _ in
            if TeamRig.voice(of: request) == .synthesis { return TeamRig.say("All of them", to: request) }
            guard let agent = agents.first(where: { request.bodyText.contains("You are \($0).") }), agent != failing else { return .status(404) }
            return TeamRig.say("I am \(agent)", to: request)
        }) { provider in
            var options = ServedGateway.Options()
            options.agents = agents.map {
                Agent(
                    id: $0, name: $0, role: "", description: "", keywords: [], examples: [], tier: .medium, temperature: nil, maxTokens: nil,
                    prompt: "You are \($0).")
            }
            try await ServedGateway.run([.init(provider: provider)], options) { try await body($0, provider) }
        }
    }

    @Test func aWholeAnswerHasAllThatWasSaid() async throws {
        try await Self.run { gateway, provider in
            let answer = try await gateway.post(Self.path, #"{"message":"Hi"}"#)
            #expect(answer.head.status == 200)
            let root = try TeamRig.object(answer.body)
            #expect(root["synthesized_response"] as? String == "All of them")
            #expect(root["agents_used"] as? [String] == ["dev", "luna", "atlas"])
            let responses = root["individual_responses"] as? [[String: Any]] ?? []
            #expect(responses.map { $0["response"] as? String } == ["I am dev", "I am luna", "I am atlas"])
            #expect((root["synthesis"] as? [String: Any])?["tokens"] as? Int == 15)
            #expect(root["total_tokens"] as? Int == 60)
            #expect(root["degraded"] as? Bool == false)
            #expect(root["cached"] as? Bool == false)
            #expect(root["total_cost"] as? Double == 4 * 20e-6)
            #expect(provider.requests.count == 4)
        }
    }

    @Test func whoFailedIsNamed() async throws {
        try await Self.run("luna") { gateway, _ in
            let answer = try await gateway.post(Self.path, #"{"message":"Hi","agents":["luna","dev"],"combine":"list"}"#)
            let root = try TeamRig.object(answer.body)
            let failed = root["failed_agents"] as? [[String: Any]] ?? []
            #expect(failed.map { $0["agent_type"] as? String } == ["luna"])
            #expect((failed.first?["error"] as? String)?.isEmpty == false)
            #expect(root["degraded"] as? Bool == true)
            #expect(root["agents_used"] as? [String] == ["dev"])
        }
    }

    @Test func aStreamTellsWhatHappens() async throws {
        try await Self.run("luna") { gateway, _ in
            let body = try await gateway.post(Self.path, #"{"message":"Hi","stream":true}"#).body
            let types = body.components(separatedBy: "\n").filter { $0.hasPrefix("event: ") }.map { String($0.dropFirst(7)) }
            #expect(types.last == "done")
            let counts = types.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            #expect(counts == ["agent_started": 2, "agent_delta": 2, "agent_done": 2, "agent_failed": 1, "synthesis_delta": 1, "done": 1])
            let done = try TeamRig.object(String(body.components(separatedBy: "event: done\ndata: ")[1]))
            #expect(done["synthesized_response"] as? String == "All of them")
            #expect(done["degraded"] as? Bool == true)
        }
    }

    @Test(arguments: [
        (#"{"message":"Hi","agents":["bob"]}"#, "agents"), (#"{"message":"Hi","agents":["dev","dev"]}"#, "agents"),
        (#"{"message":"Hi","agents":[]}"#, "agents"), (#"{"message":"Hi","quorum":9}"#, "quorum"),
        (#"{"message":"Hi","max_cost":0}"#, "max_cost"), (#"{"message":"Hi","deadline_seconds":-1}"#, "deadline_seconds"),
        (#"{"message":"Hi","combine":"all"}"#, "combine"), (#"{"message":"Hi","collaboration_mode":"both"}"#, "collaboration_mode"),
        (#"{"message":"Hi","quintet":{"combine":"list"}}"#, "quintet.combine"), (#"{"message":""}"#, "message"),
        (#"{"message":"Hi","agent":"dev"}"#, "agent"),
    ])
    func aMistakeIsRefusedByItsField(body: String, param: String) async throws {
        try await Self.run { gateway, provider in
            let answer = try await gateway.post(Self.path, body)
            #expect(answer.head.status == 400)
            let error = try TeamRig.object(answer.body)["error"] as? [String: Any]
            #expect(error?["param"] as? String == param, "\(answer.body)")
            #expect(provider.requests.isEmpty)
        }
    }

    /// Each call is expected to cost about 0.001.
    @Test(arguments: ["list", "synthesis"]) func aCeilingThatNobodyFitsUnderIsNamedAsItWasWritten(combine: String) async throws {
        try await Self.run { gateway, provider in
            let answer = try await gateway.post(Self.path, "{\"message\":\"Hi\",\"combine\":\"\(combine)\",\"max_cost\":0.0005}")
            #expect(answer.head.status == 400)
            let error = try TeamRig.object(answer.body)["error"] as? [String: Any]
            #expect(error?["param"] as? String == "max_cost")
            #expect((error?["message"] as? String)?.contains("'max_cost'") == true, "\(answer.body)")
            #expect(provider.requests.isEmpty)
        }
    }
}
