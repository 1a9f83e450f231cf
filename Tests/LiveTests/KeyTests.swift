import Core
import Gateway
import TestKit
import Testing

/// Several keys of one provider, over sockets.
@Suite(.timeLimit(.minutes(1))) struct KeyTests {
    private static func key(_ request: RecordedRequest) -> String { request.headers["authorization"] ?? "" }

    @Test func allKeysAreUsed() async throws {
        try await withScriptedProvider(.json(body: Chat.answer(text: "hello"))) { provider in
            var options = ServedGateway.Options()
            options.policy.balance = .roundRobin
            try await ServedGateway.run([.init(provider: provider, keys: ["one", "two", "three"])], options) { gateway in
                for _ in 0..<6 { try await gateway.expect(200) }
                let turn = ["Bearer one", "Bearer two", "Bearer three"]
                #expect(provider.requests.map(Self.key) == turn + turn)
            }
        }
    }

    @Test func aRejectedKeyLeavesTheOthersInUse() async throws {
        let handler: ScriptedProvider.Handler = { request, _ in
            Self.key(request) == "Bearer canary" ? .status(401, message: "canary is no key") : .json(body: Chat.answer(text: "hello"))
        }
        try await withScriptedProvider(handler: handler) { provider in
            var options = ServedGateway.Options()
            options.policy.balance = .roundRobin
            try await ServedGateway.run([.init(provider: provider, keys: ["canary", "two"])], options) { gateway in
                for _ in 0..<6 { try await gateway.expect(200) }
                #expect(provider.requests.map(Self.key).count { $0 == "Bearer canary" } == 1)
                let page = try await withRawClient(port: gateway.port) { client in
                    try await client.send("GET", "/ai/circuit-breaker")
                    _ = try await client.readHead()
                    return String(decoding: try await client.readBody(), as: UTF8.self)
                }
                #expect(page.contains(#""access":"model","variable":"KEY_1","benched_seconds":"#))
                #expect(page.contains(#""access":"model#2","variable":"KEY_2","benched_seconds":null"#))
                #expect(!page.contains("canary"))
                // The deployment itself did nothing wrong.
                #expect(gateway.gateway.breakers.reports().map(\.report.windowFaults) == [0, 0])
            }
        }
    }
}
