import Core
import NIOCore
import Testing
import Wire

/// A request that cannot be used is refused with the name of the field that is to blame.
@Suite struct ChatRequestErrorTests {
    struct Refusal: Sendable, CustomTestStringConvertible {
        /// Members of the request, beside a model and messages that are in order unless the name says otherwise.
        let body: String
        let param: String?
        let code: GatewayError.Code
        var testDescription: String { String(body.prefix(80)) }

        init(_ body: String, _ param: String?, _ code: GatewayError.Code = .invalidValue) {
            (self.body, self.param, self.code) = (body, param, code)
        }

        /// A request with these messages.
        static func messages(_ text: String, _ param: String, _ code: GatewayError.Code = .invalidValue) -> Refusal {
            Refusal(#"{"model":"m","messages":\#(text)}"#, param, code)
        }

        /// A good request with this member added.
        static func with(_ member: String, _ param: String) -> Refusal {
            Refusal(#"{"model":"m","messages":[{"role":"user","content":"hi"}],\#(member)}"#, param)
        }
    }

    static let noJSON = [
        "", " ", "{", "[]", "null", "1", #""text""#, "{]", #"{"model":"m",}"#, "{'model':'m'}", "model=m",
        #"{"model":"\x"}"#, "\u{FEFF}{}",
        #"{"model":"m","messages":[{"role":"user","content":"hi"}]} trailing"#,
        #"{"model":"m","messages":[{"role":"user","content":"a"#,
    ].map { Refusal($0, nil, .invalidJSON) }

    static let models = [
        Refusal(#"{"messages":[{"role":"user","content":"hi"}]}"#, "model", .missingField),
        Refusal(#"{"model":null,"messages":[]}"#, "model", .missingField),
        Refusal(#"{"model":"","messages":[]}"#, "model"),
        Refusal(#"{"model":1,"messages":[]}"#, "model"),
        Refusal(#"{"model":["m"],"messages":[]}"#, "model"),
        Refusal("{}", "model", .missingField),
    ]

    static let messages = [
        Refusal(#"{"model":"m"}"#, "messages", .missingField),
        Refusal(#"{"model":"m","messages":null}"#, "messages", .missingField),
        .messages("[]", "messages"),
        .messages("{}", "messages"),
        .messages(#""hi""#, "messages"),
        .messages(#"["hi"]"#, "messages[0]"),
        .messages("[null]", "messages[0]"),
        .messages(#"[{"role":"user","content":"a"},7]"#, "messages[1]"),
        .messages(#"[{"content":"a"}]"#, "messages[0].role", .missingField),
        .messages("[{}]", "messages[0].role", .missingField),
        .messages(#"[{"role":"User","content":"a"}]"#, "messages[0].role"),
        .messages(#"[{"role":"","content":"a"}]"#, "messages[0].role"),
        .messages(#"[{"role":null,"content":"a"}]"#, "messages[0].role"),
        .messages(#"[{"role":1,"content":"a"}]"#, "messages[0].role"),
        .messages(#"[{"role":"user"}]"#, "messages[0].content", .missingField),
        .messages(#"[{"role":"system","content":null}]"#, "messages[0].content", .missingField),
        .messages(#"[{"role":"developer"}]"#, "messages[0].content", .missingField),
        .messages(#"[{"role":"user","content":"a"},{"role":"tool"}]"#, "messages[1].content", .missingField),
        .messages(#"[{"role":"user","content":1}]"#, "messages[0].content"),
        .messages(#"[{"role":"user","content":{}}]"#, "messages[0].content"),
        .messages(#"[{"role":"assistant","content":true}]"#, "messages[0].content"),
        .messages(#"[{"role":"user","content":["a"]}]"#, "messages[0].content[0]"),
        .messages(#"[{"role":"user","content":[{"text":"a"}]}]"#, "messages[0].content[0]"),
        .messages(#"[{"role":"user","content":[{"type":"text","text":"a"},{"type":1}]}]"#, "messages[0].content[1]"),
        .messages(#"[{"role":"user","content":[null]}]"#, "messages[0].content[0]"),
    ]

    static let fields: [Refusal] = [
        .with(#""stream":1"#, "stream"),
        .with(#""stream":"true""#, "stream"),
        .with(#""stream_options":{}"#, "stream_options"),
        .with(#""stream_options":{"include_usage":true},"stream":false"#, "stream_options"),
        .with(#""stream_options":{"include_usage":true},"stream":null"#, "stream_options"),
        .with(#""stream":true,"stream_options":true"#, "stream_options"),
        .with(#""stream":true,"stream_options":{"include_usage":1}"#, "include_usage"),
        .with(#""n":0"#, "n"), .with(#""n":129"#, "n"), .with(#""n":1.5"#, "n"), .with(#""n":"1""#, "n"),
        .with(#""n":-1"#, "n"),
        .with(#""n":1e400"#, "n"),
        .with(#""temperature":-0.1"#, "temperature"), .with(#""temperature":2.1"#, "temperature"),
        .with(#""temperature":"hot""#, "temperature"), .with(#""temperature":1e400"#, "temperature"),
        .with(#""temperature":[]"#, "temperature"),
        .with(#""top_p":-0.1"#, "top_p"), .with(#""top_p":1.1"#, "top_p"), .with(#""top_p":true"#, "top_p"),
        .with(#""max_tokens":0"#, "max_tokens"), .with(#""max_tokens":-5"#, "max_tokens"),
        .with(#""max_tokens":1.5"#, "max_tokens"),
        .with(#""max_tokens":"10""#, "max_tokens"), .with(#""max_tokens":1e300"#, "max_tokens"),
        .with(#""max_completion_tokens":0"#, "max_completion_tokens"),
        .with(#""max_completion_tokens":{}"#, "max_completion_tokens"),
        .with(#""tools":{}"#, "tools"), .with(#""tools":"all""#, "tools"),
        .with(#""response_format":"json""#, "response_format"), .with(#""response_format":[]"#, "response_format"),
        .with(#""model":"other""#, "model"), .with(#""messages":[]"#, "messages"), .with(#""seed":1,"seed":1"#, "seed"),
        // To the provider an escaped name is the same name.
        .with(#""mod\u0065l":"other""#, "model"), .with(#""x/y":1,"x\/y":2"#, "x/y"),
    ]

    @Test(arguments: noJSON + models + messages + fields)
    func namesTheField(refusal: Refusal) throws {
        let error = try #require(throws: GatewayError.self) { try ChatRequest(ByteBuffer(string: refusal.body)) }
        #expect(error.param == refusal.param)
        #expect(error.code == refusal.code)
        #expect(error.source == .client)
        #expect(!error.isRetryable)
        #expect(error.message.contains(refusal.param?.prefix { $0 != "[" } ?? ""), "\(error.message)")
    }

    @Test func messagesSayWhatIsWrong() {
        func message(_ body: String) -> String? {
            do {
                _ = try ChatRequest(ByteBuffer(string: body))
                return nil
            } catch {
                return error.message
            }
        }
        #expect(message(#"{"model":"m","messages":{}}"#) == "'messages' must be an array, not an object.")
        #expect(
            message(#"{"model":"m","messages":[{"role":"bot","content":""}]}"#)
                == #"'messages[0].role' must be one of assistant, developer, function, system, tool, user, not "bot"."#)
        #expect(message(#"{"model":"m" "messages":[]}"#)?.hasSuffix("it is not valid JSON (near byte 13).") == true)
        #expect(message("[1]") == "The request body must be a JSON object, not an array.")
        // What the caller sent is repeated in part only.
        let role = String(repeating: "漢", count: 100_000)
        #expect((message(#"{"model":"m","messages":[{"role":"\#(role)","content":""}]}"#)?.count ?? .max) < 200)
    }

    @Test func aRequestHas256FieldsAtMost() throws {
        func body(_ count: Int) -> ByteBuffer {
            let more = (2..<count).map { #","field\#($0)":0"# }.joined()
            return ByteBuffer(string: #"{"model":"m","messages":[{"role":"user","content":"hi"}]\#(more)}"#)
        }
        _ = try ChatRequest(body(256))
        let error = try #require(throws: GatewayError.self) { try ChatRequest(body(257)) }
        #expect(error.source == .client)
        #expect(error.message.contains("256"))
    }

    @Test func notUTF8IsSaidToBeSo() throws {
        var body = ByteBuffer(string: #"{"model":""#)
        body.writeBytes([0xFF])
        body.writeStaticString(#"","messages":[]}"#)
        let error = try #require(throws: GatewayError.self) { try ChatRequest(body) }
        #expect(error.code == .invalidJSON)
        #expect(error.message.contains("UTF-8 (near byte 10)"))
    }

    /// Absent, null and at the edge of what is allowed.
    @Test(arguments: [
        #""stream":null"#, #""stream":false"#, #""stream":true"#, #""stream_options":null"#,
        #""stream":true,"stream_options":{}"#,
        #""stream":true,"stream_options":{"include_usage":null}"#, #""n":1"#, #""n":128"#, #""n":null"#,
        #""temperature":0"#, #""temperature":2"#,
        #""temperature":null"#, #""top_p":0"#, #""top_p":1.0"#, #""max_tokens":1"#, #""max_tokens":1e3"#,
        #""max_tokens":null"#, #""tools":[]"#,
        #""tools":null"#, #""response_format":null"#, #""response_format":{"type":"text"}"#,
        #""unknown":{"unknown":[1]}"#, #""user":5"#,
        #""metadata":{"a":1,"a":2}"#,
    ])
    func takes(member: String) throws {
        _ = try ChatRequest(ByteBuffer(string: #"{"model":"m","messages":[{"role":"user","content":"hi"}],\#(member)}"#))
    }

    @Test(arguments: [
        #"{"role":"assistant"}"#, #"{"role":"assistant","content":null,"tool_calls":[]}"#,
        #"{"role":"assistant","content":[]}"#,
        #"{"role":"function","name":"f","content":null}"#, #"{"role":"tool","tool_call_id":"x","content":""}"#,
        #"{"role":"developer","content":"d"}"#,
        #"{"role":"user","content":[{"type":"text","text":"a"},{"type":"new_kind","x":1}]}"#,
        #"{"role":"us\u0065r","content":"\ud83d"}"#,
    ])
    func takesMessage(message: String) throws {
        let request = try ChatRequest(ByteBuffer(string: #"{"model":"m","messages":[\#(message)]}"#))
        #expect(request.messageCount == 1)
    }
}
