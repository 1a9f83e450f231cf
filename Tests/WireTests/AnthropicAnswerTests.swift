import Core
import NIOCore
import Testing
@testable import Wire

/// Anthropic's whole answers and errors as OpenAI's.
@Suite struct AnthropicAnswerTests {
    private func message(_ content: String, _ reason: String = #""end_turn""#, more: String = "") -> String {
        #"{"id":"msg_01X","type":"message","role":"assistant","model":"claude-there","content":\#(content),"stop_reason":\#(reason),"stop_sequence":null\#(more),"usage":{"input_tokens":12,"output_tokens":6}}"#
    }

    private func whole(_ text: String) -> String? {
        AnthropicAnswer.whole(ByteBuffer(string: text), created: 1_700_000_000)?.asString
    }

    @Test func aText() {
        #expect(whole(message(#"[{"type":"text","text":"Hi \"漢\"\n"}]"#)) == """
            {"id":"chatcmpl-msg_01X","object":"chat.completion","created":1700000000,"model":"claude-there","choices":\
            [{"index":0,"message":{"role":"assistant","content":"Hi \\"漢\\"\\n","refusal":null},"finish_reason":"stop"}],\
            "usage":{"prompt_tokens":12,"completion_tokens":6,"total_tokens":18,"prompt_tokens_details":{"cached_tokens":0,"cache_creation_tokens":0}}}
            """)
    }

    private func part(_ text: String, _ name: StaticString) throws -> String? {
        let answer = try #require(whole(text))
        let choice = try readJSON(answer)["choices"]?.firstChild
        return (choice?["message"]?[name] ?? choice?[name]).map { String(buffer: $0.text) }
    }

    /// Cited texts come in many blocks that belong together.
    @Test func severalTexts() throws {
        let text = message(#"[{"type":"text","text":"a "},{"type":"web_search_tool_result","content":[]},{"type":"text","text":"b","citations":[]},{"type":"new"}]"#)
        #expect(try part(text, "content") == #""a b""#)
    }

    @Test func toolCalls() throws {
        let text = message(
            #"[{"type":"tool_use","id":"toolu_1","name":"f","input":{"a": [1, "x\"y"]}},{"type":"tool_use","id":"toolu_2","name":"g","input":{}},{"type":"server_tool_use","id":"s","name":"web_search","input":{}}]"#, #""tool_use""#)
        #expect(try part(text, "content") == "null")
        #expect(try part(text, "finish_reason") == #""tool_calls""#)
        #expect(try part(text, "tool_calls") == """
            [{"id":"toolu_1","type":"function","function":{"name":"f","arguments":"{\\"a\\": [1, \\"x\\\\\\"y\\"]}"}},\
            {"id":"toolu_2","type":"function","function":{"name":"g","arguments":"{}"}}]
            """)
        let facts = ProviderAnswer.whole(ByteBuffer(string: try #require(whole(text))))
        #expect(facts == ProviderAnswer.Whole(usage: Usage(promptTokens: 12, completionTokens: 6), finishReason: "tool_calls", hasContent: true))
    }

    @Test func thoughts() throws {
        let text = message(#"[{"type":"thinking","thinking":"hm ","signature":"c2ln"},{"type":"redacted_thinking","data":"ZGF0YQ"},{"type":"thinking","thinking":"so","signature":"dHdv"},{"type":"text","text":"a"}]"#)
        #expect(try part(text, "reasoning_content") == #""hm so""#)
        #expect(try part(text, "reasoning_signature") == #""c2ln;-:ZGF0YQ;2:dHdv""#)
        #expect(try part(text, "content") == #""a""#)
    }

    @Test func aRefusal() throws {
        let details = #","stop_details":{"type":"refusal","category":"cyber","explanation":"Declined."}"#
        let text = message("[]", #""refusal""#, more: details)
        #expect(try part(text, "finish_reason") == #""content_filter""#)
        #expect(try part(text, "refusal") == #""Declined.""#)
        #expect(try part(message("[]", #""refusal""#), "refusal") == "null")
        #expect(ProviderAnswer.whole(ByteBuffer(string: try #require(whole(message("[]", #""refusal""#)))))?.hasContent == true)
    }

    @Test func theCacheIsCountedOnce() throws {
        let text = #"{"id":"m","type":"message","model":"c","content":[{"type":"text","text":"a"}],"stop_reason":"max_tokens","usage":{"input_tokens":21,"cache_creation_input_tokens":300,"cache_read_input_tokens":1000,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},"output_tokens":5,"output_tokens_details":{"thinking_tokens":3}}}"#
        let facts = ProviderAnswer.whole(ByteBuffer(string: try #require(whole(text))))
        #expect(facts?.usage == Usage(promptTokens: 1321, completionTokens: 5, cachedPromptTokens: 1000, cacheWriteTokens: 100, longCacheWriteTokens: 200, reasoningTokens: 3))
        #expect(facts?.finishReason == "length")
    }

    @Test(arguments: [
        #"{"input_tokens":-5,"output_tokens":-1,"cache_read_input_tokens":-9}"#, #"{"input_tokens":"5"}"#, #"{"output_tokens":1e300}"#, "{}",
    ])
    func nonsenseIsNoUsage(usage: String) throws {
        let text = #"{"type":"message","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn","usage":\#(usage)}"#
        #expect(ProviderAnswer.whole(ByteBuffer(string: try #require(whole(text))))?.usage == Usage(promptTokens: 0, completionTokens: 0))
    }

    @Test(arguments: [
        "", "{}", "[]", "<html>", #"{"type":"error","error":{"type":"api_error","message":"m"}}"#, #"{"type":"message"}"#, #"{"type":"message","content":"a"}"#,
        #"{"choices":[{"message":{"content":"a"}}]}"#, #"{"type":"message","content":[]"#,
    ])
    func isNoMessage(text: String) { #expect(whole(text) == nil) }

    // MARK: Errors

    struct Failure: Sendable, CustomTestStringConvertible {
        let status: Int
        let type: String
        let message: String
        let expected: String
        let fault: Fault
        var testDescription: String { "\(status) \(message)" }

        init(_ status: Int, _ type: String, _ message: String, _ expected: String, _ fault: Fault) {
            (self.status, self.type, self.message, self.expected, self.fault) = (status, type, message, expected, fault)
        }
    }

    static let failures = [
        Failure(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", #""invalid_request_error","param":null,"code":"context_length_exceeded""#, .contextTooLong),
        Failure(400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000, decrease input length or `max_tokens` and try again", #""invalid_request_error","param":null,"code":"context_length_exceeded""#, .contextTooLong),
        Failure(400, "invalid_request_error", "Output blocked by content filtering policy", #""invalid_request_error","param":null,"code":"content_filter""#, .contentFilter),
        Failure(400, "invalid_request_error", "messages: text content blocks must be non-empty", #""invalid_request_error","param":null,"code":null"#, .callerMistake),
        Failure(401, "authentication_error", "invalid x-api-key", #""authentication_error","param":null,"code":"invalid_api_key""#, .badKey),
        Failure(402, "billing_error", "Payment is due.", #""insufficient_quota","param":null,"code":"insufficient_quota""#, .badKey),
        Failure(403, "permission_error", "Your API key does not have permission to use the specified resource.", #""permission_error","param":null,"code":"permission_denied""#, .badKey),
        Failure(404, "not_found_error", "model: claude-nine", #""invalid_request_error","param":null,"code":"model_not_found""#, .modelGone),
        Failure(404, "not_found_error", "Not Found", #""invalid_request_error","param":null,"code":"not_found""#, .callerMistake),
        Failure(413, "request_too_large", "Request exceeds the maximum size", #""invalid_request_error","param":null,"code":"request_too_large""#, .callerMistake),
        Failure(429, "rate_limit_error", "This request would exceed your account's rate limit.", #""rate_limit_error","param":null,"code":"rate_limit_exceeded""#, .rateLimited),
        Failure(500, "api_error", "Internal server error", #""api_error","param":null,"code":"server_error""#, .serverError),
        Failure(504, "timeout_error", "The request timed out.", #""timeout_error","param":null,"code":"timeout""#, .serverError),
        Failure(529, "overloaded_error", "Overloaded", #""overloaded_error","param":null,"code":"overloaded""#, .serverError),
        Failure(409, "conflict_error", "It changed.", #""conflict_error","param":null,"code":null"#, .callerMistake),
    ]

    @Test(arguments: failures)
    func errors(failure: Failure) {
        let body = #"{"type":"error","error":{"type":"\#(failure.type)","message":"\#(failure.message)"},"request_id":"req_011"}"#
        let translated = AnthropicAnswer.error(status: failure.status, body: ByteBuffer(string: body))
        #expect(translated.asString == #"{"error":{"message":"\#(failure.message)","type":\#(failure.expected)}}"#)
        let read = ProviderFailure(status: failure.status, body: translated)
        #expect(read.fault == failure.fault)
        #expect(read.message == failure.message)
        #expect(read.isOpenAIShape)
    }

    @Test(arguments: [
        (401, "", Fault.badKey), (403, "<html>", .badKey), (413, "<html><h1>413 Request Entity Too Large</h1></html>", .callerMistake),
        (429, "{}", .rateLimited), (500, "null", .serverError), (502, "<html>", .serverError), (529, "", .serverError), (400, "[]", .callerMistake),
        (404, "", .callerMistake),
    ])
    func bodiesThatAreNotAnthropics(status: Int, body: String, fault: Fault) throws {
        let translated = AnthropicAnswer.error(status: status, body: ByteBuffer(string: body))
        let read = ProviderFailure(status: status, body: translated)
        #expect(read.fault == fault)
        #expect(read.message == "The provider answered with status \(status).")
        let error = try readJSON(translated.asString)["error"]
        #expect(error?.children.compactMap(\.key) == ["message", "type", "param", "code"])
    }

    /// The gateway's own account is empty: no caller can mend that.
    @Test(arguments: [
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
        "You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.",
    ])
    func anEmptyAccount(message: String) throws {
        let body = ByteBuffer(string: #"{"type":"error","error":{"type":"invalid_request_error","message":"\#(message)"}}"#)
        let error = try readJSON(AnthropicAnswer.error(status: 400, body: body).asString)["error"]
        #expect(error?["code"]?.string == "insufficient_quota")
    }
}
