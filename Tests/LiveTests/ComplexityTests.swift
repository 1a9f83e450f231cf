import Core
import TestKit
import Testing

/// Which model a request to `auto` gets, by what its client says of it.
@Suite(.timeLimit(.minutes(1))) struct ComplexityTests {
    private static let hard = "Prove that the algorithm terminates if n > 7, and explain why each invariant must hold."

    /// The model that answered.
    private func model(
        _ text: String, more: String = "", headers: HeaderList = [:], policy: Policy = Policy()
    ) async throws -> String? {
        let answer = Script.json(body: Chat.answer(text: "hello"))
        let model = Watched<String?>(nil)
        try await withScriptedProvider(answer) { provider in
            let shelf = [
                ServedGateway.Backend(provider: provider, name: "cheap", quality: 60),
                ServedGateway.Backend(provider: provider, name: "strong", quality: 90),
            ]
            var options = ServedGateway.Options()
            options.policy = policy
            try await ServedGateway.run(shelf, options) { gateway in
                let body = #"{"model":"auto","messages":[{"role":"user","content":"\#(text)"}]\#(more)}"#
                let (head, _) = try await gateway.chat(body, headers: headers)
                #expect(head.status == 200)
                model.update { $0 = head.headers["x-quintet-model"] }
            }
        }
        return model.value
    }

    @Test func theClientsWordDecides() async throws {
        #expect(try await model("hi") == "cheap")
        #expect(try await model("hi", headers: ["x-claude-code-request-class": "main"]) == "strong")
        #expect(try await model("hi", headers: ["X-Claude-Code-Request-Class": "unheard-of"]) == "cheap")
        #expect(try await model("hi", more: #","reasoning_effort":"xhigh""#) == "strong")
        #expect(try await model(Self.hard, headers: ["x-claude-code-request-class": "auxiliary"]) == "cheap")
    }

    @Test func toolsGetTheStrongModelUnlessThePolicyJudgesThem() async throws {
        let tools = #","tools":[{"type":"function","function":{"name":"look","parameters":{}}}]"#
        #expect(try await model("hi", more: tools) == "strong")
        var policy = Policy()
        policy.routesTools = true
        #expect(try await model("hi", more: tools, policy: policy) == "cheap")
    }
}
