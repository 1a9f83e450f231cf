import NIOCore
import Testing
import Wire

/// What the values of a document say of themselves.
@Suite struct JSONValueTests {
    @Test func kinds() throws {
        let root = try readJSON(#"[{},[],"",0,true,false,null]"#)
        #expect(root.children.map(\.kind) == [.object, .array, .string, .number, .boolean, .boolean, .null])
        #expect(root.children.map(\.bool) == [nil, nil, nil, nil, true, false, nil])
        #expect(root.children.map(\.isNull) == [false, false, false, false, false, false, true])
        #expect(root.children.map(\.string) == [nil, nil, "", nil, nil, nil, nil])
        #expect(root.children.map(\.double) == [nil, nil, nil, 0, nil, nil, nil])
        #expect(root.children.map(\.isEmpty).prefix(2) == [true, true])
        #expect(!root.isEmpty)
    }

    @Test(arguments: [
        (#""""#, ""), (#""a""#, "a"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"),
        (#""\u0041\u00e9\u6F22""#, "Aé漢"),
        (#""\u0000x""#, "\u{0}x"), (#""\ud83d\ude00""#, "😀"), (#""a\\""#, "a\\"), (#""\\u0041""#, "\\u0041"),
        (#""\uFFFF\uE000""#, "\u{FFFF}\u{E000}"),
        (#""\uDBFF\uDFFF""#, "\u{10FFFF}"), (#""漢\n字""#, "漢\n字"),
        (#""\u07ff\u0800\u007f\u0080""#, "\u{7ff}\u{800}\u{7f}\u{80}"),
    ])
    func unescapes(text: String, expected: String) throws {
        let value = try readJSON(text)
        #expect(value.string == expected)
        #expect(value.isNonEmptyString == !expected.isEmpty)
        // The same in the middle of a document, and as a key.
        let root = try readJSON("{\(text):[\(text)]}")
        #expect(root.firstChild?.key == expected)
        #expect(root.member(expected)?.children.map(\.string) == [expected])
    }

    /// Half of a surrogate pair is legal JSON that programs do write, for text which they cut in the middle of an
    /// emoji. It has no character, so it reads as the replacement character; what stands around it survives.
    @Test(arguments: [
        (#""a\ud83d""#, "a\u{FFFD}"), (#""\ud83dx""#, "\u{FFFD}x"), (#""\ude00b""#, "\u{FFFD}b"),
        (#""\ud83d\n""#, "\u{FFFD}\n"),
        (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"),
        (#""\ude00\ud83d""#, "\u{FFFD}\u{FFFD}"),
        (#""\ud83d\\ude00""#, "\u{FFFD}\\ude00"), (#""\ud83d\ue000""#, "\u{FFFD}\u{E000}"), (#""\udfff\ud800""#, "\u{FFFD}\u{FFFD}"),
    ])
    func loneSurrogatesAreReplaced(text: String, expected: String) throws {
        #expect(try readJSON(text).string == expected)
        #expect(try readJSON("[\(text),1]").firstChild?.string == expected)
        #expect(try readJSON("{\(text):1}").firstChild?.key == expected)
    }

    @Test(arguments: [
        ("0", 0), ("-0", 0), ("1", 1), ("-7", -7), ("1.0", 1), ("1e3", 1000), ("12e-1", nil), ("1.5", nil),
        ("9007199254740991", 9_007_199_254_740_991),
        ("9007199254740992", nil), ("-9007199254740991", -9_007_199_254_740_991), ("1e300", nil), ("1e400", nil),
        ("-1e400", nil), ("1e-400", 0),
        (#""1""#, nil), ("true", nil), ("null", nil), ("[1]", nil),
    ] as [(String, Int?)])
    func wholeNumbers(text: String, expected: Int?) throws {
        #expect(try readJSON(text).int == expected)
    }

    @Test(arguments: [
        "0.1", "-2.5e-3", "123456789.125", "1E10", "4.9e-324", "1.7976931348623157e308", "0.30000000000000004",
    ])
    func doubles(text: String) throws {
        #expect(try readJSON(text).double == Double(text))
        #expect(try readJSON("[ \(text) ]").children.map(\.double) == [Double(text)])
    }

    @Test func findsMembers() throws {
        let root = try readJSON(#"{"a":{"b":[1]},"ab":2,"":3,"b":null,"é":4}"#)
        #expect(root["a"]?["b"]?.children.map(\.int) == [1])
        #expect(root["ab"]?.int == 2)
        #expect(root[""]?.int == 3)
        #expect(root["b"]?.isNull == true)
        #expect(root["é"]?.int == 4)
        #expect(root["c"] == nil)
        #expect(root["a"]?["a"] == nil)
        #expect(root["ab"]?["a"] == nil)
        #expect(try readJSON(#"["a"]"#)["a"] == nil)
    }

    @Test func theFirstOfDoubledMembersCounts() throws {
        let root = try readJSON(#"{"a":1,"b":{"a":9},"a":2}"#)
        #expect(root["a"]?.int == 1)
        #expect(root.children.map(\.key) == ["a", "b", "a"])
        #expect(root.children.map { $0.text.asString } == ["1", #"{"a":9}"#, "2"])
    }

    /// To the provider an escaped name is the same name; so it must be here, or the two read different requests.
    @Test func aNameMayBeEscaped() throws {
        let root = try readJSON(#"{"strea\u006d":true,"mod\u0065l":"x","a\/b":1,"\\":2}"#)
        #expect(root["stream"]?.bool == true)
        #expect(root["model"]?.string == "x")
        #expect(root["a/b"]?.int == 1)
        #expect(root["\\"]?.int == 2)
        #expect(root["mod\\u0065l"] == nil)
    }

    @Test func keysAndRanges() throws {
        let text = #" { "a b" : [ 10 , "x" ] , "\u0063":{} } "#
        let root = try readJSON(text)
        func slice(_ range: Range<Int>) -> String { String(decoding: Array(text.utf8)[range], as: UTF8.self) }
        let members = Array(root.children)
        #expect(members.map(\.key) == ["a b", "c"])
        #expect(members.map { slice($0.memberRange) } == [#""a b" : [ 10 , "x" ]"#, #""\u0063":{}"#])
        #expect(members.map { slice($0.range) } == [#"[ 10 , "x" ]"#, "{}"])
        let elements = Array(members[0].children)
        #expect(elements.map(\.key) == [nil, nil])
        #expect(elements.map { slice($0.memberRange) } == ["10", #""x""#])
        #expect(root.key == nil)
        #expect(root.memberRange == root.range)
        #expect(slice(root.range) == text.dropFirst().dropLast())
    }

    @Test func childrenOfAScalarAreNone() throws {
        for child in try readJSON(#"["x",1,null,true]"#).children { #expect(Array(child.children).isEmpty) }
    }

    @Test(arguments: [true, false])
    func aMebibyteInOneString(isEscaped: Bool) throws {
        let unit = isEscaped ? #"line\n\"q\" \ud83d\ude00 "# : "a line of plain text 漢字 "
        let count = (1 << 20) / unit.utf8.count + 1
        let text = String(repeating: unit, count: count)
        let root = try readJSON(#"{"messages":[{"content":"\#(text)"}],"after":1}"#)
        let content = try #require(root["messages"]?.firstChild?["content"])
        #expect(content.string == (isEscaped ? String(repeating: "line\n\"q\" 😀 ", count: count) : text))
        #expect(root["after"]?.int == 1)
    }
}
