import Core
import NIOCore
import Testing
@testable import Wire

/// Anthropic's streams as OpenAI's clients read them, cut into pieces at every byte.
@Suite struct AnthropicStreamTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var stream: String
        var expected: OpenAIStream
    }

    static let cases = [
        Case(testDescription: "text", stream: AnthropicScript.text, expected: OpenAIStream(
            content: "Hello!", finish: ["stop"], isDone: true,
            usage: Usage(promptTokens: 25, completionTokens: 15))),
        Case(testDescription: "thoughts", stream: AnthropicScript.thinking, expected: OpenAIStream(
            content: "27 * 453 = 12,231", reasoning: "Let me solve this: 27 * 453", signature: "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds/+==",
            finish: ["stop"], isDone: true,
            usage: Usage(promptTokens: 50, completionTokens: 90, reasoningTokens: 60))),
        Case(testDescription: "two tool calls at once", stream: AnthropicScript.tools, expected: OpenAIStream(
            content: "I'll look.", tools: [
                .init(id: "toolu_01A", name: "get_weather", arguments: #"{"location": "San Francisco, \"CA\"", "unit": "c"}"#),
                .init(id: "toolu_01B", name: "get_time", arguments: #"{"zone": ["PST"]}"#),
                .init(id: "toolu_01C", name: "no_arguments", arguments: "{}"),
            ], finish: ["tool_calls"], isDone: true,
            usage: Usage(promptTokens: 472, completionTokens: 89))),
        Case(testDescription: "the cache", stream: AnthropicScript.cached, expected: OpenAIStream(
            content: "ok", finish: ["length"], isDone: true,
            usage: Usage(promptTokens: 21 + 1886 + 2251, completionTokens: 503, cachedPromptTokens: 1886, cacheWriteTokens: 251,
                longCacheWriteTokens: 2000))),
        Case(testDescription: "an error after 200", stream: AnthropicScript.overloaded, expected: OpenAIStream(
            content: "Once upon", error: "Overloaded")),
        Case(testDescription: "a refusal", stream: AnthropicScript.refusal, expected: OpenAIStream(
            content: "Sure, ", refusal: "It could do harm.", finish: ["content_filter"], isDone: true,
            usage: Usage(promptTokens: 564, completionTokens: 5))),
        Case(testDescription: "scripts and escapes", stream: AnthropicScript.scripts, expected: OpenAIStream(
            content: "漢字 😀 👩‍👩‍👧 é\n\"q\" \\ \u{1F600}", finish: ["stop"], isDone: true,
            usage: Usage(promptTokens: 9, completionTokens: 12))),
    ]

    @Test(arguments: cases)
    func isTranslated(expected: Case) throws {
        let events = try AnthropicScript.translate([Array(expected.stream.utf8)[...]])
        #expect(try OpenAIStream(events) == expected.expected)
    }

    @Test(arguments: cases)
    func aCutAnywhereChangesNothing(expected: Case) throws {
        let bytes = Array(expected.stream.utf8)
        let whole = try AnthropicScript.translate([bytes[...]])
        for cut in 0...bytes.count {
            try #require(try AnthropicScript.translate([bytes[..<cut], bytes[cut...]]) == whole, "cut at \(cut)")
        }
        for size in [1, 3, 7] {
            let pieces = stride(from: 0, to: bytes.count, by: size).map { bytes[$0..<min($0 + size, bytes.count)] }
            try #require(try AnthropicScript.translate(pieces) == whole, "pieces of \(size)")
        }
    }

    /// A stream that ends early must not look complete: no `[DONE]` without `message_stop`, no finish reason without
    /// `message_delta`.
    @Test(arguments: cases)
    func aCutIsNoEnd(expected: Case) throws {
        let events = AnthropicScript.events(expected.stream)
        for count in 0..<events.count {
            let part = try AnthropicScript.translate([Array(events[..<count].joined().utf8)[...]])
            let hasStop = events[..<count].contains { $0.contains("message_stop") }
            let hasDelta = events[..<count].contains { $0.contains("message_delta") }
            let read = try OpenAIStream(part)
            #expect(read.isDone == hasStop)
            #expect(read.finish.isEmpty != hasDelta)
            #expect((read.usage == nil) != hasStop)
        }
    }

    /// Every frame is the plain one around its data, and every chunk says the same of itself.
    @Test(arguments: cases)
    func framesAndHeads(expected: Case) throws {
        let events = try AnthropicScript.translate([Array(expected.stream.utf8)[...]])
        for event in events {
            #expect(event.name == nil)
            #expect(event.plainFrame?.asString == "data: \(event.data.asString)\n\n")
            #expect(event.frame.asString.components("\n") == 3)
            guard !ProviderAnswer.isDone(event.data) else { continue }
            let root = try JSONDocument(event.data).root
            guard root["error"] == nil else { continue }
            #expect(root["id"]?.string == "chatcmpl-msg_01X")
            #expect(root["object"]?.string == "chat.completion.chunk")
            #expect(root["created"]?.int == 1_700_000_000)
            #expect(root["model"]?.string == "claude-there")
            for choice in root["choices"]?.children.map(\.self) ?? [] { #expect(choice["index"]?.int == 0) }
        }
        let first = try JSONDocument(try #require(events.first).data).root["choices"]?.firstChild?["delta"]
        #expect(first.map { String(buffer: $0.text) } == #"{"role":"assistant","content":""}"#)
    }

    @Test func theUsageChunk() throws {
        let events = try AnthropicScript.translate([Array(AnthropicScript.cached.utf8)[...]])
        let usage = try JSONDocument(events[events.count - 2].data).root
        #expect(usage["choices"]?.isEmpty == true)
        #expect(usage["usage"].map { String(buffer: $0.text) } == """
            {"prompt_tokens":4158,"completion_tokens":503,"total_tokens":4661,\
            "prompt_tokens_details":{"cached_tokens":1886,"cache_creation_tokens":2251,\
            "cache_creation_token_details":{"ephemeral_5m_input_tokens":251,"ephemeral_1h_input_tokens":2000}}}
            """)
        #expect(ProviderAnswer.chunk(events[events.count - 2].data)?.isUsageOnly == true)
    }

    /// What the gateway can charge for when the stream, or the caller, is gone.
    @Test func theUsageSoFar() throws {
        var stream = AnthropicStream(model: "m", created: 0)
        #expect(stream.usage == nil)
        _ = stream.translate(AnthropicScript.event(AnthropicScript.start(usage: #"{"input_tokens":25,"output_tokens":1}"#)))
        #expect(stream.usage == Usage(promptTokens: 25, completionTokens: 1))
        // Cumulative, with the input told again, as nought or not at all: never added up, never lost.
        for usage in [#"{"output_tokens":9}"#, #"{"input_tokens":0,"output_tokens":30}"#, #"{"input_tokens":25,"output_tokens":31,"cache_read_input_tokens":null}"#] {
            _ = stream.translate(AnthropicScript.event(#"{"type":"message_delta","delta":{"stop_reason":null},"usage":\#(usage)}"#))
        }
        #expect(stream.usage == Usage(promptTokens: 25, completionTokens: 31))
    }

    @Test func toolFragmentsGoOutAsTheyCome() throws {
        let events = try AnthropicScript.translate([Array(AnthropicScript.tools.utf8)[...]])
        let fragments = try events.compactMap { event in
            ProviderAnswer.isDone(event.data)
                ? nil : try JSONDocument(event.data).root["choices"]?.firstChild?["delta"]?["tool_calls"].map { String(buffer: $0.text) }
        }
        #expect(fragments == [
            #"[{"index":0,"id":"toolu_01A","type":"function","function":{"name":"get_weather","arguments":""}}]"#,
            #"[{"index":0,"function":{"arguments":"{\"location\": \"San"}}]"#,
            #"[{"index":1,"id":"toolu_01B","type":"function","function":{"name":"get_time","arguments":""}}]"#,
            #"[{"index":1,"function":{"arguments":"{\"zone\": "}}]"#,
            #"[{"index":0,"function":{"arguments":" Francisco, \\\"CA\\\"\", \"unit\": \"c\"}"}}]"#,
            #"[{"index":1,"function":{"arguments":"[\"PST\"]}"}}]"#,
            #"[{"index":2,"id":"toolu_01C","type":"function","function":{"name":"no_arguments","arguments":""}}]"#,
            #"[{"index":2,"function":{"arguments":"{}"}}]"#,
        ])
    }
}

extension String {
    /// How many pieces the separator makes of it.
    fileprivate func components(_ separator: Character) -> Int { split(separator: separator, omittingEmptySubsequences: false).count }
}

/// What a client reads out of an OpenAI stream.
struct OpenAIStream: Sendable, Equatable {
    struct Tool: Sendable, Equatable { var id = "", name = "", arguments = "" }

    var content = ""
    var reasoning = ""
    var signature = ""
    var refusal = ""
    var tools: [Tool] = []
    var finish: [String] = []
    var isDone = false
    var usage: Usage?
    var error: String?
    var malformed = 0

    init(
        content: String = "", reasoning: String = "", signature: String = "", refusal: String = "", tools: [Tool] = [],
        finish: [String] = [], isDone: Bool = false, usage: Usage? = nil, error: String? = nil, malformed: Int = 0
    ) {
        (self.content, self.reasoning, self.signature, self.refusal, self.tools) = (content, reasoning, signature, refusal, tools)
        (self.finish, self.isDone, self.usage, self.error, self.malformed) = (finish, isDone, usage, error, malformed)
    }

    init(_ events: [SSEEvent]) throws {
        for event in events {
            #expect(!isDone, "nothing comes after [DONE]")
            if ProviderAnswer.isDone(event.data) {
                isDone = true
            } else if let facts = ProviderAnswer.chunk(event.data) {
                error = error ?? facts.failure?.message
                usage = facts.usage ?? usage
                if let reason = facts.finishReason { finish.append(reason) }
                for choice in try JSONDocument(event.data).root["choices"]?.children.map(\.self) ?? [] { take(choice["delta"]) }
            } else {
                malformed += 1
            }
        }
        for tool in tools where isDone { #expect(throws: Never.self) { try JSONDocument(ByteBuffer(string: tool.arguments)) } }
    }

    private mutating func take(_ delta: JSONValue?) {
        content += delta?["content"]?.string ?? ""
        reasoning += delta?["reasoning_content"]?.string ?? ""
        signature += delta?["reasoning_signature"]?.string ?? ""
        refusal += delta?["refusal"]?.string ?? ""
        for call in delta?["tool_calls"]?.children.map(\.self) ?? [] {
            guard let index = call["index"]?.int else { continue }
            while tools.count <= index { tools.append(Tool()) }
            tools[index].id += call["id"]?.string ?? ""
            tools[index].name += call["function"]?["name"]?.string ?? ""
            tools[index].arguments += call["function"]?["arguments"]?.string ?? ""
        }
    }
}

/// Streams as Anthropic writes them.
enum AnthropicScript {
    /// The chunks of a stream that came in these pieces.
    static func translate(_ pieces: [ArraySlice<UInt8>]) throws -> [SSEEvent] {
        var parser = SSEParser()
        var stream = AnthropicStream(model: "configured", created: 1_700_000_000)
        var translated: [SSEEvent] = []
        for piece in pieces {
            parser.append(ByteBuffer(bytes: piece))
            while let event = try parser.next() { translated += stream.translate(event) }
        }
        while let event = parser.finish() { translated += stream.translate(event) }
        return translated
    }

    /// What these events become, one after the other.
    static func read(_ events: [String]) throws -> OpenAIStream {
        var stream = AnthropicStream(model: "m", created: 0)
        return try OpenAIStream(events.flatMap { stream.translate(event($0)) })
    }

    static func event(_ data: String, name: String? = nil) -> SSEEvent {
        SSEEvent(name: name, data: ByteBuffer(string: data), plainFrame: nil)
    }

    /// A stream's text cut into its events.
    static func events(_ stream: String) -> [String] {
        stream.split(separator: "\n\n").map { $0 + "\n\n" }
    }

    static func start(usage: String = #"{"input_tokens":25,"output_tokens":1}"#) -> String {
        #"{"type":"message_start","message":{"id":"msg_01X","type":"message","role":"assistant","content":[],"model":"claude-there","stop_reason":null,"stop_sequence":null,"usage":\#(usage)}}"#
    }

    static func block(_ index: Int, _ block: String) -> String {
        #"{"type":"content_block_start","index":\#(index),"content_block":\#(block)}"#
    }

    static func delta(_ index: Int, _ delta: String) -> String {
        #"{"type":"content_block_delta","index":\#(index),"delta":\#(delta)}"#
    }

    static func text(_ index: Int, _ text: String) -> String { delta(index, #"{"type":"text_delta","text":\#(text)}"#) }
    static func stop(_ index: Int) -> String { #"{"type":"content_block_stop","index":\#(index)}"# }
    static let ping = #"{"type": "ping"}"#
    static let end = #"{"type":"message_stop"}"#

    static func end(_ reason: String, usage: String = #"{"output_tokens":15}"#) -> String {
        #"{"type":"message_delta","delta":{"stop_reason":"\#(reason)","stop_sequence":null},"usage":\#(usage)}"#
    }

    /// With the names that Anthropic gives its events.
    static func framed(_ events: [String]) -> String {
        events.map { data in
            let type = (try? JSONDocument(ByteBuffer(string: data)))?.root["type"]?.string ?? "?"
            return "event: \(type)\ndata: \(data)\n\n"
        }.joined()
    }

    static let text = framed([
        start(), block(0, #"{"type":"text","text":""}"#), ping, text(0, #""Hello""#), text(0, #""""#), text(0, #""!""#), stop(0),
        end("end_turn"), end,
    ])

    static let thinking = framed([
        start(usage: #"{"input_tokens":50,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":3}"#),
        block(0, #"{"type":"thinking","thinking":"","signature":""}"#),
        delta(0, #"{"type":"thinking_delta","thinking":"Let me solve this: "}"#), ping,
        delta(0, #"{"type":"thinking_delta","thinking":"27 * 453"}"#),
        delta(0, #"{"type":"signature_delta","signature":"EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pkiMOYds/+=="}"#), stop(0),
        block(1, #"{"type":"text","text":""}"#), text(1, #""27 * 453 = 12,231""#), stop(1),
        end("end_turn", usage: #"{"output_tokens":90,"output_tokens_details":{"thinking_tokens":60}}"#), end,
    ])

    static let tools = framed([
        start(usage: #"{"input_tokens":472,"output_tokens":2}"#),
        block(0, #"{"type":"text","text":""}"#), text(0, #""I'll look.""#), stop(0),
        block(1, #"{"type":"tool_use","id":"toolu_01A","name":"get_weather","input":{}}"#),
        delta(1, #"{"type":"input_json_delta","partial_json":""}"#),
        delta(1, #"{"type":"input_json_delta","partial_json":"{\"location\": \"San"}"#),
        block(2, #"{"type":"tool_use","id":"toolu_01B","name":"get_time","input":{}}"#),
        delta(2, #"{"type":"input_json_delta","partial_json":"{\"zone\": "}"#),
        delta(1, #"{"type":"input_json_delta","partial_json":" Francisco, \\\"CA\\\"\", \"unit\": \"c\"}"}"#),
        delta(2, #"{"type":"input_json_delta","partial_json":"[\"PST\"]}"}"#), stop(2), stop(1),
        block(3, #"{"type":"tool_use","id":"toolu_01C","name":"no_arguments","input":{}}"#),
        delta(3, #"{"type":"input_json_delta","partial_json":""}"#), stop(3),
        end("tool_use", usage: #"{"output_tokens":89}"#), end,
    ])

    static let cached = framed([
        start(usage: #"{"input_tokens":21,"cache_creation_input_tokens":2251,"cache_read_input_tokens":1886,"cache_creation":{"ephemeral_5m_input_tokens":251,"ephemeral_1h_input_tokens":2000},"output_tokens":1,"service_tier":"standard"}"#),
        block(0, #"{"type":"text","text":""}"#), text(0, #""ok""#), stop(0),
        end("max_tokens", usage: #"{"input_tokens":21,"cache_creation_input_tokens":2251,"cache_read_input_tokens":1886,"output_tokens":503}"#), end,
    ])

    static let overloaded = framed([
        start(), block(0, #"{"type":"text","text":""}"#), text(0, #""Once upon""#),
        #"{"type":"error","error":{"details":null,"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"#,
        text(0, #"" a time""#), ping,
    ])

    static let refusal = framed([
        start(usage: #"{"input_tokens":564,"output_tokens":1}"#), block(0, #"{"type":"text","text":""}"#), text(0, #""Sure, ""#), stop(0),
        #"{"type":"message_delta","delta":{"stop_reason":"refusal","stop_sequence":null,"stop_details":{"type":"refusal","category":"cyber","explanation":"It could do harm."}},"usage":{"output_tokens":5}}"#, end,
    ])

    static let scripts = framed([
        start(usage: #"{"input_tokens":9,"output_tokens":1}"#), block(0, #"{"type":"text","text":""}"#),
        text(0, #""漢字 😀 ""#), text(0, #""👩‍👩‍👧 é""#), text(0, #""\n\"q\" \\ \ud83d\ude00""#), stop(0),
        end("stop_sequence", usage: #"{"output_tokens":12}"#), end,
    ])
}
