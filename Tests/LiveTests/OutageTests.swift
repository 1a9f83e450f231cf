import Core
import Foundation
import TestKit
import Testing

/// The breaker's whole life over HTTP, its waits moved by hand.
@Suite(.timeLimit(.minutes(2))) struct OutageTests {
    private static let good = Script.json(body: Chat.answer(text: "hello"))

    /// A gateway whose first model's provider does what the test says, and whose second one is well.
    private static func withModels(
        _ body: @escaping @Sendable (ServedGateway, ScriptedProvider, ManualTime) async throws -> Void
    ) async throws {
        let time = ManualTime()
        try await withScriptedProvider(good) { first in
            try await withScriptedProvider(good) { second in
                try await ServedGateway.run(
                    [
                        .init(provider: first, name: "first", fallbacks: ["second"]), .init(provider: second, name: "second"),
                    ], .init(now: { time.now })
                ) { try await body($0, first, time) }
            }
        }
    }

    @Test(arguments: [0, 10_000]) func closedOpenHalfOpenClosed(afterGoodCalls count: Int) async throws {
        try await Self.withModels { gateway, provider, time in
            try await gateway.ask("first", times: count)
            provider.setScript(.status(503))
            // Two attempts each: the fifth fault in a row opens it, however much went well before.
            for _ in 0..<3 { #expect(try await gateway.chat(ServedGateway.question("first")).head.status == 200) }
            #expect(try await gateway.breaker().state == "open")
            #expect(provider.record.requestCount == count + 5)

            time.advance(by: .milliseconds(59_999))
            #expect(try await gateway.answerer() == "second")
            #expect(try await gateway.breaker().state == "open")
            time.advance(by: .milliseconds(1))
            provider.setScript(Self.good)
            #expect(try await gateway.answerer() == "first")
            #expect(try await gateway.breaker().state == "half_open")
            #expect(try await gateway.answerer() == "first")
            #expect(try await gateway.answerer() == "first")
            let closed = try await gateway.breaker()
            #expect(closed.state == "closed")
            #expect(closed.states == ["closed", "half_open", "open"])
            #expect(closed.calls == count + 8)
        }
    }

    /// Ten minutes of outage, asked every second: the time that callers lose is what the first five and the probes cost.
    @Test func anOutageCostsTheProviderFiveCallsAndAProbeAnOpening() async throws {
        try await Self.withModels { gateway, provider, time in
            provider.setScript(.status(503))
            var afterAMinute = 0
            for second in 1...600 {
                #expect(try await gateway.answerer() == "second")
                time.advance(by: .seconds(1))
                if second == 60 { afterAMinute = provider.record.requestCount }
            }
            #expect(afterAMinute == 5)
            let breaker = try await gateway.breaker()
            // At 0:02, then after 1, 2 and 4 minutes: the wait doubles.
            #expect(breaker.opened == 4)
            #expect(provider.record.requestCount == 5 + 3)

            // Once it is well, it is found out by the next probe, and asked again for good.
            provider.setScript(Self.good)
            time.advance(by: .seconds(300))
            for _ in 0..<4 { #expect(try await gateway.answerer() == "first") }
            #expect(try await gateway.breaker().state == "closed")
        }
    }
}

/// One breaker as JSON tells of it.
private struct BreakerState {
    let state: String
    let opened: Int
    let calls: Int
    /// What it came to with each transition, newest first.
    let states: [String]
}

extension ServedGateway {
    /// Who answers a question to `first`.
    fileprivate func answerer() async throws -> String? {
        let answer = try await chat(Self.question("first"))
        #expect(answer.head.status == 200)
        return answer.head.headers["x-quintet-model"]
    }

    /// Good calls, over a few connections that are kept.
    fileprivate func ask(_ model: String, times: Int) async throws {
        let connections = 8
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<connections {
                group.addTask {
                    try await withRawClient(port: port) { client in
                        for _ in 0..<times / connections {
                            try await client.send(
                                "POST", "/v1/chat/completions", headers: ["Content-Type": "application/json"],
                                body: Self.question(model))
                            #expect(try await client.readHead().status == 200)
                            _ = try await client.readBody()
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// The breaker of the model `first`.
    fileprivate func breaker() async throws -> BreakerState {
        let body = try await request("GET", "/ai/circuit-breaker").body
        let board = try #require(JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
        let breakers = try #require(board["breakers"] as? [[String: Any]])
        let first = try #require(breakers.first { $0["model"] as? String == "first" })
        let transitions = try #require(first["transitions"] as? [[String: Any]])
        return BreakerState(
            state: try #require(first["state"] as? String), opened: try #require(first["opened_count"] as? Int),
            calls: try #require(first["total_calls"] as? Int), states: transitions.compactMap { $0["to"] as? String })
    }
}
