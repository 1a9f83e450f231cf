import Core
import NIOCore
import Testing
@testable import Wire

/// What Anthropic's stream may hold beyond the usual, and what it must not.
@Suite struct AnthropicStreamOddityTests {
    private typealias Script = AnthropicScript

    private let textBlock = AnthropicScript.block(0, #"{"type":"text","text":""}"#)

    @Test(arguments: [
        ("end_turn", "stop"), ("stop_sequence", "stop"), ("pause_turn", "length"), ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"), ("tool_use", "tool_calls"), ("refusal", "content_filter"), ("something_new", "stop"),
    ])
    func stopReasons(reason: String, expected: String) throws {
        let read = try Script.read([Script.start(), textBlock, Script.text(0, #""a""#), Script.end(reason), Script.end])
        #expect(read.finish == [expected])
        #expect(read.isDone)
    }

    @Test func aRefusalBeforeAnyWord() throws {
        let read = try Script.read([
            Script.start(), #"{"type":"message_delta","delta":{"stop_reason":"refusal","stop_details":null},"usage":{"output_tokens":0}}"#, Script.end,
        ])
        #expect(read == OpenAIStream(finish: ["content_filter"], isDone: true, usage: Usage(promptTokens: 25, completionTokens: 1)))
    }

    /// Several `message_delta`: the usage of all, the reason of the first.
    @Test func severalEnds() throws {
        let read = try Script.read([
            Script.start(), textBlock, Script.text(0, #""a""#), Script.stop(0),
            #"{"type":"message_delta","delta":{},"usage":{"output_tokens":5}}"#, Script.end("end_turn"),
            Script.end("max_tokens", usage: #"{"output_tokens":16}"#), Script.end, Script.end, Script.text(0, #""late""#),
        ])
        #expect(read == OpenAIStream(content: "a", finish: ["stop"], isDone: true, usage: Usage(promptTokens: 25, completionTokens: 16)))
    }

    /// Skipped without a trace: pings, what is unknown, Anthropic's own tools with their arguments and results.
    @Test func whatIsNotForOpenAI() throws {
        let read = try Script.read([
            Script.ping, Script.start(), #"{"type":"something_new","value":1}"#, Script.ping,
            Script.block(0, #"{"type":"server_tool_use","id":"srvtoolu_1","name":"web_search","input":{}}"#),
            Script.delta(0, #"{"type":"input_json_delta","partial_json":"{\"query\":\"x\"}"}"#), Script.stop(0),
            Script.block(1, #"{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]}"#), Script.stop(1),
            Script.block(2, #"{"type":"brand_new","text":"hidden"}"#), Script.text(2, #""hidden""#), Script.delta(2, #"{"type":"new_delta"}"#), Script.stop(2),
            Script.block(3, #"{"type":"text","text":"a"}"#),
            Script.delta(3, #"{"type":"citations_delta","citation":{"type":"char_location","cited_text":"x"}}"#),
            Script.text(3, #""b""#), Script.stop(3), "[DONE]", Script.end("end_turn"), Script.end, "[DONE]",
        ])
        #expect(read == OpenAIStream(content: "ab", finish: ["stop"], isDone: true, usage: Usage(promptTokens: 25, completionTokens: 15)))
    }

    /// Calls of Anthropic's own tools cost on top, so their count goes with the usage.
    @Test func serverToolsAreCounted() throws {
        var stream = AnthropicStream(model: "m", created: 0)
        _ = stream.translate(Script.event(Script.start()))
        _ = stream.translate(Script.event(Script.end("end_turn", usage: #"{"output_tokens":15,"server_tool_use":{"web_search_requests":2}}"#)))
        let events = stream.translate(Script.event(Script.end))
        let usage = try JSONDocument(try #require(events.first).data).root["usage"]
        #expect(usage?["server_tool_use"]?["web_search_requests"]?.int == 2)
    }

    @Test func aToolWhoseArgumentsComeAtOnce() throws {
        let read = try Script.read([
            Script.start(), Script.block(0, #"{"type":"tool_use","id":"t","name":"f","input":{"a": "\"b\""}}"#), Script.stop(0),
            Script.end("tool_use"), Script.end,
        ])
        #expect(read.tools == [.init(id: "t", name: "f", arguments: #"{"a": "\"b\""}"#)])
    }

    /// Blocks that the provider does not close are closed with the message.
    @Test(arguments: [true, false])
    func openBlocks(hasReason: Bool) throws {
        let read = try Script.read([
            Script.start(), Script.block(0, #"{"type":"thinking","thinking":"hm"}"#), Script.delta(0, #"{"type":"signature_delta","signature":"sig"}"#),
            Script.block(1, #"{"type":"tool_use","id":"t","name":"f","input":{}}"#),
        ] + (hasReason ? [Script.end("tool_use")] : []) + [Script.end])
        #expect(read.signature == "sig")
        #expect(read.reasoning == "hm")
        #expect(read.tools == [.init(id: "t", name: "f", arguments: "{}")])
        #expect(read.finish == [hasReason ? "tool_calls" : "stop"])
    }

    /// Thoughts in several blocks, one of them encrypted, come back as they were.
    @Test func severalThoughts() throws {
        let thought: (Int, String, String) -> [String] = { index, text, signature in
            [
                Script.block(index, #"{"type":"thinking","thinking":"","signature":""}"#),
                Script.delta(index, #"{"type":"thinking_delta","thinking":"\#(text)"}"#),
                Script.delta(index, #"{"type":"signature_delta","signature":"\#(signature)"}"#), Script.stop(index),
            ]
        }
        let read = try Script.read(
            [Script.start()] + thought(0, "first 漢", "c2ln") + [Script.block(1, #"{"type":"redacted_thinking","data":"EmwKAhgB"}"#), Script.stop(1)]
                + thought(2, "second", "MTo=") + [Script.end("end_turn"), Script.end])
        #expect(read.reasoning == "first 漢second")
        #expect(read.signature == "c2ln;-:EmwKAhgB;6:MTo=")
        #expect(ReasoningTrail.thoughts(read.reasoning, read.signature) == [
            .signed("first 漢", signature: "c2ln"), .encrypted("EmwKAhgB"), .signed("second", signature: "MTo="),
        ])
    }

    @Test(arguments: [
        ("text", "sig", [.signed("text", signature: "sig")]), ("", "sig", [.signed("", signature: "sig")]), ("text", "", []),
        ("", ";-:data", [.encrypted("data")]), ("unsigned", ";-:data", [.encrypted("data")]),
        ("ab", ";1:s", [.signed("b", signature: "s")]), ("ab", "r;1:s", [.signed("a", signature: "r"), .signed("b", signature: "s")]),
        ("ab", "r;3:s", []), ("ab", "r;-1:s", []), ("ab", "r;x:s", []), ("ab", "r;1", []), ("ab", "r;", []),
        ("ab", "r;9223372036854775807:s;9223372036854775807:t", []),
    ] as [(String, String, [ReasoningTrail.Thought])])
    func trails(text: String, trail: String, expected: [ReasoningTrail.Thought]) {
        #expect(ReasoningTrail.thoughts(text, trail) == expected)
    }

    /// Counted as broken by whoever reads on, and no more than that: the stream goes on.
    @Test(arguments: [
        "", "x", "{", "[]", "null", "{}", #"{"type":7}"#, #"{"choices":[{"delta":{"content":"smuggled"}}]}"#, "<html>",
        #"{"type":"message_start"}"#, #"{"type":"message_start","message":{"id":"again"}}"#,
        #"{"type":"content_block_start","index":0}"#, #"{"type":"content_block_start","content_block":{"type":"text"}}"#,
        #"{"type":"content_block_start","index":5,"content_block":{"type":"tool_use","name":"f"}}"#,
        #"{"type":"content_block_start","index":5,"content_block":{"type":"tool_use","id":"t","name":""}}"#,
        #"{"type":"content_block_start","index":5,"content_block":{"type":"redacted_thinking"}}"#,
        #"{"type":"content_block_delta","delta":{"type":"text_delta","text":"a"}}"#, #"{"type":"content_block_delta","index":0}"#,
        #"{"type":"content_block_delta","index":0,"delta":{"text":"a"}}"#, #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta"}}"#,
        #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":7}}"#,
        #"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","text":"a"}}"#,
        #"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
        #"{"type":"content_block_delta","index":9,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
        #"{"type":"content_block_stop"}"#, #"{"type":"message_delta","usage":{}}"#,
    ])
    func malformedEvents(event: String) throws {
        let read = try Script.read([Script.start(), textBlock, Script.text(0, #""a""#), event, Script.text(0, #""b""#), Script.end("end_turn"), Script.end])
        #expect(read == OpenAIStream(
            content: "ab", finish: ["stop"], isDone: true, usage: Usage(promptTokens: 25, completionTokens: 15), malformed: 1))
    }

    @Test func nothingBeforeTheMessage() throws {
        let read = try Script.read([textBlock, Script.text(0, #""a""#), Script.stop(0), Script.end("end_turn"), Script.end])
        #expect(read == OpenAIStream(malformed: 5))
    }

    @Test func blocksWithoutEnd() throws {
        let read = try Script.read([Script.start()] + (0..<1100).map { Script.block($0, #"{"type":"text","text":""}"#) })
        #expect(read.malformed == 76)
    }

    @Test(arguments: [
        (#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#, "overloaded_error", "overloaded", "Overloaded"),
        (#"{"type":"error","error":{"type":"rate_limit_error","message":"slow"}}"#, "rate_limit_error", "rate_limit_exceeded", "slow"),
        (#"{"type":"error","error":{"type":"api_error","message":"Internal server error"}}"#, "api_error", "server_error", "Internal server error"),
        (#"{"type":"error","error":{"type":"invalid_request_error","message":"Output blocked by content filtering policy"}}"#, "invalid_request_error", "content_filter", "Output blocked by content filtering policy"),
        (#"{"error":{"message":"m"}}"#, "api_error", "server_error", "m"),
        (#"{"type":"error"}"#, "api_error", "server_error", "The provider reported an error without a message."),
    ])
    func errors(event: String, type: String, code: String, message: String) throws {
        var stream = AnthropicStream(model: "m", created: 0)
        _ = stream.translate(Script.event(Script.start()))
        let events = stream.translate(Script.event(event))
        #expect(events.count == 1)
        let error = try #require(events.first)
        #expect(error.data.asString == """
            {"error":{"message":"\(message)","type":"\(type)","param":null,"code":"\(code)"}}
            """)
        #expect(ProviderAnswer.chunk(error.data)?.failure?.message == message)
        // It is over: whatever still comes is not passed off as an answer's end.
        #expect(stream.translate(Script.event(Script.end("end_turn"))) == [])
        #expect(stream.translate(Script.event(Script.end)) == [])
    }

    /// The event's name stands in for a type that is not in the data.
    @Test func namedEvents() throws {
        var stream = AnthropicStream(model: "m \"q\"", created: 7)
        let events = stream.translate(Script.event(#"{"message":{}}"#, name: "message_start"))
        #expect(events.first?.data.asString == """
            {"id":"chatcmpl-","object":"chat.completion.chunk","created":7,"model":"m \\"q\\"","choices":\
            [{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}
            """)
    }
}
