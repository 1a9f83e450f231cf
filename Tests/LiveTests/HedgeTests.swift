import Core
import Foundation
import Gateway
import TestKit
import Testing

/// A second attempt beside one that is late, over sockets.
@Suite(.timeLimit(.minutes(1))) struct HedgeTests {
    /// One request short of a hedge.
    private static let warmUps = HedgeBudget.requestsPerHedge - 1
    private static let usage = Chat.Usage(prompt: 9, completion: 3)

    private static func answer(_ text: String, isStream: Bool) -> Script {
        isStream ? .stream(events: Chat.chunks([text], usage: usage)) : .json(body: Chat.answer(text: text, usage: usage))
    }

    /// A gateway whose `model` has answered at once often enough, with `other` as its fallback; from then on both do as scripted.
    private static func withGateway(
        isStream: Bool, late: Script, second: Script,
        _ body: @escaping @Sendable (ServedGateway, _ first: ScriptedProvider, _ second: ScriptedProvider) async throws -> Void
    ) async throws {
        try await withScriptedProvider(handler: { _, index in index < warmUps ? answer("quick", isStream: isStream) : late }) { first in
            try await withScriptedProvider(second) { second in
                var options = ServedGateway.Options()
                options.policy.hedge = .on
                let backends = [
                    ServedGateway.Backend(provider: first, fallbacks: ["other"]), ServedGateway.Backend(provider: second, name: "other"),
                ]
                try await ServedGateway.run(backends, options) { gateway in
                    for _ in 0..<warmUps { #expect(try await gateway.chat(ServedGateway.question(stream: isStream)).head.status == 200) }
                    #expect(second.requests.isEmpty)
                    try await body(gateway, first, second)
                }
            }
        }
    }

    /// The connection of a provider's last request.
    private static func lastConnection(_ provider: ScriptedProvider) throws -> Int { try #require(provider.requests.last).connection }

    /// The receipt at the end of an answer: its total, and each line's kind, outcome and amount.
    private static func receipt(in body: String) throws -> (total: Int, lines: [(String, String, Int)]) {
        let text = body.components(separatedBy: "data: ").last { $0.contains(#""receipt""#) } ?? body
        let root = try JSONSerialization.jsonObject(with: Data(text.trimmingCharacters(in: .whitespacesAndNewlines).utf8)) as? [String: Any]
        let receipt = try #require((root?["quintet"] as? [String: Any])?["receipt"] as? [String: Any])
        let lines = try #require(receipt["lines"] as? [[String: Any]]).map { line in
            (line["kind"] as? String ?? "", line["outcome"] as? String ?? "", line["amount"] as? Int ?? -1)
        }
        return (try #require(receipt["total"] as? Int), lines)
    }

    /// What `/ai/circuit-breaker` says of hedging.
    private static func figures(_ gateway: ServedGateway) async throws -> [String: Any] {
        let answer = try await gateway.request("GET", "/ai/circuit-breaker")
        let root = try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any]
        return try #require(root?["hedging"] as? [String: Any])
    }

    @Test(arguments: [true, false]) func theQuickerSecondAnswersAndTheFirstIsCancelled(isStream: Bool) async throws {
        try await Self.withGateway(isStream: isStream, late: [.hang], second: Self.answer("second", isStream: isStream)) {
            gateway, first, second in
            let answer = try await gateway.chat(ServedGateway.question(stream: isStream), headers: ["x-quintet-receipt": "1"])
            #expect(answer.head.status == 200)
            #expect(answer.body.contains("second"))
            #expect(answer.head.headers["x-quintet-model"] == "other")
            #expect(answer.head.headers["x-quintet-hedge"] == "won")
            #expect(answer.head.headers["x-quintet-attempts"] == "2")
            try await first.waitForConnectionClosed(Self.lastConnection(first))
            let receipt = try Self.receipt(in: answer.body)
            #expect(receipt.lines.map(\.0) == ["waste", "hedge"])
            #expect(receipt.lines.map(\.1) == ["not_needed", "ok"])
            #expect(receipt.lines.last?.2 == 9 * 1_000_000 + 3 * 2_000_000)
            #expect(receipt.lines.reduce(0) { $0 + $1.2 } == receipt.total)
            let breaker = try await gateway.breaker()
            #expect(breaker["state"] as? String == "closed")
            #expect(breaker["total_faults"] as? Int == 0)
            let figures = try await Self.figures(gateway)
            #expect(figures["started"] as? Int == 1)
            #expect(figures["won"] as? Int == 1)
            #expect(figures["wasted_calls"] as? Int == 1)
        }
    }

    @Test(arguments: [true, false]) func theFirstMayStillBeQuicker(isStream: Bool) async throws {
        let asked = Gate("the hedge")
        try await Self.withGateway(
            isStream: isStream, late: Self.answer("first", isStream: isStream).after(.wait(asked)), second: [.signal(asked), .hang]
        ) { gateway, first, second in
            let answer = try await gateway.chat(ServedGateway.question(stream: isStream), headers: ["x-quintet-receipt": "1"])
            #expect(answer.body.contains("first"))
            #expect(answer.head.headers["x-quintet-model"] == "model")
            #expect(answer.head.headers["x-quintet-hedge"] == "lost")
            try await second.waitForConnectionClosed(Self.lastConnection(second))
            let receipt = try Self.receipt(in: answer.body)
            #expect(receipt.lines.map(\.0) == ["waste", "answer"])
            #expect(receipt.lines.reduce(0) { $0 + $1.2 } == receipt.total)
            #expect(try await Self.figures(gateway)["won"] as? Int == 0)
        }
    }

    /// Headers and a role are no content.
    @Test func aStreamThatOnlyHasItsHeadIsLate() async throws {
        let events = Chat.chunks([], finish: nil)
        let late = Script.stream(events: events, cutAfter: events.count, cut: .hang)
        try await Self.withGateway(isStream: true, late: late, second: Self.answer("second", isStream: true)) { gateway, first, _ in
            let answer = try await gateway.chat(ServedGateway.question(stream: true))
            #expect(answer.body.contains("second"))
            #expect(answer.body.hasSuffix("data: [DONE]\n\n"))
            try await first.waitForConnectionClosed(Self.lastConnection(first))
        }
    }

    @Test(arguments: [true, false]) func whoLeavesEndsBoth(isStream: Bool) async throws {
        try await Self.withGateway(isStream: isStream, late: [.hang], second: [.hang]) { gateway, first, second in
            let client = try await RawClient.connect(port: gateway.port)
            try await client.send(
                "POST", "/v1/chat/completions", headers: ["Content-Type": "application/json"], body: ServedGateway.question(stream: isStream))
            try await second.waitForRequests(1)
            await client.close()
            try await first.waitForConnectionClosed(Self.lastConnection(first))
            try await second.waitForConnectionClosed(Self.lastConnection(second))
        }
    }

    @Test func atMostOneInTwentyIsHedged() async throws {
        let late = Self.answer("first", isStream: false).after(.pause(.milliseconds(20)))
        try await Self.withGateway(isStream: false, late: late, second: Self.answer("second", isStream: false)) { gateway, _, second in
            for _ in 0..<61 { #expect(try await gateway.chat(ServedGateway.question()).head.status == 200) }
            let figures = try await Self.figures(gateway)
            #expect(figures["requests"] as? Int == 80)
            // Not every hedge reaches its provider before the first call has answered.
            #expect(second.requests.count <= 4)
            #expect(try #require(figures["started"] as? Int) <= 4)
        }
    }
}
