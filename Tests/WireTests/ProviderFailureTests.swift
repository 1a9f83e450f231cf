import Core
import NIOCore
import Testing
import Wire

/// Which fault an error answer is, by its status and what its body says.
@Suite struct ProviderFailureTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let status: Int
        let body: String
        let fault: Fault
        var testDescription: String { "\(status) \(body)" }

        init(_ status: Int, _ body: String, _ fault: Fault) {
            (self.status, self.body, self.fault) = (status, body, fault)
        }

        /// With an error of this code.
        static func code(_ status: Int, _ code: String, _ fault: Fault) -> Row {
            Row(status, #"{"error":{"message":"m","type":"t","param":null,"code":"\#(code)"}}"#, fault)
        }

        /// With an error of this message.
        static func says(_ status: Int, _ message: String, _ fault: Fault) -> Row {
            Row(status, #"{"error":{"message":"\#(message)","code":null}}"#, fault)
        }
    }

    static let byStatus = [
        Row(301, "", .malformed), Row(302, "<html>", .malformed), Row(304, "", .malformed),
        Row(400, "", .callerMistake), Row(400, "{}", .callerMistake), Row(401, "", .badKey), Row(402, "", .badKey),
        Row(403, "", .badKey),
        Row(404, "", .modelGone), Row(405, "", .callerMistake), Row(408, "", .serverError),
        Row(409, "", .callerMistake),
        Row(410, "", .modelGone), Row(413, "", .callerMistake), Row(415, "", .callerMistake),
        Row(422, "", .callerMistake),
        Row(429, "", .rateLimited), Row(500, "", .serverError), Row(501, "", .serverError),
        Row(502, "<html>", .serverError),
        Row(503, "", .serverError), Row(504, "", .serverError), Row(529, #"{"type":"error"}"#, .serverError),
        Row(599, "", .serverError),
    ]

    static let byCode: [Row] = [
        .code(400, "context_length_exceeded", .contextTooLong), .code(413, "context_length_exceeded", .contextTooLong),
        .code(400, "content_filter", .contentFilter), .code(400, "content_policy_violation", .contentFilter),
        .code(403, "content_policy_violation", .contentFilter), .code(403, "content_filter", .contentFilter),
        .code(403, "forbidden", .badKey),
        .code(404, "model_not_found", .modelGone), .code(404, "not_found", .callerMistake),
        .code(400, "invalid_value", .callerMistake),
        .code(401, "invalid_api_key", .badKey), .code(429, "insufficient_quota", .badKey),
        .code(500, "context_length_exceeded", .serverError),
        Row(400, #"{"error":{"message":"m","code":400}}"#, .callerMistake),
    ]

    static let byMessage: [Row] = [
        .says(400, "This model's maximum context length is 8192 tokens.", .contextTooLong),
        .says(400, "MAXIMUM CONTEXT reached", .contextTooLong),
        .says(400, "prompt is too long: 210000 tokens > 200000 maximum", .contextTooLong),
        .says(400, "exceeds the context window", .contextTooLong),
        .says(400, "the request exceeds the available context size", .contextTooLong),
        .says(422, "Context length exceeded", .contextTooLong),
        Row(400, #"{"error":"prompt is too long"}"#, .contextTooLong),
        Row(400, #"{"message":"the context window is full"}"#, .contextTooLong),
        .says(400, "Azure OpenAI's content management policy", .contentFilter),
        .says(400, "temperature must be at most 1", .callerMistake),
        .says(404, "The model `x` does not exist", .modelGone), .says(404, "Model not found", .modelGone),
        .says(404, "no such page", .callerMistake),
        .says(401, "This model's maximum context length", .badKey),
    ]

    @Test(arguments: byStatus + byCode + byMessage)
    func fault(row: Row) {
        #expect(ProviderFailure(status: row.status, body: ByteBuffer(string: row.body)).fault == row.fault)
    }

    @Test(arguments: [
        (#"{"error":{"message":"m \"q\"","type":"t"}}"#, "m \"q\"", true), (#"{"error":{"message":""}}"#, "", true),
        (#"{"error":"flat"}"#, "flat", false),
        (#"{"message":"top"}"#, "top", false), (#"{"error":null,"message":"top"}"#, "top", false),
        (#"{"error":{"code":1}}"#, "The provider reported an error without a message.", false),
        ("{}", nil, false), ("", nil, false), ("<html>error</html>", nil, false), (#"["error"]"#, nil, false),
        (#"{"detail":"x"}"#, nil, false),
        (#"{"error":{"message":1}}"#, "The provider reported an error without a message.", false),
    ] as [(String, String?, Bool)])
    func message(body: String, message: String?, isOpenAIShape: Bool) {
        let failure = ProviderFailure(status: 400, body: ByteBuffer(string: body))
        #expect(failure.message == message)
        #expect(failure.isOpenAIShape == isOpenAIShape)
    }
}
