import Core
import Foundation
import TestKit
import Testing

/// A provider that speaks Anthropic's Messages, behind callers who speak OpenAI's chat completions.
@Suite(.timeLimit(.minutes(1))) struct AnthropicProviderTests {
    private static let events = [
        #"event: message_start\#ndata: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"there","content":[],"usage":{"input_tokens":10,"output_tokens":1}}}"#,
        #"event: content_block_start\#ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        #"event: content_block_delta\#ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Grüß"}}"#,
        #"event: content_block_delta\#ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" dich"}}"#,
        #"event: content_block_stop\#ndata: {"type":"content_block_stop","index":0}"#,
        #"event: message_delta\#ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#,
        #"event: message_stop\#ndata: {"type":"message_stop"}"#,
    ]

    private static func stream(_ events: [String]) -> Script {
        .stream(frames: events.map { $0 + "\n\n" })
    }

    private static func withGateway(
        _ script: Script, _ body: @escaping @Sendable (ServedGateway, ScriptedProvider) async throws -> Void
    ) async throws {
        try await withScriptedProvider(script) { provider in
            try await ServedGateway.run([.init(provider: provider, api: .anthropic, keys: ["canary"])]) { gateway in
                try await body(gateway, provider)
            }
        }
    }

    @Test func aStreamIsTranslatedBothWays() async throws {
        try await Self.withGateway(Self.stream(Self.events)) { gateway, provider in
            let answer = try await gateway.chat(
                ServedGateway.question(stream: true, more: #","stream_options":{"include_usage":true}"#))
            #expect(answer.head.status == 200)
            let chunks = answer.body.components(separatedBy: "\n\n").filter { !$0.isEmpty }
            #expect(chunks.last == "data: [DONE]")
            let objects = try chunks.dropLast().map {
                try #require(JSONSerialization.jsonObject(with: Data($0.dropFirst(6).utf8)) as? [String: Any])
            }
            let texts = objects.compactMap {
                (($0["choices"] as? [[String: Any]])?.first?["delta"] as? [String: Any])?["content"] as? String
            }
            #expect(texts.joined() == "Grüß dich")
            let usage = try #require(objects.last?["usage"] as? [String: Any])
            #expect(usage["prompt_tokens"] as? Int == 10)
            #expect(usage["completion_tokens"] as? Int == 5)
            let request = try #require(provider.requests.first)
            #expect(request.path == "/v1/messages")
            #expect(request.headers["x-api-key"] == "canary")
            #expect(request.headers["authorization"] == nil)
            #expect(request.bodyText.contains(#""model":"there""#))
        }
    }

    @Test func aStreamThatEndsWithoutItsStopIsCut() async throws {
        try await Self.withGateway(Self.stream(Array(Self.events.prefix(4)))) { gateway, _ in
            let answer = try await gateway.chat(ServedGateway.question(stream: true))
            #expect(answer.body.contains("Grüß"))
            #expect(answer.body.contains(#""error":"#))
            #expect(!answer.body.contains("[DONE]"))
        }
    }

    @Test func aWholeAnswerIsTranslated() async throws {
        let body = #"{"id":"msg_1","type":"message","role":"assistant","model":"there","content":[{"type":"text","text":"Hello"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":2}}"#
        try await Self.withGateway(.json(body: body)) { gateway, _ in
            let answer = try await gateway.chat(ServedGateway.question())
            #expect(answer.head.status == 200)
            #expect(answer.head.headers["x-quintet-cost-usd"] == "0.000007")
            #expect(answer.body.contains(#""content":"Hello""#))
            #expect(answer.body.contains(#""object":"chat.completion""#))
        }
    }

    @Test func anErrorArrivesInTheCallersShape() async throws {
        let body = #"{"type":"error","error":{"type":"invalid_request_error","message":"messages: too odd"}}"#
        try await Self.withGateway(.json(status: 400, body: body)) { gateway, _ in
            let answer = try await gateway.chat(ServedGateway.question())
            #expect(answer.head.status == 400)
            #expect(answer.body.contains(#""message":"messages: too odd""#))
            #expect(answer.body.contains(#""param":"#))
        }
    }
}
