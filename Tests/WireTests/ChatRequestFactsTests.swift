import Core
import NIOCore
import Testing
import Wire

/// What the gateway reads from a request.
@Suite struct ChatRequestFactsTests {
    private func request(
        _ members: String = "", messages: String = #"[{"role":"user","content":"hi"}]"#
    ) throws -> ChatRequest {
        let comma = members.isEmpty ? "" : ","
        return try ChatRequest(ByteBuffer(string: #"{"model":"m","messages":\#(messages)\#(comma)\#(members)}"#))
    }

    @Test func theLeastRequest() throws {
        let request = try request()
        #expect(request.model == "m")
        #expect(!request.isStream)
        #expect(!request.wantsUsage)
        #expect(request.needs == [])
        #expect(request.outputTokenLimit == nil)
        #expect(request.messageCount == 1)
        #expect(request.lastUserText == "hi")
    }

    @Test func theModelsNameIsUnescaped() throws {
        let body = #"{"model":"agent\/d\u0065v","messages":[{"role":"user","content":"hi"}]}"#
        #expect(try ChatRequest(ByteBuffer(string: body)).model == "agent/dev")
    }

    @Test func namesMayBeEscaped() throws {
        let message = #"{"rol\u0065":"user","cont\u0065nt":"hi"}"#
        let body = #"{"mod\u0065l":"m","m\u0065ssages":[\#(message)],"str\u0065am":true,"max\u005ftokens":7}"#
        let request = try ChatRequest(ByteBuffer(string: body))
        #expect(request.isStream)
        #expect(request.outputTokenLimit == 7)
        #expect(request.lastUserText == "hi")
    }

    @Test func streaming() throws {
        #expect(try request(#""stream":true"#).isStream)
        #expect(try !request(#""stream":null"#).isStream)
        #expect(try !request(#""stream":true"#).wantsUsage)
        #expect(try request(#""stream":true,"stream_options":{"include_usage":true}"#).wantsUsage)
        #expect(try !request(#""stream":true,"stream_options":{"include_usage":false}"#).wantsUsage)
        #expect(try !request(#""stream":true,"stream_options":{"include_usage":null}"#).wantsUsage)
        #expect(try !request(#""stream":true,"stream_options":{"include_obfuscation":true}"#).wantsUsage)
    }

    @Test(arguments: [
        ("", nil), (#""max_tokens":10"#, 10), (#""max_completion_tokens":20"#, 20),
        (#""max_tokens":10,"max_completion_tokens":20"#, 20),
        (#""max_completion_tokens":20,"max_tokens":10"#, 20), (#""max_tokens":10,"max_completion_tokens":null"#, 10),
        (#""max_tokens":null"#, nil),
    ] as [(String, Int?)])
    func outputTokenLimit(members: String, expected: Int?) throws {
        #expect(try request(members).outputTokenLimit == expected)
    }

    static let image = #"{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}"#
    static let audio = #"{"type":"input_audio","input_audio":{"data":"AAAA","format":"wav"}}"#

    @Test(arguments: [
        ("", #""hi""#, []), (#""tools":[]"#, #""hi""#, []), (#""tools":[{"type":"function"}]"#, #""hi""#, .tools),
        (#""tool_choice":"auto""#, #""hi""#, []),
        (#""response_format":{"type":"json_schema","json_schema":{}}"#, #""hi""#, .responseSchema),
        (#""response_format":{"type":"json_object"}"#, #""hi""#, []), (#""response_format":{}"#, #""hi""#, []),
        ("", "[\(image)]", .vision), ("", "[\(audio)]", .audio), ("", #"[{"type":"text","text":"image_url"}]"#, []),
        (
            #""tools":[{}],"response_format":{"type":"json_schema"}"#, "[\(audio),\(image)]",
            [.tools, .responseSchema, .vision, .audio]
        ),
    ] as [(String, String, Abilities)])
    func needs(members: String, content: String, expected: Abilities) throws {
        #expect(try request(members, messages: #"[{"role":"user","content":\#(content)}]"#).needs == expected)
    }

    /// An image in the middle of a long conversation counts as well as one in the last message.
    @Test func earlierMessagesHaveNeedsToo() throws {
        let later = #"{"role":"assistant","content":"a cat"},{"role":"user","content":"sure?"}"#
        let messages = #"[{"role":"user","content":[\#(Self.image)]},\#(later)]"#
        #expect(try request(messages: messages).needs == .vision)
        #expect(try request(messages: messages).messageCount == 3)
    }

    @Test func promptTokensAreThoseOfAllThatIsRead() throws {
        func tokens(_ content: String, _ members: String = "") throws -> Int {
            try request(members, messages: #"[{"role":"user","content":\#(content)}]"#).promptTokens
        }
        let text = String(repeating: "a quiet harbour, ", count: 200)
        let count = TokenEstimate.tokens(in: text)
        #expect((600...1200).contains(count))
        #expect(try tokens(#""""#) == 4)
        #expect(try tokens("\"\(text)\"") == count + 4)
        #expect(abs(try tokens(#"[{"type":"text","text":"\#(text)"},{"type":"text","text":"\#(text)"}]"#) - 2 * count - 4) <= 1)
        #expect(try tokens("[\(Self.image)]") == 804)
        #expect(try tokens("[\(Self.image),\(Self.image)]") == 1604)
        let tools = #"[{"name":"look","text":"\#(text)"}]"#
        #expect(try tokens(#""""#, "\"tools\":\(tools)") == 4 + TokenEstimate.tokens(in: tools))
        #expect(try tokens("[\(Self.audio)]") == 4)
        let two = #"[{"role":"system","content":"\#(text)"},{"role":"user","content":"\#(text)"}]"#
        #expect(abs(try request(messages: two).promptTokens - 2 * count - 8) <= 1)
    }

    @Test func toolCallsArePartOfThePrompt() throws {
        func tokens(_ arguments: String) throws -> Int {
            let call = #"{"id":"1","type":"function","function":{"name":"look","arguments":"\#(arguments)"}}"#
            let messages = #"[{"role":"assistant","content":null,"tool_calls":[\#(call)]},{"role":"tool","content":""}]"#
            return try request(messages: messages).promptTokens
        }
        let arguments = #"{\"place\":\"Lisbon\",\"days\":3}"#
        let plain = #"{"place":"Lisbon","days":3}"#
        #expect(abs(try tokens(arguments) - 8 - TokenEstimate.tokens(in: "look") - TokenEstimate.tokens(in: plain)) <= 1)
        #expect(try tokens(String(repeating: arguments, count: 100)) > 500)
        // What is no list of calls is the provider's to refuse.
        #expect(try request(messages: #"[{"role":"assistant","content":"x","tool_calls":"none"}]"#).promptTokens <= 6)
    }

    @Test func escapesCountAsTheirCharacters() throws {
        func tokens(_ content: String) throws -> Int {
            try request(messages: #"[{"role":"user","content":"\#(content)"}]"#).promptTokens
        }
        #expect(try tokens(#"gr\u00fc\u00df\n\tGott"#) == tokens("grüß\u{5C}n\u{5C}tGott"))
        #expect(try tokens(#"\u6f22\u5b57"#) == tokens("漢字"))
    }

    @Test(arguments: [
        ("", nil), (#""reasoning_effort":"high""#, .high), (#""reasoning_effort":"minimal""#, .minimal),
        (#""reasoning_effort":"enormous""#, nil), (#""reasoning_effort":null"#, nil), (#""reasoning_effort":3"#, nil),
    ] as [(String, RequestFacts.ReasoningEffort?)])
    func reasoningEffort(members: String, expected: RequestFacts.ReasoningEffort?) throws {
        #expect(try request(members).reasoningEffort == expected)
    }

    @Test(arguments: [
        (#"[{"role":"user","content":"a"}]"#, "a"),
        (#"[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]"#, "a"),
        (#"[{"role":"user","content":"a"},{"role":"user","content":"b\n\u0041"},{"role":"tool","content":"c"}]"#, "b\nA"),
        (#"[{"role":"user","content":"a"},{"role":"user","content":""}]"#, ""),
        (#"[{"role":"system","content":"s"}]"#, ""),
        (#"[{"role":"user","content":[]}]"#, ""),
        (#"[{"role":"user","content":[{"type":"text","text":"a"},\#(image),{"type":"text","text":"漢"}]}]"#, "a\n漢"),
        (#"[{"role":"user","content":"cut \ud83d"}]"#, "cut \u{FFFD}"),
    ])
    func lastUserText(messages: String, expected: String) throws {
        #expect(try request(messages: messages).lastUserText == expected)
    }

    @Test(arguments: [
        (#"[{"role":"user","content":"a"}]"#, []), (#"[{"role":"system","content":"s"}]"#, []),
        (#"[{"role":"user","content":"a"},{"role":"assistant","content":"x"},{"role":"user","content":"b"}]"#, ["a"]),
        (#"[{"role":"user","content":"a"},{"role":"user","content":[]},{"role":"user","content":"c"}]"#, ["", "a"]),
        (
            "[" + (1...9).map { #"{"role":"user","content":"\#($0)"},{"role":"assistant","content":"x"}"# }.joined(separator: ",") + "]",
            ["8", "7", "6", "5"]
        ),
    ] as [(String, [String])])
    func earlierUserTexts(messages: String, expected: [String]) throws {
        #expect(try request(messages: messages).earlierUserTexts == expected)
    }

    /// Every turn of a conversation repeats how it began.
    @Test func aConversationIsKnownByItsBeginning() throws {
        let first = #"{"role":"system","content":"s"},{"role":"user","content":"a"}"#
        let other = first.replacing("\"a\"", with: "\"b\"")
        func hash(_ messages: String, _ members: String = "") throws -> UInt64 {
            try request(members, messages: "[\(messages)]").conversationHash
        }
        let begun = try hash(first)
        #expect(try hash(first + #",{"role":"assistant","content":"x"},{"role":"user","content":"b"}"#, #""stream":true"#) == begun)
        #expect(try hash(other) != begun)
        #expect(try hash(#"{"role":"user","content":"a"}"#) != begun)
        let long = String(repeating: "long ", count: 5000)
        #expect(try hash(first.replacing("\"s\"", with: "\"\(long)\"")) == hash(first.replacing("\"s\"", with: "\"\(long)\"")))
        #expect(try hash(first.replacing("\"s\"", with: "\"\(long)!\"")) != hash(first.replacing("\"s\"", with: "\"\(long)\"")))
        _ = try hash(#"{"role":"system","content":"s"}"#)
    }

    @Test func aLongConversation() throws {
        let turn = #"{"role":"user","content":"question"},{"role":"assistant","content":"answer"}"#
        let request = try request(messages: "[" + Array(repeating: turn, count: 5000).joined(separator: ",") + "]")
        #expect(request.messageCount == 10_000)
        #expect((50_000...60_000).contains(request.promptTokens))
    }
}
