import NIOCore
import Testing
import Wire

/// What is a document and what is not, after the tables of Nicolas Seriot's JSONTestSuite.
@Suite struct JSONReadingTests {
    static let documents = [
        "null", "true", "false", "0", "-0", "-1", "1.5", "0.1e1", "1E+2", "1e-2", "123456789012345678901234567890",
        "1e400",
        #""""#, #""a""#, #""\"\\\/\b\f\n\r\t\u0041""#, #""\u0000""#, "\"\u{7f}\"", "\"\u{2028}\u{2029}\"",
        "\"\u{FEFF}\"",
        "\"漢字 😀\"", #""\ud83d\ude00""#, #""\ud83d""#, #""\udc00 alone""#, #""\ud83dx""#, #""\ud83d\ud83d""#,
        #""\uDEAD\uD83D\uDE00""#,
        "[]", "[ ]", "{}", "{ }", "[[]   ]", "[1]", "[ 1 , 2\n,\t3\r]", #"{"a":1}"#, #"{ "a" : [ { } ] }"#, #"{"":0}"#,
        #"{"a":1,"a":2}"#, #"{"a":"b","c":null}"#, " \t\r\n1 \t\r\n", #"[null,1,"1",{}]"#, #"{"\u0061":1}"#, "[0e+1]",
        "[20e1]",
        #"["a]","[b"]"#, #"{"{":"}"}"#, #"["\\"]"#, #"["\\\""]"#, #"["\"","\\\\"]"#, #"["a","\\"  ]"#,
    ]

    static let notDocuments = [
        "", " ", "\n\t ", "nul", "nulll", "True", "NaN", "Infinity", "-Infinity", "truefalse", "+1", "-", "--1", "01",
        "-01",
        "1.", ".5", "-.5", "1.e1", "1e", "1e+", "1eE2", "0x1", "1_000", "1 000", "1a", "1.5.5", "0e", "١",
        "\"", "\"a", "a\"", "'a'", #""\""#, #""\x""#, #""\a""#, #""\u""#, #""\u12""#, #""\u123g""#, #""\U0041""#,
        #""\ ""#, #""\u 041""#,
        #""\ud83d\u""#, #""\ud83d\u12""#, "\"\\é\"", "\"\n\"", "\"\t\"", "\"\u{0}\"", "\"\u{1f}\"", "\"a\\\u{0}\"",
        #""abc"x"#, #"x"abc""#, #""a""b""#, #""a" "b""#, "1 2", "1,2", "null null", "[]]", "[][]", "{}{}", "[] {}",
        "{}x", "1\u{0}", "\u{0}1",
        "[]\u{0}", "[\u{0}]", "[1\u{0}]", "\u{FEFF}1", "[1]\u{FEFF}", "\u{a0}1", "[\u{c}]", "[1\u{c}]", "[\u{1a}1]",
        "1\u{b}",
        "[", "]", "[1", "1]", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1 true]", "[\"a\" 1]", "[1:2]", "[1}",
        "[[1]",
        "[\"a\"", "[\"a", "[tru]", "[1]]", "[1],", "[1]x", "{", "}", "{]", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,",
        "{\"a\":1,}",
        "{,}", "{\"a\"}", "{\"a\",1}", "{\"a\" 1}", "{\"a\"::1}", "{\"a\":1 \"b\":2}", "{\"a\":1:2}",
        "{\"a\":1,,\"b\":2}", "{a:1}", "{1:1}",
        "{null:1}", "{\"a\":1]", "{\"a\"x:1}", "{\"a\":\"b\"x}", "{\"a\":x\"b\"}", "{\"\\x\":1}", "{[]:1}",
        "{\"a\":1,[]}", "{:1}", "{\"a\":}",
        "[1]//", "[1]/**/", "/**/1", "#1", "{\"a\":1}#", "<html>", "data: 1", "undefined", "[a", "[{}", "{\"a\":[}",
        "[{]}", "\\u0031",
    ]

    @Test(arguments: documents)
    func takes(text: String) {
        #expect(StrictJSON.accepts(Array(text.utf8)), "the table is wrong")
        #expect(isRead(text.utf8))
    }

    @Test(arguments: notDocuments)
    func refuses(text: String) {
        #expect(!StrictJSON.accepts(Array(text.utf8)), "the table is wrong")
        #expect(problem(text.utf8) == .syntax)
    }

    /// The vector code works in blocks: the same texts at the edges and inside of them.
    @Test(arguments: [1, 30, 31, 32, 33, 62, 63, 64, 65, 127, 128])
    func blocksDoNotMatter(offset: Int) {
        let space = String(repeating: " ", count: offset)
        for text in Self.documents {
            #expect(isRead((space + text).utf8), "\(text)")
            #expect(isRead((text + space).utf8), "\(text)")
            #expect(isRead("[\"\(space)\",\(text),\"\(space)\"]".utf8), "\(text)")
        }
        for text in Self.notDocuments {
            #expect(!isRead((space + text).utf8), "\(text)")
            #expect(!isRead((text + space).utf8), "\(text)")
        }
    }

    @Test func aCutDocumentIsNone() {
        let bytes = Array(richJSON.utf8)
        #expect(isRead(bytes))
        for length in 0..<bytes.count { #expect(!isRead(bytes[..<length]), "cut at \(length)") }
    }

    @Test func bytesInFrontOfTheBufferAreNotRead() throws {
        var buffer = ByteBuffer(string: "garbage{\"a\":[1,\"x\"]}garbage")
        buffer.moveReaderIndex(forwardBy: 7)
        let slice = buffer.readSlice(length: 13)
        let root = try JSONDocument(try #require(slice)).root
        #expect(root["a"]?.text.asString == #"[1,"x"]"#)
        #expect(root["a"]?.range == 5..<12)
        #expect(root.text.asString == #"{"a":[1,"x"]}"#)
    }

    @Test(arguments: [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x80, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80],
        [0xED, 0xBF, 0xBF],
        [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x9F, 0x98], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFE],
        [0xFF],
    ] as [[UInt8]])
    func badUTF8IsRefusedEverywhere(bad: [UInt8]) {
        let document = Array(richJSON.utf8)
        for position in 0...document.count {
            let bytes = document[..<position] + bad + document[position...]
            #expect(!isRead(bytes), "at \(position)")
        }
        #expect(problem(Array(#"{"a":""#.utf8) + bad + Array(#""}"#.utf8)) == .notUTF8)
        let text = Array(#"{"ä€😀":""#.utf8)
        let error = #expect(throws: JSONError.self) { try JSONDocument(ByteBuffer(bytes: text + bad + Array(#""}"#.utf8))) }
        #expect(error?.offset == text.count)
    }

    @Test(arguments: ["[", "{\"a\":"])
    func nestsTo256(open: String) {
        let close = open == "[" ? "]" : "}"
        func nested(_ depth: Int) -> String {
            String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        }
        #expect(isRead(nested(256).utf8))
        #expect(problem(nested(257).utf8) == .tooDeep)
        #expect(problem(nested(100_000).utf8) == .tooDeep)
        #expect(problem(String(repeating: open, count: 1 << 20).utf8) == .tooDeep)
        #expect(isRead("[\(nested(255)),\(nested(255))]".utf8))
    }

    @Test func holdsAMillionValuesAtMost() throws {
        func list(_ count: Int) -> String { "[0" + String(repeating: ",0", count: count - 1) + "]" }
        // The list itself is a value too.
        let root = try readJSON(list(JSONDocument.nodeLimit - 1))
        #expect(root.children.reduce(1) { count, _ in count + 1 } == JSONDocument.nodeLimit)
        #expect(problem(list(JSONDocument.nodeLimit).utf8) == .tooManyValues)
        // A big document leaves nothing behind that a small one could read.
        #expect(try readJSON("[1,2]").withDescendants.count == 3)
    }

    @Test func saysWhereItStopped() throws {
        let error = #expect(throws: JSONError.self) { try readJSON(#"{"a": 1, "b" 2}"#) }
        #expect(error?.offset == 13)
        #expect(error?.problem == .syntax)
    }

    @Test func afterARefusalTheNextDocumentIsReadAfresh() throws {
        for text in Self.notDocuments {
            #expect(!isRead(text.utf8))
            #expect(try readJSON(#"{"a":[1,2]}"#)["a"]?.withDescendants.count == 3)
        }
    }
}
