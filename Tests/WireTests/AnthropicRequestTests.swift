import Core
import NIOCore
import Testing
@testable import Wire

/// What each field of a request becomes at Anthropic.
@Suite struct AnthropicRequestTests {
    @Test func aPlainRequest() throws {
        #expect(try AnthropicAsk.body("") == """
            {"model":"claude-\\"there\\"","max_tokens":4096,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}
            """)
        #expect(try AnthropicAsk.field("stream", #""stream":true"#) == "true")
        #expect(try AnthropicAsk.field("stream", #""stream":false"#) == nil)
    }

    @Test(arguments: [
        ("", nil, nil, "4096"), (#""max_tokens":7"#, nil, nil, "7"), (#""max_completion_tokens":7"#, nil, nil, "7"),
        ("", 2048, nil, "2048"), (#""max_tokens":7"#, 2048, nil, "7"), ("", nil, 1000, "1000"), ("", 9000, 8000, "8000"),
        (#""max_tokens":9000"#, nil, 8000, "8000"), (#""max_tokens":null"#, nil, nil, "4096"),
    ] as [(String, Int?, Int?, String)])
    func theLimit(sent: String, agents: Int?, window: Int?, expected: String) throws {
        let agent = agents.map { AnthropicAsk.agent(maxTokens: $0) }
        #expect(try AnthropicAsk.field("max_tokens", sent, model: AnthropicAsk.model(outputWindow: window), agent: agent) == expected)
    }

    /// Temperature, `top_p` and `top_k` as they arrive.
    @Test(arguments: [
        ("", "- - -"), (#""temperature":0.3"#, "0.3 - -"), (#""temperature":0"#, "0.0 - -"), (#""temperature":1.7"#, "1.0 - -"), (#""top_p":0.9"#, "- 0.9 -"),
        (#""temperature":0.3,"top_p":0.9"#, "0.3 - -"), (#""temperature":1,"top_p":0.9"#, "- 0.9 -"), (#""temperature":1,"top_p":1"#, "1.0 - -"),
        (#""temperature":null,"top_p":null"#, "- - -"), (#""top_k":5,"temperature":0.1"#, "0.1 - 5"),
        // Thinking rules all out but a high top_p.
        (#""temperature":0.3,"top_p":0.9,"top_k":5,"reasoning_effort":"low""#, "- - -"), (#""temperature":0.3,"thinking":{"type":"enabled","budget_tokens":2000}"#, "- - -"),
        (#""top_p":0.97,"thinking":{"type":"adaptive"}"#, "- 0.97 -"), (#""temperature":0.3,"thinking":{"type":"disabled"}"#, "0.3 - -"),
    ])
    func sampling(sent: String, expected: String) throws {
        let body = try readJSON(AnthropicAsk.body(sent))
        let found = (["temperature", "top_p", "top_k"] as [StaticString]).map { body[$0].map { String(buffer: $0.text) } ?? "-" }
        #expect(found.joined(separator: " ") == expected)
        let refused = try readJSON(AnthropicAsk.body(sent, model: AnthropicAsk.model(acceptsSampling: false)))
        for name in ["temperature", "top_p", "top_k"] as [StaticString] { #expect(refused[name] == nil) }
    }

    @Test func theAgentsTemperature() throws {
        let agent = AnthropicAsk.agent(temperature: 0.2)
        #expect(try AnthropicAsk.field("temperature", "", agent: agent) == "0.2")
        #expect(try AnthropicAsk.field("temperature", #""temperature":0.5"#, agent: agent) == "0.5")
        #expect(try AnthropicAsk.field("temperature", #""top_p":0.5"#, agent: agent) == nil)
        #expect(try AnthropicAsk.field("temperature", #""reasoning_effort":"low""#, agent: agent) == nil)
        #expect(try AnthropicAsk.field("temperature", "", model: AnthropicAsk.model(acceptsSampling: false), agent: agent) == nil)
    }

    @Test(arguments: [
        (#""stop":"END""#, #"["END"]"#), (#""stop":["a","\n","b "]"#, #"["a","b "]"#), (#""stop":" ""#, nil), (#""stop":[]"#, nil), (#""stop":null"#, nil),
        (#""stop":"x","stop_sequences":["own", "\n"]"#, #"["own", "\n"]"#),
    ] as [(String, String?)])
    func stops(sent: String, expected: String?) throws {
        #expect(try AnthropicAsk.field("stop_sequences", sent) == expected)
        #expect(try AnthropicAsk.field("stop", sent) == nil)
    }

    @Test(arguments: [
        (#""user":"u-1""#, #"{"user_id":"u-1"}"#), (#""safety_identifier":"s-1""#, #"{"user_id":"s-1"}"#), (#""metadata":{"user_id":"own"},"user":"u-1""#, #"{"user_id":"own"}"#),
        (#""metadata":{"ticket":"7"},"user":"u-1""#, #"{"user_id":"u-1"}"#), (#""metadata":{"ticket":"7"}"#, nil), (#""metadata":null"#, nil),
        // Anthropic refuses what names a person.
        (#""user":"a@example.com""#, nil), (#""user":"+49 (30) 123-456""#, nil), (#""user":"""#, nil), (#""user":"12345""#, #"{"user_id":"12345"}"#),
    ] as [(String, String?)])
    func users(sent: String, expected: String?) throws {
        #expect(try AnthropicAsk.field("metadata", sent) == expected)
        #expect(try AnthropicAsk.field("user", sent) == nil)
        #expect(try AnthropicAsk.field("safety_identifier", sent) == nil)
    }

    @Test(arguments: [("auto", #""auto""#), ("default", #""standard_only""#), ("standard_only", #""standard_only""#), ("flex", nil), ("priority", nil)] as [(String, String?)])
    func serviceTiers(sent: String, expected: String?) throws {
        #expect(try AnthropicAsk.field("service_tier", #""service_tier":"\#(sent)""#) == expected)
    }

    /// OpenAI's fields without a counterpart go; what is none of OpenAI's passes, byte for byte.
    @Test func theTable() throws {
        for name in AnthropicFields.dropped where name != "n" && name != "stream_options" {
            #expect(try AnthropicAsk.body(#""\#(name)":{"a":1}"#) == AnthropicAsk.body(""), "\(name)")
        }
        #expect(try AnthropicAsk.body(#""n":1"#) == AnthropicAsk.body(""))
        #expect(try AnthropicAsk.field("stream_options", #""stream":true,"stream_options":{"include_usage":true}"#) == nil)
        #expect(AnthropicFields.translated.isDisjoint(with: AnthropicFields.dropped))
        let own = #""mcp_servers":[ {"url":"https://x", "n":1.50} ],"container":"c","context_management":{"edits":[]},"cache_control":{"type":"ephemeral"},"wholly_new":-0.0,"nothing":null"#
        #expect(try AnthropicAsk.body(own) == AnthropicAsk.body("").dropLast() + "," + own + "}")
    }

    @Test(arguments: [
        (#""n":2"#, "n"), (#""functions":[{"name":"f"}]"#, "functions"), (#""function_call":"auto""#, "function_call"), (#""stop":7"#, "stop"), (#""stop":["a",7]"#, "stop"),
        (#""stop_sequences":"a""#, "stop_sequences"), (#""thinking":"hard""#, "thinking"), (#""reasoning_effort":"heroic""#, "reasoning_effort"), (#""reasoning_effort":3"#, "reasoning_effort"),
        (#""response_format":{"type":"xml"}"#, "response_format.type"), (#""response_format":{"type":"json_schema"}"#, "response_format.json_schema.schema"),
        (#""output_config":"low""#, "output_config"), (#""system":7"#, "system"), (#""tools":[7]"#, "tools[0]"), (#""tools":[{"type":"function"}]"#, "tools[0]"),
        (#""tools":[{"type":"custom","custom":{"name":"c"}}]"#, "tools[0]"), (#""tools":[{"type":"function","function":{}}]"#, "tools[0].function.name"),
        (#""tools":[{"type":"function","function":{"name":"f","parameters":[]}}]"#, "tools[0].function.parameters"),
        (#""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"any_old""#, "tool_choice"),
        (#""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"allowed_tools"}"#, "tool_choice"),
        (#""tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function"}"#, "tool_choice.function.name"),
        (#""parallel_tool_calls":"no""#, "parallel_tool_calls"),
    ])
    func refusals(sent: String, param: String) {
        let error = #expect(throws: GatewayError.self) { try AnthropicAsk.body(sent) }
        #expect(error?.param == param)
        #expect(error?.source == .client)
        #expect(error.map { ErrorAnswer.status(of: $0) } == 400)
    }

    // MARK: Thinking

    @Test(arguments: [
        (#""thinking":{"type":"enabled", "budget_tokens":5000}"#, #"{"type":"enabled", "budget_tokens":5000}"#, "9096"),
        (#""thinking":{"type":"adaptive"},"reasoning_effort":"high""#, #"{"type":"adaptive"}"#, "4096"),
        (#""thinking":{"type":"enabled","budget_tokens":5000},"max_tokens":6000"#, #"{"type":"enabled","budget_tokens":5000}"#, "6000"),
        (#""thinking":null"#, nil, "4096"),
        (#""reasoning_effort":"low""#, #"{"type":"enabled","budget_tokens":1024}"#, "5120"), (#""reasoning_effort":"medium""#, #"{"type":"enabled","budget_tokens":4096}"#, "8192"),
        (#""reasoning_effort":"high""#, #"{"type":"enabled","budget_tokens":16384}"#, "20480"), (#""reasoning_effort":"xhigh""#, #"{"type":"enabled","budget_tokens":32768}"#, "36864"),
        (#""reasoning_effort":"none""#, nil, "4096"), (#""reasoning_effort":"minimal""#, nil, "4096"), (#""reasoning_effort":null"#, nil, "4096"),
        (#""reasoning_effort":"high","max_tokens":8000"#, #"{"type":"enabled","budget_tokens":4000}"#, "8000"), (#""reasoning_effort":"low","max_tokens":1025"#, #"{"type":"enabled","budget_tokens":1024}"#, "1025"),
        (#""reasoning_effort":"low","max_tokens":1024"#, nil, "1024"),
        // It must not force a call and think, nor go on from given words and think.
        (#""reasoning_effort":"low","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required""#, nil, "5120"),
        (#""reasoning_effort":"low","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"auto""#, #"{"type":"enabled","budget_tokens":1024}"#, "5120"),
    ] as [(String, String?, String)])
    func budgets(sent: String, thinking: String?, limit: String) throws {
        #expect(try AnthropicAsk.field("thinking", sent) == thinking)
        #expect(try AnthropicAsk.field("max_tokens", sent) == limit)
        #expect(try AnthropicAsk.field("output_config", sent) == nil)
        #expect(try AnthropicAsk.field("reasoning_effort", sent) == nil)
    }

    @Test func theWindowBoundsTheBudget() throws {
        let small = AnthropicAsk.model(outputWindow: 8192)
        #expect(try AnthropicAsk.field("thinking", #""reasoning_effort":"high""#, model: small) == #"{"type":"enabled","budget_tokens":8191}"#)
        #expect(try AnthropicAsk.field("max_tokens", #""reasoning_effort":"high""#, model: small) == "8192")
    }

    @Test func aPrefillDoesNotThink() throws {
        let messages = #"[{"role":"user","content":"u"},{"role":"assistant","content":"It is"}]"#
        #expect(try AnthropicAsk.field("thinking", #""reasoning_effort":"low""#, messages: messages) == nil)
    }

    /// Models without sampling are those that refuse budgets.
    @Test(arguments: [
        (#""reasoning_effort":"high""#, #"{"type":"adaptive","display":"summarized"}"#, #"{"effort":"high"}"#), (#""reasoning_effort":"xhigh""#, #"{"type":"adaptive","display":"summarized"}"#, #"{"effort":"xhigh"}"#),
        (#""reasoning_effort":"none""#, nil, #"{"effort":"low"}"#), (#""reasoning_effort":"low","output_config":{"effort":"max","x":1}"#, #"{"type":"adaptive","display":"summarized"}"#, #"{"effort":"max","x":1}"#),
        (#""reasoning_effort":"low","output_config":{"x":[1, 2]}"#, #"{"type":"adaptive","display":"summarized"}"#, #"{"x":[1, 2],"effort":"low"}"#),
        (#""thinking":{"type":"adaptive"}"#, #"{"type":"adaptive"}"#, nil), ("", nil, nil),
        (#""reasoning_effort":"low","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required""#, nil, #"{"effort":"low"}"#),
    ] as [(String, String?, String?)])
    func efforts(sent: String, thinking: String?, output: String?) throws {
        let model = AnthropicAsk.model(acceptsSampling: false)
        #expect(try AnthropicAsk.field("thinking", sent, model: model) == thinking)
        #expect(try AnthropicAsk.field("output_config", sent, model: model) == output)
    }

    // MARK: Formats

    private static let schema = #"{"type":"object","properties":{"age":{"type":"integer","minimum":0,"description":"Years."}},"required":["age"],"additionalProperties":false}"#

    @Test func formats() throws {
        #expect(try AnthropicAsk.body(#""response_format":{"type":"text"}"#) == AnthropicAsk.body(""))
        let object = try AnthropicAsk.field("system", #""response_format":{"type":"json_object"}"#)
        #expect(object == #"[{"type":"text","text":"Answer with one valid JSON object and nothing else: no explanation, no code fence."}]"#)
    }

    /// A strict schema goes where the model is marked for it, in the dialect that Anthropic compiles.
    @Test func aStrictSchema() throws {
        let sent = #""response_format":{"type":"json_schema","json_schema":{"name":"person","strict":true,"schema":\#(Self.schema)}}"#
        let marked = AnthropicAsk.model(abilities: .responseSchema)
        #expect(try AnthropicAsk.field("output_config", sent, model: marked) == """
            {"format":{"type":"json_schema","schema":{"type":"object","properties":{"age":{"type":"integer","description":"Years.\\n\\n{minimum: 0}"}},\
            "required":["age"],"additionalProperties":false}}}
            """)
        #expect(try AnthropicAsk.field("system", sent, model: marked) == nil)
        #expect(try AnthropicAsk.field("output_config", sent + #","output_config":{"format":{"own":1}}"#, model: marked) == #"{"format":{"own":1}}"#)
    }

    @Test(arguments: [true, false])
    func aLooseSchemaIsAnInstruction(strict: Bool) throws {
        let sent = #""response_format":{"type":"json_schema","json_schema":{"name":"person","strict":\#(strict),"schema":\#(Self.schema)}}"#
        let model = AnthropicAsk.model(abilities: strict ? [] : .responseSchema)
        #expect(try AnthropicAsk.field("output_config", sent, model: model) == nil)
        let system = try #require(try AnthropicAsk.field("system", sent, model: model))
        let text = try readJSON(system).firstChild?["text"]?.string
        #expect(text?.hasPrefix("Answer with one JSON value that is valid under this JSON Schema and nothing else") == true)
        #expect(text?.hasSuffix(Self.schema) == true)
    }

    @Test(arguments: [
        (#"{"type":"string","format":"email","minLength":2,"pattern":"^a"}"#, #"{"type":"string","format":"email","description":"{minLength: 2, pattern: \"^a\"}"}"#),
        (#"{"type":"string","format":"color"}"#, #"{"type":"string","description":"{format: \"color\"}"}"#),
        (#"{"type":"array","items":{"type":"object","properties":{}},"minItems":1,"maxItems":3}"#, #"{"type":"array","items":{"type":"object","properties":{},"additionalProperties":false},"minItems":1,"description":"{maxItems: 3}"}"#),
        (##"{"oneOf":[{"type":"null"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"enum":[1,"x"],"title":"T"}}}"##, ##"{"anyOf":[{"type":"null"},{"$ref":"#/$defs/a"}],"$defs":{"a":{"enum":[1,"x"],"title":"T"}}}"##),
        (#"{"$schema":"x","type":["object","null"],"properties":{"minimum":{"const":1},"description":{"type":"string"}},"additionalProperties":true}"#, #"{"type":["object","null"],"properties":{"minimum":{"const":1},"description":{"type":"string"}},"additionalProperties":false}"#),
    ])
    func dialects(schema: String, expected: String) throws {
        let sent = #""response_format":{"type":"json_schema","json_schema":{"strict":true,"schema":\#(schema)}}"#
        let config = try AnthropicAsk.field("output_config", sent, model: AnthropicAsk.model(abilities: .responseSchema))
        #expect(config == #"{"format":{"type":"json_schema","schema":\#(expected)}}"#)
    }
}

/// Requests for Anthropic's wire.
enum AnthropicAsk {
    static let hi = #"[{"role":"user","content":"hi"}]"#

    static let deployment = Deployment(index: 0, id: "a/c", provider: "a", modelName: #"claude-"there""#, weight: 1, isLive: true)

    static func model(acceptsSampling: Bool = true, outputWindow: Int? = nil, abilities: Abilities = []) -> Model {
        Model(
            index: 0, name: "m", deployments: [deployment], fallbacks: nil, quality: 50, tier: .medium, inputWindow: nil,
            outputWindow: outputWindow, abilities: abilities, acceptsSampling: acceptsSampling, price: nil, timeouts: Timeouts(), ownedBy: "a")
    }

    static func agent(temperature: Double? = nil, maxTokens: Int? = nil) -> Agent {
        Agent(
            id: "dev", name: "Dev", role: "", description: "", keywords: [], examples: [], tier: .medium, temperature: temperature,
            maxTokens: maxTokens, prompt: "You are \"Dev\".\n漢")
    }

    /// The body for a request with these further fields.
    static func body(_ fields: String, messages: String = hi, model: Model = model(), agent: Agent? = nil) throws -> String {
        let text = #"{"model":"auto","messages":\#(messages)\#(fields.isEmpty ? "" : ",")\#(fields)}"#
        let body = try AnthropicRequest.body(of: ChatRequest(ByteBuffer(string: text)), for: model, at: deployment, agent: agent)
        let keys = try readJSON(body.asString).children.compactMap(\.key)
        #expect(Set(keys).count == keys.count, "no field stands twice")
        return body.asString
    }

    /// One field of it, as text.
    static func field(
        _ name: StaticString, _ fields: String, messages: String = hi, model: Model = model(), agent: Agent? = nil
    ) throws -> String? {
        try readJSON(body(fields, messages: messages, model: model, agent: agent))[name].map { String(buffer: $0.text) }
    }
}
