import Core
import NIOCore
import Testing
@testable import Wire

/// What messages and tools become at Anthropic.
@Suite struct AnthropicConversationTests {
    private func messages(_ sent: String, _ fields: String = "") throws -> String? {
        try AnthropicAsk.field("messages", fields, messages: sent)
    }

    private static func text(_ text: String) -> String { #"{"type":"text","text":"\#(text)"}"# }
    private static func user(_ blocks: String) -> String { #"{"role":"user","content":[\#(blocks)]}"# }
    private static func assistant(_ blocks: String) -> String { #"{"role":"assistant","content":[\#(blocks)]}"# }

    // MARK: Instructions

    @Test func instructionsComeFirst() throws {
        let sent = #"[{"role":"system","content":"a"},{"role":"user","content":"u"},{"role":"developer","content":[{"type":"text","text":"b","cache_control":{"type":"ephemeral","ttl":"1h"}},{"type":"text","text":" "}]}]"#
        let system = try AnthropicAsk.field("system", #""response_format":{"type":"json_object"}"#, messages: sent, agent: AnthropicAsk.agent())
        #expect(system == """
            [{"type":"text","text":"You are \\"Dev\\".\\n漢"},{"type":"text","text":"a"},\
            {"type":"text","text":"b","cache_control":{"type":"ephemeral","ttl":"1h"}},\
            {"type":"text","text":"Answer with one valid JSON object and nothing else: no explanation, no code fence."}]
            """)
        #expect(try messages(sent) == "[\(Self.user(Self.text("u")))]")
    }

    @Test(arguments: [
        (#""system":"own""#, #"[{"type":"text","text":"own"},{"type":"text","text":"s"}]"#),
        (#""system":[{"type":"text","text":"own", "cache_control":{}}]"#, #"[{"type":"text","text":"own", "cache_control":{}},{"type":"text","text":"s"}]"#),
        (#""system":null"#, #"[{"type":"text","text":"s"}]"#), (#""system":"""#, #"[{"type":"text","text":"s"}]"#),
    ])
    func anthropicsOwnSystemField(sent: String, expected: String) throws {
        let both = #"[{"role":"system","content":"s"},{"role":"user","content":"u"}]"#
        #expect(try AnthropicAsk.field("system", sent, messages: both) == expected)
    }

    /// Anthropic answers turns only.
    @Test func instructionsAlone() throws {
        let sent = #"[{"role":"system","content":"s"}]"#
        #expect(try messages(sent) == "[\(Self.user(Self.text("s")))]")
        #expect(try AnthropicAsk.field("system", "", messages: sent) == nil)
        #expect(try AnthropicAsk.field("system", "", messages: sent, agent: AnthropicAsk.agent()) == #"[{"type":"text","text":"You are \"Dev\".\n漢"}]"#)
    }

    // MARK: Turns

    @Test func rolesAlternate() throws {
        let sent = #"[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"b"}]},{"role":"assistant","content":"c"},{"role":"system","content":"s"},{"role":"assistant","content":"d"},{"role":"user","content":"e"}]"#
        #expect(try messages(sent) == "[\(Self.user(Self.text("a") + "," + Self.text("b"))),\(Self.assistant(Self.text("c") + "," + Self.text("d"))),\(Self.user(Self.text("e")))]")
    }

    @Test(arguments: [#""""#, #"" \n\t""#, #""\u00a0""#, "\"\u{3000}\"", "[]", #"[{"type":"text","text":""}]"#])
    func blankMessagesGo(content: String) throws {
        let sent = #"[{"role":"user","content":"a"},{"role":"assistant","content":\#(content)},{"role":"user","content":"b"}]"#
        #expect(try messages(sent) == "[\(Self.user(Self.text("a") + "," + Self.text("b")))]")
        let error = #expect(throws: GatewayError.self) { try messages(#"[{"role":"user","content":\#(content)}]"#) }
        #expect(error?.param == "messages")
    }

    /// Texts are copied as they were sent, but for what Anthropic's JSON reader refuses.
    @Test(arguments: [
        (#"h\u0069 \/ 漢 \ud83d\ude00"#, "hi / 漢 😀"), (#"caf\u00e9\n"#, #"caf\u00e9\n"#), (#"half \ud83d"#, "half \u{FFFD}"), (#"\\ud83d"#, #"\\ud83d"#), (#"\t."#, #"\t."#),
    ])
    func texts(sent: String, expected: String) throws {
        #expect(try messages(#"[{"role":"user","content":"\#(sent)"}]"#) == "[\(Self.user(Self.text(expected)))]")
    }

    @Test(arguments: [
        (#""It is \n""#, "It is"), (#"[{"type":"text","text":"It is "},{"type":"text","text":" "}]"#, "It is"), (#""It is""#, "It is"), (#""\u00a0x\u00a0""#, "\u{A0}x"),
    ])
    func aPrefillStaysLast(content: String, expected: String) throws {
        let sent = #"[{"role":"user","content":"u"},{"role":"assistant","content":\#(content)}]"#
        #expect(try messages(sent) == "[\(Self.user(Self.text("u"))),\(Self.assistant(Self.text(expected)))]")
    }

    @Test func aPrefillKeepsItsMarker() throws {
        let sent = #"[{"role":"user","content":"u"},{"role":"assistant","content":[{"type":"text","text":"a ","cache_control":{"type":"ephemeral"}}]}]"#
        #expect(try messages(sent)?.contains(#"{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}"#) == true)
        let blank = #"[{"role":"user","content":"u"},{"role":"assistant","content":"  "}]"#
        #expect(try messages(blank) == "[\(Self.user(Self.text("u")))]")
    }

    @Test func refusals() throws {
        let sent = #"[{"role":"user","content":"u"},{"role":"assistant","content":null,"refusal":"No."},{"role":"user","content":"v"},{"role":"assistant","content":[{"type":"refusal","refusal":"Never."}]},{"role":"user","content":"w"}]"#
        #expect(try messages(sent)?.contains(Self.assistant(Self.text("No."))) == true)
        #expect(try messages(sent)?.contains(Self.assistant(Self.text("Never."))) == true)
    }

    // MARK: Parts

    @Test(arguments: [
        (#"{"type":"image_url","image_url":{"url":"https://x.y/a.png","detail":"high"}}"#, #"{"type":"image","source":{"type":"url","url":"https://x.y/a.png"}}"#),
        (#"{"type":"image_url","image_url":"HTTP://x.y/a.png"}"#, #"{"type":"image","source":{"type":"url","url":"HTTP://x.y/a.png"}}"#),
        (#"{"type":"image_url","image_url":{"url":"data:image\/png;base64,iVBOR\/w=="},"cache_control":{"type":"ephemeral"}}"#, #"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBOR/w=="},"cache_control":{"type":"ephemeral"}}"#),
        (#"{"type":"image_url","image_url":{"url":"DATA:image/JPG;charset=x;base64,AAAA"}}"#, #"{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"AAAA"}}"#),
        (#"{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}"#, #"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"},"title":"a.pdf"}"#),
        (#"{"type":"text","text":"t","cache_control":{"type":"ephemeral"}}"#, #"{"type":"text","text":"t","cache_control":{"type":"ephemeral"}}"#),
        (#"{"type":"document", "source":{"type":"text","data":"d"}}"#, #"{"type":"document", "source":{"type":"text","data":"d"}}"#),
        (#"{"type":"new_thing","x":1.50}"#, #"{"type":"new_thing","x":1.50}"#),
    ])
    func parts(part: String, expected: String) throws {
        #expect(try messages(#"[{"role":"user","content":[\#(part)]}]"#) == "[\(Self.user(expected))]")
    }

    @Test(arguments: [
        (#"{"type":"image_url"}"#, ".image_url.url"), (#"{"type":"image_url","image_url":{"url":"ftp://x"}}"#, ".image_url.url"), (#"{"type":"image_url","image_url":{"url":"data:image/png;base64"}}"#, ".image_url.url"),
        (#"{"type":"image_url","image_url":{"url":"data:image/png,xyz"}}"#, ".image_url.url"), (#"{"type":"image_url","image_url":{"url":"data:;base64,AA"}}"#, ".image_url.url"),
        (#"{"type":"image_url","image_url":{"url":"data:video/mp4;base64,AA"}}"#, ".image_url.url"), (#"{"type":"image_url","image_url":{"url":""}}"#, ".image_url.url"),
        (#"{"type":"file","file":{"file_id":"file-1"}}"#, ".file"), (#"{"type":"file","file":{"file_data":"AAAA"}}"#, ".file.file_data"),
        (#"{"type":"input_audio","input_audio":{"data":"AA","format":"wav"}}"#, ""), (#"{"type":"text"}"#, ".text"), (#"{"type":"text","text":7}"#, ".text"),
    ])
    func badParts(part: String, field: String) {
        let error = #expect(throws: GatewayError.self) { try messages(#"[{"role":"user","content":"u"},{"role":"user","content":[{"type":"text","text":"t"},\#(part)]}]"#) }
        #expect(error?.param == "messages[1].content[1]\(field)")
    }

    @Test(arguments: [
        (#"{"role":"system","content":[{"type":"image_url","image_url":{"url":"https://x"}}]}"#, "messages[1].content"), (#"{"role":"function","name":"f","content":"x"}"#, "messages[1].role"),
        (#"{"role":"tool","content":"x"}"#, "messages[1].tool_call_id"), (#"{"role":"assistant","tool_calls":{}}"#, "messages[1].tool_calls"),
        (#"{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]}"#, "messages[1].tool_calls[0].id"), (#"{"role":"assistant","tool_calls":[{"id":"t","type":"custom","custom":{}}]}"#, "messages[1].tool_calls[0].function.name"),
        (#"{"role":"assistant","tool_calls":[{"id":"t","function":{"name":"f","arguments":"[1]"}}]}"#, "messages[1].tool_calls[0].function.arguments"),
        (#"{"role":"assistant","tool_calls":[{"id":"t","function":{"name":"f","arguments":"{\"a\":"}}]}"#, "messages[1].tool_calls[0].function.arguments"),
        (#"{"role":"assistant","tool_calls":[{"id":"t","function":{"name":"f","arguments":7}}]}"#, "messages[1].tool_calls[0].function.arguments"),
    ])
    func badMessages(message: String, param: String) {
        let error = #expect(throws: GatewayError.self) { try messages(#"[{"role":"user","content":"u"},\#(message)]"#) }
        #expect(error?.param == param)
    }

    // MARK: Tools

    private static let weather = #"{"type":"function","function":{"name":"get_weather","description":"Says \"how\" it is.","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]},"strict":true},"cache_control":{"type":"ephemeral"}}"#

    @Test func definitions() throws {
        let sent = #""tools":[\#(Self.weather),{"type":"function","function":{"name":"none"}},{"type":"function","function":{"name":"open","parameters":{"properties":{}}}},{"type":"web_search_20250305","name":"web_search","max_uses":5},{"name":"own","input_schema":{"type":"object"}}]"#
        #expect(try AnthropicAsk.field("tools", sent) == """
            [{"name":"get_weather","description":"Says \\"how\\" it is.","input_schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]},"cache_control":{"type":"ephemeral"}},\
            {"name":"none","input_schema":{"type":"object","properties":{}}},{"name":"open","input_schema":{"type":"object","properties":{}}},\
            {"type":"web_search_20250305","name":"web_search","max_uses":5},{"name":"own","input_schema":{"type":"object"}}]
            """)
        #expect(try AnthropicAsk.field("tools", #""tools":[]"#) == nil)
    }

    @Test(arguments: [
        ("", nil), (#""tool_choice":"auto""#, #"{"type":"auto"}"#), (#""tool_choice":"none""#, #"{"type":"none"}"#), (#""tool_choice":"required""#, #"{"type":"any"}"#),
        (#""tool_choice":{"type":"function","function":{"name":"f"}}"#, #"{"type":"tool","name":"f"}"#), (#""tool_choice":{"type":"tool","name":"f","x":1}"#, #"{"type":"tool","name":"f","x":1}"#), (#""tool_choice":null"#, nil),
        (#""parallel_tool_calls":false"#, #"{"type":"auto","disable_parallel_tool_use":true}"#), (#""parallel_tool_calls":true"#, nil),
        (#""tool_choice":"required","parallel_tool_calls":false"#, #"{"type":"any","disable_parallel_tool_use":true}"#), (#""tool_choice":"none","parallel_tool_calls":false"#, #"{"type":"none"}"#),
        (#""tool_choice":{"type":"auto"},"parallel_tool_calls":false"#, #"{"type":"auto","disable_parallel_tool_use":true}"#),
        (#""tool_choice":{"type":"any","disable_parallel_tool_use":false},"parallel_tool_calls":false"#, #"{"type":"any","disable_parallel_tool_use":false}"#),
    ] as [(String, String?)])
    func choices(sent: String, expected: String?) throws {
        let tools = #""tools":[\#(Self.weather)]"#
        #expect(try AnthropicAsk.field("tool_choice", sent.isEmpty ? tools : "\(tools),\(sent)") == expected)
        // Anthropic refuses a choice among no tools.
        #expect(try AnthropicAsk.field("tool_choice", sent) == nil)
        #expect(try AnthropicAsk.field("parallel_tool_calls", sent) == nil)
    }

    @Test(arguments: [
        (#""""#, "{}"), ("null", "{}"), (#"" ""#, "{}"), (#""{}""#, "{}"), (#"" {\"a\": \"漢 \\\"q\\\"\"}\n""#, #"{"a": "漢 \"q\""}"#), (#"{"a":1}"#, #"{"a":1}"#),
    ])
    func arguments(sent: String, expected: String) throws {
        let text = #"[{"role":"user","content":"u"},{"role":"assistant","tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":\#(sent)}}]},{"role":"tool","tool_call_id":"t","content":"r"}]"#
        #expect(try messages(text)?.contains(#"{"type":"tool_use","id":"t","name":"f","input":\#(expected)}"#) == true)
    }

    @Test(arguments: [
        (#""content":"15 degrees""#, #","content":[{"type":"text","text":"15 degrees"}]"#), (#""content":"""#, ""), (#""content":[]"#, ""),
        (#""content":"x","is_error":true"#, #","content":[{"type":"text","text":"x"}],"is_error":true"#),
        (#""content":"x","cache_control":{"type":"ephemeral"}"#, #","content":[{"type":"text","text":"x"}],"cache_control":{"type":"ephemeral"}"#),
        (#""content":[{"type":"text","text":"a"},{"type":"text","text":"b","cache_control":{"type":"ephemeral"}}]"#, #","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"cache_control":{"type":"ephemeral"}"#),
        (#""content":[{"type":"image_url","image_url":{"url":"https://x/y"}}]"#, #","content":[{"type":"image","source":{"type":"url","url":"https://x/y"}}]"#),
    ])
    func results(sent: String, expected: String) throws {
        let text = #"[{"role":"user","content":"u"},{"role":"tool","tool_call_id":"functions.f:0",\#(sent)}]"#
        #expect(try messages(text) == "[\(Self.user(#"{"type":"tool_result","tool_use_id":"functions_f_0"\#(expected)},"# + Self.text("u")))]")
    }

    /// A conversation as an OpenAI client keeps it: what the model answered goes back in, the results, and what the
    /// user says next.
    @Test func aConversationGoesRound() throws {
        let stream = try OpenAIStream(AnthropicScript.translate([Array(AnthropicScript.framed([
            AnthropicScript.start(), AnthropicScript.block(0, #"{"type":"thinking","thinking":"","signature":""}"#),
            AnthropicScript.delta(0, #"{"type":"thinking_delta","thinking":"Two \"cities\"."}"#), AnthropicScript.delta(0, #"{"type":"signature_delta","signature":"c2ln"}"#), AnthropicScript.stop(0),
            AnthropicScript.block(1, #"{"type":"text","text":""}"#), AnthropicScript.text(1, #""I'll look.""#), AnthropicScript.stop(1),
            AnthropicScript.block(2, #"{"type":"tool_use","id":"toolu_1","name":"get_weather","input":{}}"#), AnthropicScript.delta(2, #"{"type":"input_json_delta","partial_json":"{\"city\":\"A\"}"}"#), AnthropicScript.stop(2),
            AnthropicScript.block(3, #"{"type":"tool_use","id":"toolu_2","name":"get_weather","input":{}}"#), AnthropicScript.stop(3),
            AnthropicScript.end("tool_use"), AnthropicScript.end,
        ]).utf8)[...]]))
        let calls = stream.tools.map { tool in
            JSONWriter.text { writer in
                writer.object {
                    $0.member("id", tool.id)
                    $0.member("type", "function")
                    $0.key("function")
                    $0.object { $0.member("name", tool.name); $0.member("arguments", tool.arguments) }
                }
            }.asString
        }
        let answer = JSONWriter.text { writer in
            writer.object {
                $0.member("role", "assistant")
                $0.member("content", stream.content)
                $0.member("reasoning_content", stream.reasoning)
                $0.member("reasoning_signature", stream.signature)
                $0.key("tool_calls")
                $0.json(ByteBuffer(string: "[\(calls.joined(separator: ","))]"))
            }
        }.asString
        let sent = #"[{"role":"user","content":"Weather in A and B?"},\#(answer),{"role":"tool","tool_call_id":"toolu_1","content":"sun"},{"role":"tool","tool_call_id":"toolu_2","content":"rain"},{"role":"user","content":"And C?"}]"#
        #expect(try messages(sent, #""tools":[\#(Self.weather)],"reasoning_effort":"low""#) == """
            [{"role":"user","content":[{"type":"text","text":"Weather in A and B?"}]},\
            {"role":"assistant","content":[{"type":"thinking","thinking":"Two \\"cities\\".","signature":"c2ln"},{"type":"text","text":"I'll look."},\
            {"type":"tool_use","id":"toolu_1","name":"get_weather","input":{"city":"A"}},{"type":"tool_use","id":"toolu_2","name":"get_weather","input":{}}]},\
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"sun"}]},\
            {"type":"tool_result","tool_use_id":"toolu_2","content":[{"type":"text","text":"rain"}]},{"type":"text","text":"And C?"}]}]
            """)
        #expect(try AnthropicAsk.field("thinking", #""tools":[\#(Self.weather)],"reasoning_effort":"low""#, messages: sent) != nil)
        // Without its signature the thought is not sent, and so no new one is asked for, which Anthropic would refuse.
        let unsigned = sent.replacing(#","reasoning_signature":"c2ln""#, with: "")
        #expect(try messages(unsigned)?.contains("thinking") == false)
        #expect(try AnthropicAsk.field("thinking", #""reasoning_effort":"low""#, messages: unsigned) == nil)
    }

    /// As other gateways hand thoughts to their callers.
    @Test func thinkingBlocksPass() throws {
        let blocks = #"{"type":"thinking", "thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"}"#
        let sent = #"[{"role":"user","content":"u"},{"role":"assistant","content":"a","reasoning_content":"t","thinking_blocks":[\#(blocks)]},{"role":"user","content":"v"}]"#
        #expect(try messages(sent)?.contains(Self.assistant(blocks + "," + Self.text("a"))) == true)
    }
}
