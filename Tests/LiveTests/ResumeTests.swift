import Core
import Foundation
import Gateway
import TestKit
import Testing

/// Streams that break off, over sockets.
@Suite(.timeLimit(.minutes(1))) struct ResumeTests {
    private static func cut(_ texts: [String], _ how: Step = .close) -> Script {
        let events = Chat.chunks(texts, finish: nil)
        return .stream(events: events, cutAfter: events.count, cut: how)
    }

    /// A gateway whose model `model` falls back to `other`.
    private static func withGateway(
        _ first: Script, _ second: Script, prefill: Bool = false, heartbeat: Heartbeat = Heartbeat(),
        _ body: @escaping @Sendable (ServedGateway, _ first: ScriptedProvider, _ second: ScriptedProvider) async throws -> Void
    ) async throws {
        try await withScriptedProvider(first) { first in
            try await withScriptedProvider(second) { second in
                let backends = [
                    ServedGateway.Backend(provider: first, fallbacks: ["other"]),
                    ServedGateway.Backend(provider: second, name: "other", acceptsPrefill: prefill),
                ]
                try await ServedGateway.run(backends, .init(heartbeat: heartbeat)) { gateway in try await body(gateway, first, second) }
            }
        }
    }

    /// The chunks of a streamed answer, and whether it ended as a whole one does.
    private static func read(_ body: String) throws -> (text: String, ids: Set<String>, isWhole: Bool, error: String?) {
        let frames = body.components(separatedBy: "\n\n").filter { $0.hasPrefix("data: ") }.map { $0.dropFirst(6) }
        let objects = frames.compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
        let texts = objects.compactMap {
            (($0["choices"] as? [[String: Any]])?.first?["delta"] as? [String: Any])?["content"] as? String
        }
        let error = objects.compactMap { ($0["error"] as? [String: Any])?["message"] as? String }.first
        return (texts.joined(), Set(objects.compactMap { $0["id"] as? String }), frames.last == "[DONE]", error)
    }

    @Test(arguments: [Step.close, .reset])
    func aCutStreamGoesOnWithTheSameTextFromAnother(how: Step) async throws {
        try await Self.withGateway(Self.cut(["Grüß ", "dich, "], how), .stream(events: Chat.chunks(["Grü", "ß dich, We", "lt."]))) {
            gateway, first, second in
            let answer = try await gateway.chat(ServedGateway.question(stream: true))
            let read = try Self.read(answer.body)
            #expect(answer.head.status == 200)
            #expect(read.text == "Grüß dich, Welt.")
            #expect(read.ids.count == 1)
            #expect(read.isWhole)
            #expect(answer.body.contains(#""quintet":{"resumed":{"model":"other","by":"restart"}}"#))
            #expect(first.requests.count == 1)
            #expect(second.requests.count == 1)
        }
    }

    @Test func aStalledStreamGoesOnFromWhereItStopped() async throws {
        try await Self.withGateway(Self.cut(["One, "], .hang), .stream(events: Chat.chunks(["two."])), prefill: true) {
            gateway, first, second in
            let more = #","quintet":{"timeouts":{"stall_seconds":0.2}}"#
            let answer = try await gateway.chat(ServedGateway.question(stream: true, more: more))
            let read = try Self.read(answer.body)
            #expect(read.text == "One, two.")
            #expect(read.isWhole)
            // The one that fell silent was let go of.
            #expect(try await first.waitForConnectionClosed(0).cause != .provider)
            #expect(second.requests.first?.bodyText.contains(#"{"role":"assistant","content":"One,"}"#) == true)
            #expect(second.requests.first?.bodyText.contains("quintet") == false)
        }
    }

    @Test func anAnswerThatDiffersEndsWithAnError() async throws {
        try await Self.withGateway(Self.cut(["One, "]), Self.cut(["Two."], .hang)) { gateway, _, second in
            let answer = try await gateway.chat(ServedGateway.question(stream: true))
            let read = try Self.read(answer.body)
            #expect(read.text == "One, ")
            #expect(!read.isWhole)
            #expect(read.error?.contains("other/there (diverged") == true)
            #expect(try await second.waitForConnectionClosed(0).cause != .provider)
        }
    }

    @Test func aCallerCanAskForTheErrorAtOnce() async throws {
        try await Self.withGateway(Self.cut(["One, "]), .stream(events: Chat.chunks(["One, two."]))) { gateway, _, second in
            let answer = try await gateway.chat(
                ServedGateway.question(stream: true, more: #","quintet":{"on_cut":"error"}"#))
            #expect(try Self.read(answer.body).error != nil)
            #expect(second.requests.isEmpty)
        }
    }

    @Test func whileItIsTakenUpTheCallerHearsThatTheGatewayIsThere() async throws {
        let goOn = Gate("the second provider answers")
        let count = Watched(0)
        let heartbeat = Heartbeat { _ in
            // Twice the time is over at once; then the provider answers.
            guard count.update({ $0 += 1; return $0 }) > 2 else { return }
            goOn.open()
            try await Task.sleep(for: .seconds(60))
        }
        let second = Script.stream(events: Chat.chunks(["One, two."])).after(.wait(goOn))
        try await Self.withGateway(Self.cut(["One, "]), second, heartbeat: heartbeat) { gateway, _, _ in
            let answer = try await gateway.chat(ServedGateway.question(stream: true))
            #expect(answer.body.components(separatedBy: ": keep-alive\n\n").count == 3)
            #expect(try Self.read(answer.body).text == "One, two.")
            #expect(try Self.read(answer.body).isWhole)
        }
    }

    @Test func theNativeStreamSaysThatItWasResumed() async throws {
        try await Self.withGateway(Self.cut(["One, "]), .stream(events: Chat.chunks(["One, two."]))) { gateway, _, _ in
            let answer = try await gateway.post("/api/ai/v4/chat/stream", #"{"message":"hi","model":"model","agent_type":null}"#)
            let events = answer.body.components(separatedBy: "\n\n").compactMap { $0.components(separatedBy: "\n").first }
            #expect(events.filter { !$0.isEmpty } == ["event: meta", "event: delta", "event: resumed", "event: delta", "event: done"])
            #expect(answer.body.contains(#"{"type":"resumed","model":"other","by":"restart"}"#))
            #expect(answer.body.contains(#""model_used":"other""#))
            #expect(answer.body.contains(#""outcome":"cut""#))
        }
    }

    // MARK: Limits that a caller sets

    @Test(arguments: [true, false], [[Step.hang], [.bytes(Script.head(status: 200, headers: ["Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"])), .hang]])
    func aProviderThatSaysNothingIsLeft(isStream: Bool, steps: [Step]) async throws {
        let answer = isStream ? Script.stream(events: Chat.chunks(["hello"])) : .json(body: Chat.answer(text: "hello"))
        try await Self.withGateway(Script(steps), answer) { gateway, first, _ in
            let more = #","quintet":{"timeouts":{"first_content_seconds":2,"answer_seconds":2}}"#
            let answer = try await gateway.chat(ServedGateway.question(stream: isStream, more: more))
            #expect(answer.head.status == 200)
            #expect(answer.head.headers["x-quintet-model"] == "other")
            #expect(answer.body.contains("hello"))
            #expect(try await first.waitForConnectionClosed(0).cause != .provider)
        }
    }

    @Test(arguments: [true, false]) func theDeadlineEndsTheRequest(isStream: Bool) async throws {
        try await Self.withGateway([.hang], [.hang]) { gateway, first, second in
            let answer = try await gateway.chat(
                ServedGateway.question(stream: isStream, more: #","quintet":{"deadline_seconds":0.3}"#))
            #expect(answer.head.status == 504)
            #expect(answer.head.headers["x-should-retry"] == "false")
            #expect(answer.body.contains(#""attempts":[{"deployment":"model/there","fault":"total_timeout""#))
            #expect(second.requests.isEmpty)
            #expect(try await first.waitForConnectionClosed(0).cause != .provider)
        }
    }

    @Test func theDeadlineEndsAStreamThatFlows() async throws {
        let drip = Script.stream(events: Chat.chunks(Array(repeating: "x", count: 10_000)), between: [.pause(.milliseconds(20))])
        try await Self.withGateway(drip, [.hang]) { gateway, _, _ in
            let answer = try await gateway.chat(
                ServedGateway.question(stream: true, more: #","quintet":{"deadline_seconds":1,"timeouts":{"first_content_seconds":1}}"#))
            let read = try Self.read(answer.body)
            #expect(!read.isWhole)
            #expect(read.error?.contains("total_timeout") == true)
        }
    }

    @Test func whatCannotBeUsedIsRefused() async throws {
        try await Self.withGateway([.hang], [.hang]) { gateway, first, _ in
            let answer = try await gateway.chat(ServedGateway.question(more: #","quintet":{"on_cut":"maybe"}"#))
            #expect(answer.head.status == 400)
            #expect(answer.body.contains(#""param":"quintet.on_cut""#))
            #expect(first.requests.isEmpty)
        }
    }

    // MARK: All down

    @Test func whenAllAreDownTheAnswerListsThem() async throws {
        try await Self.withGateway(.status(500, message: "out of order"), .status(500, retryAfter: 30)) { gateway, _, _ in
            for _ in 0..<5 { _ = try await gateway.chat(ServedGateway.question()) }
            let answer = try await gateway.chat(ServedGateway.question())
            #expect(answer.head.status == 503)
            #expect(answer.head.headers["x-should-retry"] == "false")
            let seconds = try #require(answer.head.headers["retry-after"].flatMap { Int($0) })
            let milliseconds = try #require(answer.head.headers["retry-after-ms"].flatMap { Int($0) })
            #expect((1...60).contains(seconds))
            #expect((milliseconds + 999) / 1000 == seconds)
            #expect(answer.body.contains(#""attempts":[{"deployment":"model/there","fault":"breaker_open""#))
            #expect(answer.body.contains(#"{"deployment":"other/there","fault":"breaker_open""#))
        }
    }
}
