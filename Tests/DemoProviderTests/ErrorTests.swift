import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import DemoProvider

/// A request that is wrong, and what is said about it.
struct Mistake: Sendable, CustomTestStringConvertible {
    let body: String
    let status: HTTPResponse.Status
    let code: String?
    let param: String?

    var testDescription: String { body }

    init(_ body: String, _ status: HTTPResponse.Status = .badRequest, code: String?, param: String? = nil) {
        self.body = body
        self.status = status
        self.code = code
        self.param = param
    }

    static let all = [
        Mistake(chat("gpt-nothing").rendered, .notFound, code: "model_not_found"),
        Mistake(chat("fault-500").rendered, .notFound, code: "model_not_found"),
        Mistake("", code: nil),
        Mistake(#"{"model": "#, code: nil),
        Mistake("[1, 2]", code: nil),
        Mistake(String(repeating: "[", count: 100_000), code: nil),
        Mistake(#"{"model": "demo-small"}"#, code: "missing_required_parameter", param: "messages"),
        Mistake(#"{"messages": []}"#, code: "missing_required_parameter", param: "model"),
        Mistake(#"{"model": "demo-small", "messages": []}"#, code: "empty_array", param: "messages"),
        Mistake(
            #"{"model": "demo-small", "messages": [{"role": "user", "content": 7}]}"#, code: "invalid_type",
            param: "messages[0].content"),
        Mistake(
            #"{"model": "demo-small", "messages": [{"content": "x"}]}"#, code: "missing_required_parameter",
            param: "messages[0].role"),
        Mistake(chat("demo-small", "x", [("n", 0)]).rendered, code: "invalid_value", param: "n"),
        Mistake(chat("demo-small", "x", [("n", 9)]).rendered, code: "invalid_value", param: "n"),
        Mistake(chat("demo-small", "x", [("stream", "yes")]).rendered, code: "invalid_type", param: "stream"),
        Mistake(chat("demo-small", "x", [("max_tokens", 0)]).rendered, code: "integer_below_min_value", param: "max_tokens"),
        Mistake(chat("demo-small", "x", [("tool_choice", "maybe")]).rendered, code: "invalid_value", param: "tool_choice"),
        Mistake(
            String(repeating: " ", count: DemoServer.bodyLimit + 1), .contentTooLarge, code: "request_too_large"),
    ]
}

@Suite("Errors", .timeLimit(.minutes(1)))
struct ErrorTests {
    @Test("a mistake is named in OpenAI's shape", arguments: Mistake.all)
    func mistakes(mistake: Mistake) async throws {
        try await withLiveDemo { client in
            let response = try await client.post(mistake.body)
            #expect(response.status == mistake.status)
            let error = try JSON(parsing: response.body)["error"] ?? .null
            expectShape(error)
            #expect(error["code"]?.text == mistake.code)
            #expect(error["param"]?.text == mistake.param)
        }
    }

    @Test("an unknown path and a wrong method are 404 in the same shape")
    func paths() async throws {
        try await withLiveDemo { client in
            for (path, method) in [("/v1/nothing", HTTPRequest.Method.get), ("/v1/chat/completions", .get), ("/", .post)] {
                let response = try await client.execute(uri: path, method: method)
                #expect(response.status == .notFound)
                expectShape(try JSON(parsing: response.body)["error"] ?? .null)
            }
        }
    }

    @Test("every answer has a request id")
    func requestID() async throws {
        try await withLiveDemo { client in
            let name = try #require(HTTPField.Name("x-request-id"))
            let first = try await client.post(chat("demo-small").rendered).headers[name]
            let second = try await client.post("no json").headers[name]
            #expect(first?.hasPrefix("req_demo_") == true)
            #expect(second?.hasPrefix("req_demo_") == true)
            #expect(first != second)
        }
    }
}

/// All four keys are there, and the two that must be strings are.
func expectShape(_ error: JSON) {
    #expect(error.keys == ["code", "message", "param", "type"])
    #expect(error["message"]?.text?.isEmpty == false)
    #expect(error["type"]?.text?.isEmpty == false)
}
