import Core
import NIOCore
import Testing
@testable import Wire

/// Errors that come behind a status of 200, and what of a provider's words is shown.
@Suite struct ReportedFailureTests {
    @Test(arguments: [
        (#"{"message":"m"}"#, Fault.serverError), (#"{"code":429}"#, .rateLimited), (#"{"code":"429"}"#, .rateLimited),
        (#"{"status":503,"code":"x"}"#, .serverError), (#"{"code":"rate_limit_exceeded"}"#, .rateLimited),
        (#"{"type":"rate_limit_error"}"#, .rateLimited), (#"{"status":"RESOURCE_EXHAUSTED"}"#, .rateLimited),
        (#"{"type":"overloaded_error","message":"Overloaded"}"#, .serverError), (#"{"code":"insufficient_quota"}"#, .badKey),
        (#"{"type":"authentication_error"}"#, .badKey), (#"{"code":401}"#, .badKey),
        (#"{"code":"context_length_exceeded"}"#, .contextTooLong), (#"{"code":400,"message":"maximum context length is 8"}"#, .contextTooLong),
        (#"{"code":"content_filter"}"#, .contentFilter), (#"{"code":"model_not_found"}"#, .modelGone),
        (#"{"type":"invalid_request_error","message":"odd"}"#, .callerMistake), (#"{"code":200}"#, .serverError), (#""busy""#, .serverError),
        ("500", .serverError),
    ])
    func isClassifiedByItsCodeOrType(error: String, fault: Fault) throws {
        let chunk = try #require(ProviderAnswer.chunk(ByteBuffer(string: #"{"error":\#(error)}"#)))
        #expect(chunk.failure?.fault == fault)
        #expect(ProviderAnswer.failure(in: ByteBuffer(string: #"{"error":\#(error)}"#))?.fault == fault)
    }

    @Test(arguments: [
        ("Incorrect API key provided: sk-canary-0123456789.", "Incorrect API key provided: …."),
        ("sk-abc*******xyz is wrong", "… is wrong"), ("token=ghijk0123456789lmnopqrstuv&x", "token=…&x"),
        ("Rate limit reached for claude-sonnet-4-5-20250929 on 2026-10-09", "Rate limit reached for claude-sonnet-4-5-20250929 on 2026-10-09"),
        ("internationalization 12345678901234567890", "internationalization 12345678901234567890"), ("Grüß 😀", "Grüß 😀"),
    ])
    func whatLooksLikeAKeyIsMasked(words: String, shown: String) {
        #expect(ProviderWords.masked(words) == shown)
    }

    @Test func anErrorListsWhatWasTried() throws {
        let error = GatewayError(.providersFailed, .provider, "m")
        #expect(String(buffer: ErrorAnswer.body(of: error)) == #"{"error":{"message":"m","type":"api_error","param":null,"code":"providers_failed"}}"#)
        let body = ErrorAnswer.body(of: error, attempts: [
            .init(deployment: "a/x", fault: "cut", detail: "d\"", seconds: 0.5), .init(deployment: "b/y", fault: "breaker_open"),
        ])
        #expect(String(buffer: body) == #"{"error":{"message":"m","type":"api_error","param":null,"code":"providers_failed","attempts":[{"deployment":"a/x","fault":"cut","detail":"d\"","seconds":0.5},{"deployment":"b/y","fault":"breaker_open"}]}}"#)
    }
}
