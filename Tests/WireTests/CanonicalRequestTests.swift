import Foundation
import NIOCore
import TestKit
import Testing
import Wire

/// One form for all texts that ask the same, and another for all that do not.
@Suite struct CanonicalRequestTests {
    private func canonical(_ text: String) throws -> ByteBuffer {
        try JSONDocument(ByteBuffer(string: text)).withCanonicalBytes(leavingOut: .ofChat) { ByteBuffer(bytes: $0) }
    }

    /// Of a request whose one field is `value`.
    private func canonical(value: String) throws -> ByteBuffer { try canonical(#"{"f":\#(value)}"#) }

    private func tree(_ fields: [(String, JSONTree)]) -> JSONTree { .object(fields.map { (name: $0.0, value: $0.1) }) }

    /// All fields of the API that can change an answer, nested ones too, and one that nobody knows.
    private var request: JSONTree {
        let text = JSONTree.string
        return tree([
            ("messages", .array([
                tree([("role", text("system")), ("content", text("Answer briefly.\n\"Ja\" oder \\nein\\ 漢字 😀"))]),
                tree([
                    ("role", text("user")), ("name", text("anna")),
                    ("content", .array([
                        tree([("type", text("text")), ("text", text("Look:\r\n"))]),
                        tree([
                            ("type", text("image_url")),
                            ("image_url", tree([("url", text("data:image/png;base64,AAAA")), ("detail", text("low"))])),
                        ]),
                    ])),
                ]),
                tree([
                    ("role", text("assistant")), ("content", .word("null")), ("refusal", .word("null")),
                    ("tool_calls", .array([
                        tree([
                            ("id", text("call_1")), ("type", text("function")),
                            ("function", tree([("name", text("look")), ("arguments", text("{\"at\": 1}"))])),
                        ])
                    ])),
                ]),
                tree([("role", text("tool")), ("tool_call_id", text("call_1")), ("content", text(""))]),
            ])),
            ("frequency_penalty", .number("0.5")), ("presence_penalty", .number("-0.25")), ("temperature", .number("0.7")),
            ("top_p", .number("0.9")), ("n", .number("2")), ("seed", .number("9007199254740993")),
            ("max_tokens", .number("100")), ("max_completion_tokens", .number("200")), ("logprobs", .word("true")),
            ("top_logprobs", .number("5")), ("logit_bias", tree([("50256", .number("-100")), ("1", .number("10"))])),
            ("stop", .array([text("END"), text("\n")])), ("modalities", .array([text("text"), text("audio")])),
            ("audio", tree([("voice", text("ash")), ("format", text("wav"))])),
            ("prediction", tree([("type", text("content")), ("content", text("as before"))])),
            ("reasoning_effort", text("low")), ("verbosity", text("high")), ("service_tier", text("flex")),
            ("parallel_tool_calls", .word("false")),
            ("response_format", tree([
                ("type", text("json_schema")),
                ("json_schema", tree([
                    ("name", text("point")), ("strict", .word("true")),
                    ("schema", tree([("type", text("object")), ("required", .array([text("x"), text("y")]))])),
                ])),
            ])),
            ("tools", .array([
                tree([
                    ("type", text("function")),
                    ("function", tree([
                        ("name", text("look")), ("parameters", tree([("type", text("object")), ("properties", tree([]))])),
                    ])),
                ])
            ])),
            ("tool_choice", text("auto")), ("function_call", text("none")),
            ("functions", .array([tree([("name", text("old"))])])),
            ("web_search_options", tree([("search_context_size", text("low"))])), ("moderation", tree([("mode", text("x"))])),
            ("prompt_cache_options", tree([("mode", text("implicit"))])), ("x_unknown", .array([tree([("deep", .array([]))])])),
        ])
    }

    @Test func tenThousandWaysToWriteItAreOne() throws {
        var random = SplitMix64(seed: 4)
        guard case .object(let fields) = request else { return }
        let names = ["messages", "temperature", "presence_penalty", "seed", "logit_bias", "stop", "parallel_tool_calls"]
        let request = JSONTree.object(fields.filter { names.contains($0.name) })
        let expected = try canonical(request.text(by: &random))
        #expect(expected.readableBytes > 400)
        for way in 0..<10_000 {
            let text = request.text(by: &random)
            guard try canonical(text) != expected else { continue }
            Issue.record("way \(way) came out different: \(text)")
            return
        }
    }

    @Test func eachChangeOfOnePlaceIsSeen() throws {
        var random = SplitMix64(seed: 5)
        var seen = [try canonical(request.text(by: &random)): "the request itself"]
        for (place, tree) in request.neighbours {
            let bytes = try canonical(tree.text(by: &random))
            // Without a field and with null in it are the same at the top, and nowhere else.
            if let other = seen[bytes] {
                let isTopLevel = place.dropFirst().allSatisfy { $0.isLetter || $0 == "_" || $0 == "-" }
                #expect(isTopLevel && other == place.replacing("null", with: "-"), "\(place) is the same as \(other)")
            }
            seen[bytes] = place
        }
        #expect(seen.count > 350)
    }

    @Test(arguments: [
        "model", "stream", "stream_options", "user", "safety_identifier", "metadata", "store", "cache", "prompt_cache_key",
        "prompt_cache_retention",
    ])
    func aFieldThatCannotChangeTheAnswerIsOut(name: String) throws {
        let plain = try canonical(#"{"messages":[],"f":1}"#)
        for value in ["true", "null", "\"a\"", "{\"a\":[1,{}]}", "7"] {
            #expect(try canonical(#"{"messages":[],"\#(name)":\#(value),"f":1}"#) == plain)
        }
        let escaped = name.unicodeScalars.map { "\\u00" + String($0.value, radix: 16) }.joined()
        #expect(try canonical(#"{"messages":[],"\#(escaped)":1,"f":1}"#) == plain)
        // Only at the top, and only that very name.
        #expect(try canonical(#"{"messages":[],"f":1,"\#(name)s":1}"#) != plain)
        #expect(try canonical(#"{"f":{"\#(name)":1}}"#) != canonical(#"{"f":{}}"#))
    }

    @Test func whatTheGatewayIsToldIsOutAndWhatElseStandsThereIsIn() throws {
        let plain = try canonical(#"{"f":1}"#)
        #expect(try canonical(#"{"f":1,"quintet":{}}"#) == plain)
        #expect(try canonical(#"{"f":1,"quintet":{"on_cut":"error","deadline_seconds":3,"timeouts":{"stall_seconds":1}}}"#) == plain)
        let members = try canonical(#"{"f":1,"quintet":{"members":["dev"]}}"#)
        #expect(members != plain)
        #expect(try canonical(#"{"f":1,"quintet":{"deadline_seconds":3,"members":["dev"]}}"#) == members)
        #expect(try canonical(#"{"f":1,"quintet":{"members":["qa"]}}"#) != members)
        #expect(try canonical(#"{"f":1,"quintet":7}"#) != plain)
    }

    @Test func nullIsNothingOnlyAtTheTop() throws {
        #expect(try canonical(#"{"f":1,"seed":null}"#) == canonical(#"{"f":1}"#))
        #expect(try canonical(#"{"f":{"seed":null}}"#) != canonical(#"{"f":{}}"#))
        #expect(try canonical(value: "[null]") != canonical(value: "[]"))
    }

    @Test(arguments: [
        ["1", "1.0", "1e0", "1E+00", "10e-1", "0.1e1", "1.000", "100e-2"], ["0", "-0", "0.0", "-0e5", "0e9999999999"],
        ["100", "1e2", "1E2", "100.00", "0.01e4"], ["-0.5", "-5e-1", "-0.50"], ["9007199254740993", "9007199254740993.0"],
        ["9007199254740992"], ["9007199254740993.5"], ["1e400", "10e399"], ["1e401"], ["-1"], ["1e-400"], ["0.1"],
        ["0.1000000000000000055511151231257827"], ["1e9999999999"], ["1e9999999998"], ["10", "1e1"], ["1.01"], ["1010", "101e1"],
        ["1.5"], ["15"],
    ])
    func aNumberHasOneForm(forms: [String]) throws {
        let expected = try canonical(value: forms[0])
        for form in forms { #expect(try canonical(value: form) == expected, "\(form)") }
        #expect(try canonical(value: "\"\(forms[0])\"") != expected)
    }

    @Test func numbersThatDifferStayApart() throws {
        let numbers = [
            "0", "1", "-1", "10", "1.1", "11", "0.11", "1e10", "1e-10", "9007199254740992", "9007199254740993", "1e308", "1e309",
            "1e9999999999", "1e99999999999", "-1e9999999999", "0.1", "0.1000000000000000055511151231257827", "0.10000000000000001",
        ]
        #expect(Set(try numbers.map { try canonical(value: $0) }).count == numbers.count)
    }

    @Test func textIsComposed() throws {
        let pairs = [
            ("é", "e\u{301}"), ("Å", "A\u{30A}"), ("한", "\u{1112}\u{1161}\u{11AB}"), ("ắ", "a\u{306}\u{301}"),
            ("が", "か\u{3099}"), ("Ω", "\u{2126}"), ("й", "и\u{306}"), ("ό", "ο\u{301}"), ("겆", "\u{AC70}\u{11BD}"),
        ]
        for (composed, apart) in pairs {
            #expect(try canonical(value: "\"a \(composed)!\"") == canonical(value: "\"a \(apart)!\""), "\(composed)")
            let escaped = apart.utf16.map { "\\u" + String(0x10000 + Int($0), radix: 16).dropFirst() }.joined()
            #expect(try canonical(value: "\"a \(composed)!\"") == canonical(value: "\"a \(escaped)!\""), "\(composed)")
        }
        // Look alike, and are not the same.
        for (one, other) in [("ﬁ", "fi"), ("①", "1"), ("A", "Α"), ("a b", "a\u{A0}b"), ("e", "é")] {
            #expect(try canonical(value: "\"\(one)\"") != canonical(value: "\"\(other)\""))
        }
    }

    /// The short cut around composing must never take text that composing would change.
    @Test func composingIsSkippedOnlyWhereItChangesNothing() throws {
        var random = SplitMix64(seed: 6)
        let marks: [ClosedRange<UInt32>] = [0x300...0x345, 0x3099...0x309A, 0x1161...0x1175, 0x11A8...0x11C2, 0x93C...0x93C]
        let letters: [ClosedRange<UInt32>] = [
            0x20...0x7E, 0xA0...0x2FF, 0x370...0x58F, 0x5D0...0x6D3, 0x900...0x97F, 0x1100...0x1112, 0x1E00...0x2FFF,
            0x3000...0x30FF, 0x4E00...0x4F00, 0xAC00...0xAD00, 0xF900...0xFFEF, 0x1D100...0x1D1FF, 0x1F000...0x1FFFF,
        ]
        for _ in 0..<20_000 {
            var string = ""
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let range = (Int.random(in: 0..<3, using: &random) == 0 ? marks : letters).randomElement(using: &random)!
                if let scalar = Unicode.Scalar(UInt32.random(in: range, using: &random)) { string.unicodeScalars.append(scalar) }
            }
            // By scalars: a quote with a mark behind it is still a quote to JSON.
            var text = ""
            text.unicodeScalars.append(contentsOf: string.unicodeScalars.filter { $0 != "\\" && $0 != "\"" })
            // Foundation joins a Korean syllable and the consonant behind it only if it has taken both apart before.
            let composed = text.decomposedStringWithCanonicalMapping.precomposedStringWithCanonicalMapping
            var expected = ByteBuffer(string: "{s\0\0\0\u{1}fs")
            expected.writeInteger(UInt32(composed.utf8.count))
            expected.writeString(composed + "}")
            let scalars = text.unicodeScalars.map { String($0.value, radix: 16) }
            #expect(try canonical(value: "\"\(text)\"") == expected, "\(scalars)")
        }
    }

    /// Sorting marks takes a time that grows with the square of their number, so more than any language writes are left alone.
    @Test func textWithTooManyMarksInARowIsLeftAsItIs() throws {
        let marks = { (count: Int) in String(repeating: "\u{301}\u{323}", count: count / 2) }
        #expect(try canonical(value: "\"e\(marks(30)) e\u{301}\"") == canonical(value: "\"e\(marks(30)) é\""))
        #expect(try canonical(value: "\"e\(marks(32)) e\u{301}\"") != canonical(value: "\"e\(marks(32)) é\""))
        // They decompose into marks, though they are none themselves.
        let tibetan = String(repeating: "\u{F73}", count: 31)
        #expect(try canonical(value: "\"\(tibetan) e\u{301}\"") != canonical(value: "\"\(tibetan) é\""))
        // A megabyte of them takes no longer than other text.
        let much = ByteBuffer(string: "{\"f\":\"\(String(repeating: "\u{301}\u{323}", count: 1 << 18))\"}")
        #expect(try JSONDocument(much).withCanonicalBytes(leavingOut: .ofChat) { $0.count } > 1 << 20)
    }

    @Test func bothKindsOfLineBreakAreOne() throws {
        #expect(try canonical(value: #""a\r\nb\u000d\u000a""#) == canonical(value: #""a\nb\n""#))
        let others = [#""a\rb""#, #""a\nb""#, #""a\n\rb""#, #""a\r\r\nb""#, #""ab""#, #""a\n\nb""#]
        #expect(Set(try others.map { try canonical(value: $0) }).count == others.count)
    }

    @Test func nothingElseOfTextIsTouched() throws {
        let texts = ["a b", "a  b", " a b", "a b ", "A b", "a\tb", "a\u{A0}b", "a\u{200B}b", "", " "]
        #expect(Set(try texts.map { try canonical(value: "\"\($0)\"".replacing("\t", with: "\\t")) }).count == texts.count)
    }

    @Test func halvesOfSurrogatePairsAreKeptApart() throws {
        let texts = [
            #""\ud83d""#, #""\ude00""#, #""\ud83d\ude00""#, #""\ude00\ud83d""#, #""\ud83d\ud83d""#, #""\ufffd""#, #""\ud83e""#,
            "\"\u{FFFD}\u{FFFD}\"", #""\ud83d é""#, #""\ufffd é""#, #""\\ud83d""#,
        ]
        #expect(Set(try texts.map { try canonical(value: $0) }).count == texts.count)
        #expect(try canonical(value: #""\ud83d\ude00""#) == canonical(value: "\"😀\""))
        #expect(try canonical(#"{"f":{"\ud83d":1}}"#) != canonical(#"{"f":{"\ufffd":1}}"#))
    }

    @Test func membersOfOneNameStayInOrder() throws {
        #expect(try canonical(#"{"f":{"b":1,"a":2,"b":3}}"#) == canonical(#"{"f":{"a":2,"b":1,"b":3}}"#))
        #expect(try canonical(#"{"f":{"b":3,"a":2,"b":1}}"#) != canonical(#"{"f":{"a":2,"b":1,"b":3}}"#))
        #expect(try canonical(#"{"f":{"b":1}}"#) != canonical(#"{"f":{"b":1,"b":1}}"#))
        let many = (0..<40).map { #""k\#($0 % 10)":\#($0)"# }
        let regrouped = (0..<10).flatMap { key in (0..<4).map { many[key + 10 * $0] } }
        #expect(
            try canonical(#"{"f":{\#(many.joined(separator: ","))}}"#) == canonical(#"{"f":{\#(regrouped.joined(separator: ","))}}"#))
    }

    @Test func bordersBetweenValuesCannotBeMoved() throws {
        let values = [
            #"["ab","c"]"#, #"["a","bc"]"#, #"["abc"]"#, #"["abc",""]"#, #"[["ab"],"c"]"#, #"["ab",["c"]]"#, "[1,2]", "[12]",
            "[[],[]]", "[[[]]]", "[{},{}]", "[{}]", "{\"a\":\"b\"}", "{\"ab\":\"\"}", "{\"\":\"ab\"}", "[\"a\",\"b\"]", "\"t\"", "true",
            "null", "\"z\"", "\"n\"", #""s\u0000\u0000\u0000\u0001a""#, "\"a\"", "[]", "{}", "\"\"", "0", "\"[]\"", "\"{}\"",
        ]
        #expect(Set(try values.map { try canonical(value: $0) }).count == values.count)
    }

    @Test func aRequestThatIsReadHasTheForm() throws {
        let text = #"{"model":"m","stream":true,"messages":[{"role":"user","content":"Hello"}]}"#
        let other = #"{"messages":[{"content":"Hello","role":"user"}],"model":"other"}"#
        let forms = try [text, other].map { try ChatRequest(ByteBuffer(string: $0)).withCanonicalBytes { Array($0) } }
        #expect(forms[0] == forms[1])
    }
}
