import NIOCore
import Testing

@testable import DemoProvider

@Suite("Tools and formats", .timeLimit(.minutes(1)))
struct ToolAndFormatTests {
    private static let parameters: JSON = [
        "type": "object",
        "properties": [
            "city": ["type": "string"],
            "days": ["type": "integer", "minimum": 3],
            "unit": ["enum": ["celsius", "kelvin"]],
            "exact": ["type": ["boolean", "null"]],
            "share": ["type": "number", "maximum": .number(0.5)],
            "spots": ["type": "array", "items": ["$ref": "#/$defs/spot"], "minItems": 2],
            "note": ["type": "string"],
        ],
        "required": ["city", "days", "unit", "exact", "share", "spots"],
        "$defs": ["spot": ["type": "object", "properties": ["on": ["type": "string", "format": "date"]], "required": ["on"]]],
    ]

    private static let filled = #"{"city":"[demo] city","days":3,"unit":"celsius","exact":true,"share":0.5,"#
        + #""spots":[{"on":"2026-01-01"},{"on":"2026-01-01"}]}"#

    private static let tools: JSON = [
        ["type": "function", "function": ["name": "get_weather", "parameters": parameters]],
        ["type": "function", "function": ["name": "get_time"]],
    ]

    @Test("a tool that the user names is called, with its required arguments")
    func call() async throws {
        try await withLiveDemo { client in
            let body = chat("demo-small", "Please use GET_WEATHER for Bergen", [("tools", Self.tools)])
            let answer = try await client.answer(to: body)
            let calls = answer.choice["message"]?["tool_calls"]?.elements ?? []
            #expect(answer.choice["finish_reason"]?.text == "tool_calls")
            #expect(answer.choice["message"]?["content"]?.isNull == true)
            #expect(calls.count == 1)
            #expect(calls.first?["type"]?.text == "function")
            #expect(calls.first?["function"]?["name"]?.text == "get_weather")
            #expect(calls.first?["function"]?["arguments"]?.text == Self.filled)
        }
    }

    @Test("a streamed call comes in fragments that make the same call")
    func fragments() async throws {
        try await withLiveDemo { client in
            let body = chat("demo-small", "get_weather and get_time, please", [("tools", Self.tools)])
            let plain = try await client.answer(to: body)
            let stream = try await client.stream(body)
            let calls = plain.choice["message"]?["tool_calls"]?.elements ?? []
            #expect(calls.count == 2)
            #expect(stream.finishReasons() == ["tool_calls"])
            let deltas = stream.choices().compactMap { $0["delta"]?["tool_calls"]?.elements?.first }
            for (index, call) in calls.enumerated() {
                let own = deltas.filter { $0["index"]?.integer == index }
                #expect(own.compactMap { $0["id"]?.text } == [call["id"]?.text])
                #expect(own.compactMap { $0["function"]?["name"]?.text } == [call["function"]?["name"]?.text])
                let arguments = own.compactMap { $0["function"]?["arguments"]?.text }.joined()
                #expect(arguments == call["function"]?["arguments"]?.text)
            }
            #expect(deltas.filter { $0["index"]?.integer == 0 }.count > 4)
        }
    }

    @Test("tool_choice and parallel_tool_calls are obeyed")
    func choice() async throws {
        try await withLiveDemo { client in
            func called(_ question: String, _ extra: (String, JSON)) async throws -> [String] {
                let answer = try await client.answer(to: chat("demo-small", question, [("tools", Self.tools), extra]))
                let calls = answer.choice["message"]?["tool_calls"]?.elements ?? []
                return calls.compactMap { $0["function"]?["name"]?.text }
            }
            let forced: JSON = ["type": "function", "function": ["name": "get_time"]]
            let expected: [(String, (String, JSON), [String])] = [
                ("get_time?", ("tool_choice", "none"), []),
                ("hello", ("tool_choice", "auto"), []),
                ("hello", ("tool_choice", "required"), ["get_weather"]),
                ("hello", ("tool_choice", forced), ["get_time"]),
                ("get_time, get_weather", ("parallel_tool_calls", false), ["get_weather"]),
            ]
            for (question, extra, names) in expected {
                let calls = try await called(question, extra)
                #expect(calls == names, "\(question) with \(extra.0)")
            }
        }
    }

    @Test("a tool that has answered isn't called again")
    func result() async throws {
        try await withLiveDemo { client in
            let messages: JSON = [
                ["role": "user", "content": "get_time please"],
                ["role": "assistant", "content": nil, "tool_calls": []],
                ["role": "tool", "tool_call_id": "call_1", "content": "half past nine"],
            ]
            let answer = try await client.answer(to: ["model": "demo-small", "messages": messages, "tools": Self.tools])
            #expect(answer.choice["finish_reason"]?.text == "stop")
            #expect(answer.content.contains("The tool returned “half past nine”."))
        }
    }

    @Test("json_object gives a small object with the label in it")
    func object() async throws {
        try await withLiveDemo { client in
            let body = chat("demo-small", "Give me JSON", [("response_format", ["type": "json_object"])])
            let plain = try await client.answer(to: body)
            let stream = try await client.stream(body)
            let object = try JSON(parsing: ByteBuffer(string: plain.content))
            #expect(object["note"]?.text?.hasPrefix("[demo] ") == true)
            #expect(object["you_said"]?.text == "Give me JSON")
            #expect(stream.content() == plain.content)
        }
    }

    @Test("json_schema fills what is required")
    func schema() async throws {
        try await withLiveDemo { client in
            let format: JSON = ["type": "json_schema", "json_schema": ["name": "trip", "schema": Self.parameters]]
            let answer = try await client.answer(to: chat("demo-small", "Plan", [("response_format", format)]))
            #expect(answer.content == Self.filled)
        }
    }

    @Test("a schema without a required string still gets the label where it has room for it")
    func optionalLabel() {
        let schema: JSON = ["properties": ["count": ["type": "integer"], "why": ["type": "string"]], "required": ["count"]]
        #expect(SchemaFiller.object(for: schema).rendered == #"{"count":1,"why":"[demo] why"}"#)
    }

    @Test("a schema that contains itself is filled to an end")
    func recursion() {
        let schema: JSON = [
            "type": "object",
            "properties": ["next": ["$ref": "#"], "list": ["type": "array", "minItems": 9, "items": ["$ref": "#"]]],
            "required": ["next", "list"],
        ]
        #expect(SchemaFiller.object(for: schema).rendered.count < 20_000)
    }
}
