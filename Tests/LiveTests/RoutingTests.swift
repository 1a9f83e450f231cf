import Core
import Foundation
import TestKit
import Testing

/// Which agent a request to `auto` gets, what its caller is told of that, and that conversations stay where they are.
@Suite(.timeLimit(.minutes(1))) struct RoutingTests {
    private static let agents = [
        agent("dev", ["code", "function", "fix"]), agent("luna", ["colour", "design"]), agent("quinn", ["bug", "test"]),
    ]

    private static func agent(_ id: String, _ keywords: [String]) -> Agent {
        Agent(
            id: id, name: id, role: "", description: "", keywords: keywords, examples: [], tier: .medium, temperature: nil,
            maxTokens: nil, prompt: "You are \(id).")
    }

    private func served(
        _ backends: [(name: String, quality: Int)] = [("only", 60)], answer: Script = Script.json(body: Chat.answer(text: "hello")),
        _ body: @escaping @Sendable (ServedGateway) async throws -> Void
    ) async throws {
        try await withScriptedProvider(answer) { provider in
            var options = ServedGateway.Options()
            options.agents = Self.agents
            let shelf = backends.map { ServedGateway.Backend(provider: provider, name: $0.name, quality: $0.quality) }
            try await ServedGateway.run(shelf, options, body)
        }
    }

    /// The `routing` of a native answer, and the agent's id.
    private static func told(_ text: String, _ gateway: ServedGateway) async throws -> (agent: String?, routing: [String: Any]) {
        let (head, body) = try await gateway.post("/api/ai/v4/chat/optimized", #"{"message":"\#(text)"}"#)
        #expect(head.status == 200, "\(body)")
        let answer = try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
        return ((answer["agent"] as? [String: Any])?["id"] as? String, try #require(answer["routing"] as? [String: Any]))
    }

    @Test func theAgentIsChosenAndTheReasonTold() async throws {
        try await served { gateway in
            let (agent, routing) = try await Self.told("which colour is better", gateway)
            #expect(agent == "luna")
            #expect(routing["is_default"] as? Bool == false)
            #expect((routing["agent_confidence"] as? Double ?? 0) > 0.5)
            #expect((routing["reason"] as? String)?.contains("for colour") == true)
        }
    }

    @Test func anAbstentionIsTold() async throws {
        try await served { gateway in
            let (agent, routing) = try await Self.told("hm", gateway)
            #expect(agent == "dev")
            #expect(routing["is_default"] as? Bool == true)
            #expect((routing["reason"] as? String)?.contains("no agent stood out") == true)
        }
    }

    @Test func aTeamIsProposed() async throws {
        try await served { gateway in
            let (_, routing) = try await Self.told("design and test the page", gateway)
            #expect(routing["proposal"] as? [String] == ["luna", "quinn"])
            #expect((routing["reason"] as? String)?.contains("a team would be luna + quinn") == true)
        }
    }

    @Test func wishesWinAndConversationsStay() async throws {
        try await served { gateway in
            func agent(_ messages: String) async throws -> String? {
                let (head, _) = try await gateway.chat(#"{"model":"auto","messages":[\#(messages)]}"#)
                return head.headers["x-quintet-agent"]
            }
            var found = [try await agent(#"{"role":"user","content":"ask quinn which colour is better"}"#)]
            let begun = #"{"role":"user","content":"which colour is better"},{"role":"assistant","content":"blue"}"#
            found.append(try await agent(#"\#(begun),{"role":"user","content":"are you sure?"}"#))
            found.append(try await agent(#"\#(begun),{"role":"user","content":"now fix the function"}"#))
            #expect(found == ["quinn", "luna", "dev"])
        }
    }

    /// The first turn needs the strong model. For the second the weak one would do, but the strong one has read all that before.
    @Test func aLongConversationStaysWithItsModel() async throws {
        let usage = #"{"prompt_tokens":6000,"completion_tokens":10,"total_tokens":6010}"#
        let answer = #"{"id":"a","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"usage":\#(usage)}"#
        try await served([("cheap", 60), ("strong", 90)], answer: Script.json(body: answer)) { gateway in
            func model(_ messages: String, more: String = "", headers: HeaderList = [:]) async throws -> String? {
                let (head, _) = try await gateway.chat(
                    #"{"model":"auto","max_tokens":10,"messages":[\#(messages)]\#(more)}"#, headers: headers)
                #expect(head.status == 200)
                return head.headers["x-quintet-model"]
            }
            let system = #"{"role":"system","content":"\#(String(repeating: "Know this well. ", count: 1500))"}"#
            let begun = #"\#(system),{"role":"user","content":"hi"}"#
            let followed = #"\#(begun),{"role":"assistant","content":"yes"},{"role":"user","content":"thanks"}"#
            let firstOther = try await model(followed)
            let first = try await model(begun.replacing("hi", with: "hello"), more: #","reasoning_effort":"high""#)
            let second = try await model(followed.replacing("hi", with: "hello"))
            #expect([firstOther, first, second] == ["cheap", "strong", "strong"])
            // Another conversation, and one that its client names.
            let session: HeaderList = ["X-Quintet-Session": "s1"]
            let other = try await model(followed.replacing("hi", with: "hey"))
            let named = try await model(begun, more: #","reasoning_effort":"high""#, headers: session)
            let goesOn = try await model(followed.replacing("hi", with: "something else"), headers: session)
            #expect([other, named, goesOn] == ["cheap", "strong", "strong"])
        }
    }
}
