import Core
import NIOCore
import Testing
@testable import Wire

/// What the gateway understands of a provider's chunks and answers.
@Suite struct ProviderAnswerTests {
    private func chunk(_ text: String) -> ChunkFacts? { ProviderAnswer.chunk(ByteBuffer(string: text)) }
    private func whole(_ text: String) -> ProviderAnswer.Whole? { ProviderAnswer.whole(ByteBuffer(string: text)) }

    private func choice(_ delta: String, finish: String = "null") -> String {
        #"{"id":"c","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(finish)}],"usage":null}"#
    }

    // MARK: Chunks

    @Test(arguments: [
        #"{"content":"a"}"#, #"{"content":" "}"#, #"{"content":"\n"}"#, #"{"role":"assistant","content":"a"}"#,
        #"{"refusal":"no"}"#,
        #"{"content":null,"reasoning_content":"hm"}"#, #"{"content":"","reasoning":"hm"}"#,
        #"{"reasoning_details":[{"type":"x"}]}"#,
        #"{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}"#,
        #"{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}"#, #"{"function_call":{"name":"f"}}"#,
        #"{"audio":{"id":"a"}}"#,
        #"{"content":[{"type":"text","text":"a"}]}"#, #"{"something_new":"x"}"#, #"{"cont\u0065nt":"a"}"#,
    ])
    func isContent(delta: String) {
        let facts = chunk(choice(delta))
        #expect(facts?.hasContent == true)
        #expect(facts?.finishReason == nil)
    }

    @Test func kindsOfContent() {
        #expect(chunk(choice(#"{"content":"a"}"#))?.content == .text)
        #expect(chunk(choice(#"{"content":"a","reasoning_content":"b"}"#))?.content == [.text, .reasoning])
        #expect(chunk(choice(#"{"reasoning":"b"}"#))?.content == .reasoning)
        #expect(chunk(choice(#"{"refusal":"b"}"#))?.content == .other)
        #expect(chunk(choice(#"{"content":[{"type":"text","text":"a"}]}"#))?.content == .other)
        #expect(chunk(#"{"choices":[{"index":1,"delta":{"content":"a"}}]}"#)?.content == .other)
        #expect(chunk(#"{"choices":[{"delta":{"content":"a"}}]}"#)?.content == .text)
    }

    @Test(arguments: [#"a"#, #"\"ü\\u00e9 😀"#]) func whereTheTextStands(escaped: String) throws {
        let payload = choice(#"{"role":"assistant","content":"\#(escaped)"}"#)
        let range = try #require(chunk(payload)?.text)
        #expect(String(decoding: Array(payload.utf8)[range], as: UTF8.self) == escaped)
        #expect(chunk(#"{"choices":[{"index":1,"delta":{"content":"a"}}]}"#)?.text == nil)
    }

    @Test(arguments: [
        "{}", "null", #"{"role":"assistant"}"#, #"{"role":"assistant","content":""}"#, #"{"content":null}"#,
        #"{"content":[]}"#,
        #"{"role":"assistant","content":"","refusal":null}"#,
        #"{"content":"","tool_calls":[],"function_call":null,"audio":{}}"#,
        #"{"content":"","reasoning_content":""}"#, #"{"content":null,"reasoning":null}"#,
        #"{"name":"bot","id":"1","role":"assistant"}"#,
        #"{"prefix":false,"index":3}"#, "7", #""text""#,
    ])
    func isNoContent(delta: String) {
        #expect(chunk(choice(delta)) == ChunkFacts())
    }

    @Test(arguments: ["stop", "length", "tool_calls", "content_filter", "function_call"])
    func finishReasons(reason: String) {
        #expect(chunk(choice("{}", finish: "\"\(reason)\"")) == ChunkFacts(finishReason: reason, finished: [0]))
        let withText = chunk(choice(#"{"content":"x"}"#, finish: "\"\(reason)\""))
        #expect(withText?.hasContent == true)
        #expect(withText?.finishReason == reason)
    }

    @Test func severalChoices() {
        let facts = chunk(#"{"choices":[{"delta":{}},{"index":1,"delta":{"content":"b"},"finish_reason":"stop"}]}"#)
        #expect(facts == ChunkFacts(content: .other, size: ContentSize(written: 1), finishReason: "stop", finished: [1]))
    }

    static let usage = #"""
        {"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,
         "prompt_tokens_details":{"cached_tokens":64,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":5}}
        """#

    @Test func usageAlone() {
        let expected = Usage(promptTokens: 100, completionTokens: 20, cachedPromptTokens: 64, reasoningTokens: 5)
        #expect(chunk(#"{"choices":[],"usage":\#(Self.usage)}"#) == ChunkFacts(isUsageOnly: true, usage: expected))
    }

    @Test func usageWithTheLastChoice() {
        let facts = chunk(#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":\#(Self.usage)}"#)
        #expect(facts?.usage?.totalTokens == 120)
        #expect(facts?.isUsageOnly == false)
        #expect(facts?.finishReason == "stop")
    }

    @Test(arguments: [
        (#"{"prompt_tokens":3}"#, Usage(promptTokens: 3, completionTokens: 0)),
        (
            #"{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":null}"#,
            Usage(promptTokens: 3, completionTokens: 4)
        ),
        (#"{"prompt_tokens":3.0,"completion_tokens":1e1}"#, Usage(promptTokens: 3, completionTokens: 10)),
        (#"{"prompt_tokens":-3,"completion_tokens":-1}"#, Usage(promptTokens: 0, completionTokens: 0)),
        (
            #"{"prompt_tokens":3,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":9}}"#,
            Usage(promptTokens: 3, completionTokens: 1, cachedPromptTokens: 3)
        ),
        ("{}", nil), ("null", nil), ("[]", nil), (#"{"prompt_tokens":"3"}"#, nil), (#"{"prompt_tokens":1e300}"#, nil),
        (#"{"completion_tokens":3}"#, nil),
    ] as [(String, Usage?)])
    func usageIsReadWithCare(text: String, expected: Usage?) {
        #expect(chunk(#"{"choices":[{"delta":{}}],"usage":\#(text)}"#)?.usage == expected)
        #expect(whole(#"{"choices":[],"usage":\#(text)}"#)?.usage == expected)
    }

    /// Azure's first chunk tells of its filter and has no choices; it is the caller's to see.
    @Test(arguments: [
        #"{"choices":[],"prompt_filter_results":[{"prompt_index":0}]}"#, #"{"choices":[],"usage":null}"#,
        #"{"choices":[]}"#,
    ])
    func withoutUsageItIsNoUsageChunk(text: String) {
        #expect(chunk(text) == ChunkFacts())
    }

    @Test(arguments: [
        (#"{"error":{"message":"overloaded","type":"server_error","code":null}}"#, "overloaded"),
        (#"{"error":"overloaded"}"#, "overloaded"), (#"{"choices":[],"error":{"message":"m"}}"#, "m"),
        (#"{"error":{"code":500}}"#, "The provider reported an error without a message."),
        (#"{"error":{"message":null}}"#, "The provider reported an error without a message."),
        (#"{"error":500}"#, "The provider reported an error without a message."),
    ])
    func errors(text: String, message: String) {
        #expect(chunk(text)?.failure?.message == message)
    }

    @Test(arguments: ["null", "\"\"", "{}", "[]", "false", "0"]) func anErrorThatSaysNothingIsNone(error: String) {
        let facts = chunk(#"{"error":\#(error),"choices":[{"delta":{"content":"a"}}]}"#)
        #expect(facts?.failure == nil)
        #expect(facts?.content == .text)
        #expect(ProviderAnswer.failure(in: ByteBuffer(string: #"{"error":\#(error)}"#)) == nil)
    }

    @Test(arguments: [
        "", "x", "{", "[]", "null", "{}", #"{"choices":null}"#, #"{"choices":{}}"#, #"{"object":"ping"}"#, "<html>",
        "[DONE]",
    ])
    func isNoChunk(text: String) { #expect(chunk(text) == nil) }

    @Test func theEnd() {
        #expect(ProviderAnswer.isDone(ByteBuffer(string: "[DONE]")))
        #expect(ProviderAnswer.isDone(ByteBuffer(string: "[DONE] ")))
        for text in ["", "DONE", "[DONE", " [DONE]", "\"[DONE]\"", "[done]"] {
            #expect(!ProviderAnswer.isDone(ByteBuffer(string: text)))
        }
    }

    @Test(arguments: [
        (#"{"choices":[{"index":0,"delta":{"content":"a\n\u0062"}}]}"#, "a\nb"),
        (#"{"choices":[{"delta":{"content":""}}]}"#, ""),
        (#"{"choices":[{"index":1,"delta":{"content":"b"}},{"index":0,"delta":{"content":"a"}}]}"#, "a"),
        (#"{"choices":[{"index":1,"delta":{"content":"b"}}]}"#, nil),
        (#"{"choices":[{"index":0,"delta":{"content":null}}]}"#, nil),
        (#"{"choices":[{"index":0,"delta":{"content":"cut \ud83d"}}]}"#, "cut \u{FFFD}"), (#"{"choices":[]}"#, nil),
        ("{}", nil), ("x", nil),
    ] as [(String, String?)])
    func deltaText(text: String, expected: String?) {
        #expect(ProviderAnswer.deltaText(ByteBuffer(string: text)) == expected)
    }

    // MARK: Whole answers

    private func answer(_ message: String, finish: String = #""stop""#) -> String {
        #"{"id":"c","choices":[{"index":0,"message":\#(message),"finish_reason":\#(finish)}],"usage":\#(Self.usage)}"#
    }

    @Test func aWholeAnswer() {
        let expected = ProviderAnswer.Whole(
            usage: Usage(promptTokens: 100, completionTokens: 20, cachedPromptTokens: 64, reasoningTokens: 5),
            finishReason: "stop", hasContent: true, text: "Hi 漢")
        #expect(whole(answer(#"{"role":"assistant","content":"Hi \u6f22","refusal":null,"annotations":[]}"#)) == expected)
    }

    @Test(arguments: [
        (#"{"content":"a"}"#, "stop", true, "a"), (#"{"content":""}"#, "stop", false, ""),
        (#"{"content":null}"#, "stop", false, ""),
        (#"{"role":"assistant"}"#, "stop", false, ""),
        (#"{"content":null,"tool_calls":[{"id":"t"}]}"#, "tool_calls", true, ""),
        (#"{"content":null,"tool_calls":[]}"#, "tool_calls", false, ""),
        (#"{"content":null,"refusal":"no"}"#, "stop", true, ""),
        (#"{"content":"","reasoning_content":"hm"}"#, "length", true, ""), (#"{"content":""}"#, "length", true, ""),
        (#"{"content":""}"#, "content_filter", true, ""),
        (#"{"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}"#, "stop", true, "a\nb"),
        (#"{"content":null,"audio":{"id":"x","data":"AA"}}"#, "stop", true, ""),
        (#"{"content":"half \ud83d"}"#, "length", true, "half \u{FFFD}"),
    ])
    func contentOfWholeAnswers(message: String, finish: String, hasContent: Bool, text: String) throws {
        let answer = try #require(whole(answer(message, finish: "\"\(finish)\"")))
        #expect(answer.hasContent == hasContent)
        #expect(answer.text == text)
        #expect(answer.finishReason == finish)
    }

    @Test func theFirstChoiceSpeaksForTheNativeAPI() {
        let second = #"{"message":{"content":"b"},"finish_reason":"length"}"#
        let both = whole(#"{"choices":[{"message":{"content":""},"finish_reason":"stop"},\#(second)]}"#)
        #expect(both == ProviderAnswer.Whole(finishReason: "stop", hasContent: true, size: ContentSize(written: 1), text: ""))
        #expect(whole(#"{"choices":[]}"#) == ProviderAnswer.Whole())
        #expect(whole(answer(#"{"content":"a"}"#, finish: "null"))?.finishReason == nil)
    }

    @Test(arguments: [
        "", "{}", "[]", "null", "<html></html>", #"{"error":{"message":"m"}}"#, #"{"choices":null}"#,
        #"{"choices":[{}]}"#,
        #"{"choices":[{"message":"hi"}]}"#, #"{"choices":[{"delta":{"content":"a"}}]}"#,
        #"{"choices":[{"text":"completion"}]}"#,
        #"{"choices":[{"message":{"content":"a"}}]"#,
    ])
    func isNoAnswer(text: String) { #expect(whole(text) == nil) }
}
