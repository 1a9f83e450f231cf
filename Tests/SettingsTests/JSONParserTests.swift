import Testing

@testable import Settings

@Suite struct JSONParserTests {
    @Test func readsEveryKindOfValueInOrder() throws {
        let text = #"{"z": 1, "a": [true, false, null], "m": {"x": -0.5e+2}, "t": "a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00ü"}"#
        guard case .object(let members) = try JSONParser.parse(text, file: "f") else {
            Issue.record("no object")
            return
        }
        #expect(members.map(\.key) == ["z", "a", "m", "t"])
        #expect(members.map { "\($0.value)" }[0] == "number(1.0)")
        #expect("\(members[1].value)".contains("boolean(true)"))
        #expect("\(members[2].value)".contains("number(-50.0)"))
        guard case .text(let string) = members[3].value else {
            Issue.record("no text")
            return
        }
        #expect(string == "a\"\\/\u{8}\u{C}\n\r\té😀ü")
    }

    @Test(arguments: [
        ("", "line 1, column 1: the file ends where a value should stand."),
        ("{\n  \"a\": 1,\n}", "line 3, column 1: a comma stands before the closing }. Remove it."),
        ("[1, 2,]", "line 1, column 7: a comma stands before the closing ]. Remove it."),
        ("{\"a\": 1 \"b\": 2}", "line 1, column 9: a comma or a closing } is missing before this character."),
        ("[1 2]", "line 1, column 4: a comma or a closing ] is missing before this character."),
        ("{\"ä\": 1 2}", "line 1, column 9: a comma or a closing } is missing before this character."),
        ("{\"a\" 1}", "line 1, column 6: a colon is missing between a key and its value."),
        ("{\"a\": }", "line 1, column 7: a value is missing before this character."),
        ("{a: 1}", "line 1, column 2: a key between double quotes should stand here."),
        ("{\"a\": 1", "line 1, column 8: a comma or a closing } is missing before this character."),
        ("{\"a\": 1,", "line 1, column 9: the file ends inside an object. Close it with }."),
        ("{\"a\": 'b'}", "line 1, column 7: JSON text stands between double quotes: \"…\"."),
        ("{\"a\": yes}", "line 1, column 7: no JSON value begins like this. Text stands between double quotes: \"…\"."),
        ("{} // done", "line 1, column 4: JSON has no comments. Remove it."),
        ("{} {}", "line 1, column 4: nothing may follow the closing bracket. Remove the rest."),
        ("{\"a\": 1,\r\n \"b\": 2,\r\n \"a\": 3}", "line 3, column 2: the key 'a' stands here twice. Remove one of the two."),
        ("{\"\\u0061\": 1, \"a\": 3}", "line 1, column 15: the key 'a' stands here twice. Remove one of the two."),
        ("[01]", "line 1, column 2: this is no JSON number. Write 12, 0.5 or 1e-6."),
        ("[.5]", "line 1, column 2: no JSON value begins like this. Text stands between double quotes: \"…\"."),
        ("[5.]", "line 1, column 2: this is no JSON number. Write 12, 0.5 or 1e-6."),
        ("[1e]", "line 1, column 2: this is no JSON number. Write 12, 0.5 or 1e-6."),
        ("[-]", "line 1, column 2: this is no JSON number. Write 12, 0.5 or 1e-6."),
        ("[1_000]", "line 1, column 3: a comma or a closing ] is missing before this character."),
        ("[0x10]", "line 1, column 2: this is no JSON number. Write 12, 0.5 or 1e-6."),
        ("[1e999]", "line 1, column 2: this number is too large."),
        ("[NaN]", "line 1, column 2: no JSON value begins like this. Text stands between double quotes: \"…\"."),
        ("[\"ab", "line 1, column 2: this text is never closed. Add a double quote at its end."),
        ("[\"a\\x\"]", "line 1, column 4: after a backslash stands one of \" \\ / b f n r t u. Write \\\\ for a backslash."),
        ("[\"\\u12G4\"]", "line 1, column 3: \\u takes four hexadecimal digits that are a character."),
        ("[\"\\ud83d\"]", "line 1, column 3: \\u takes four hexadecimal digits that are a character."),
        ("[\"\\ude00\"]", "line 1, column 3: \\u takes four hexadecimal digits that are a character."),
        ("[\"\\", "line 1, column 3: the file ends inside a text."),
    ])
    func tellsWhatIsWrongWhere(text: String, problem: String) {
        #expect(complaints(try JSONParser.parse(text, file: "f.json")) == ["f.json: \(problem)"])
    }

    @Test func refusesLineBreaksInText() {
        let found = complaints(try JSONParser.parse("[\"a\nb\"]", file: "f"))
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("f: line 1, column 4: text must not run over the end of its line") == true)
    }

    @Test func refusesDeepNestingInsteadOfCrashing() {
        let text = String(repeating: "[", count: 100_000)
        #expect(
            complaints(try JSONParser.parse(text, file: "f"))
                == ["f: line 1, column 65: this is nested deeper than 64 levels."])
    }

    /// Whatever is cut off, the parser neither traps nor loops.
    @Test func survivesEveryCut() throws {
        let text = #"{"a": [1, -2.5e-3, "x\u00e9\ud83d\ude00", true, null, {"b": {}}], "c": "d\n"}"#
        for length in 0..<text.utf8.count {
            let cut = String(decoding: Array(text.utf8.prefix(length)), as: UTF8.self)
            #expect(complaints(try JSONParser.parse(cut, file: "f")).count == 1, "\(cut)")
        }
        _ = try JSONParser.parse(text, file: "f")
    }
}
