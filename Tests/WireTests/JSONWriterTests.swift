import Foundation
import NIOCore
import TestKit
import Testing
import Wire

/// What is written is JSON, and says what was meant.
@Suite struct JSONWriterTests {
    /// The value that Foundation reads in the text.
    private func foundation(_ text: ByteBuffer) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(text.readableBytesView), options: .fragmentsAllowed)
    }

    @Test(arguments: [
        "", "a", "\"", "\\", "\\\"", "\\n", "\n\r\t", "\u{0}", "\u{1}\u{1f}\u{7f}", "\u{8}\u{c}", "/", "</script>", "é",
        "e\u{301}", "漢字", "😀", "👩‍👩‍👧",
        "\u{2028}\u{2029}", "a\u{FEFF}b", "\u{FFFD}", "\u{10FFFF}", "{\"a\":[1,2]}", "data: x\n\n", "\"\"\"",
        "ends with \\", "\u{0}middle\u{0}",
    ])
    func stringsComeBack(text: String) throws {
        let written = JSONWriter.text { $0.string(text) }
        #expect(try foundation(written) as? String == text)
        let value = try readJSON(written.asString)
        #expect(value.string.map { Array($0.utf8) } == Array(text.utf8))
        // A frame of an event stream is a line.
        #expect(!written.readableBytesView.contains { $0 < 0x20 })
        let asKey = JSONWriter.text { $0.object { $0.key(dynamic: text); $0.null() } }
        #expect(try readJSON(asKey.asString).firstChild?.key == text)
    }

    @Test func everyCharacterOfTheBasicPlaneComesBack() throws {
        let text = String(String.UnicodeScalarView((0...0xFFFF as ClosedRange<UInt32>).compactMap(Unicode.Scalar.init)))
        let written = JSONWriter.text { $0.string(text) }
        #expect(try foundation(written) as? String == text)
        #expect(try readJSON(written.asString).string == text)
    }

    @Test func escapesAreTheShortOnes() {
        #expect(JSONWriter.text { $0.string("\"\\\n\r\t\u{1}\u{1f}é/") }.asString == #""\"\\\n\r\t\u0001\u001fé/""#)
    }

    @Test(arguments: [
        0, -0.0, 1, -1.5, 0.1, 1e-7, 4e-7, 1e16, 1e21, .greatestFiniteMagnitude, .leastNonzeroMagnitude, 0.1 + 0.2,
        123_456_789.125,
    ])
    func doublesComeBackExactly(value: Double) throws {
        let written = JSONWriter.text { $0.number(value) }
        #expect(StrictJSON.accepts(Array(written.readableBytesView)), "\(written.asString)")
        #expect(try readJSON(written.asString).double?.bitPattern == value.bitPattern)
    }

    @Test func randomDoublesComeBackExactly() throws {
        var random = SplitMix64(seed: 3)
        for _ in 0..<2000 {
            let value = Double(bitPattern: random.next())
            let written = JSONWriter.text { $0.number(value) }
            try #require(StrictJSON.accepts(Array(written.readableBytesView)), "\(value)")
            let read = try readJSON(written.asString)
            try #require(value.isFinite ? read.double == value : read.isNull, "\(value)")
        }
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func whatIsNoNumberIsNull(value: Double) {
        #expect(JSONWriter.text { $0.number(value) }.asString == "null")
    }

    @Test func integers() {
        let written = JSONWriter.text {
            $0.array {
                $0.integer(0)
                $0.integer(Int.min)
                $0.integer(UInt64.max)
                $0.integer(Int8(-1))
            }
        }
        #expect(written.asString == "[0,-9223372036854775808,18446744073709551615,-1]")
    }

    @Test func commasStandBetweenValuesOnly() {
        let written = JSONWriter.text {
            $0.object {
                $0.key("empty")
                $0.object { _ in }
                $0.key("list")
                $0.array {
                    $0.array { _ in }
                    $0.array { $0.null() }
                    $0.object {
                        $0.key(dynamic: "a\"b")
                        $0.bool(true)
                        $0.key("c")
                        $0.bool(false)
                    }
                    $0.string("s")
                    $0.string(orNull: nil)
                    $0.string(orNull: "t")
                }
                $0.key("raw")
                $0.json(ByteBuffer(string: "[1, 2]"))
                $0.key("last")
                $0.number(0.5)
            }
        }
        #expect(
            written.asString
                == #"{"empty":{},"list":[[],[null],{"a\"b":true,"c":false},"s",null,"t"],"raw":[1, 2],"last":0.5}"#)
    }

    @Test func writesBehindWhatIsThere() {
        var writer = JSONWriter(into: ByteBuffer(string: "data: "))
        writer.array { $0.integer(1) }
        #expect(writer.finish().asString == "data: [1]")
    }

    @Test func aRandomDocumentWrittenAgainIsTheSame() throws {
        for seed in 0..<200 as Range<UInt64> {
            let root = try JSONDocument(ByteBuffer(bytes: RandomJSON(seed: seed).bytes)).root
            let written = JSONWriter.text { Self.copy(root, to: &$0) }
            let again = try JSONDocument(written).root
            try #require(zip(root.withDescendants, again.withDescendants).allSatisfy {
                $0.kind == $1.kind && $0.key == $1.key && $0.string == $1.string && $0.double == $1.double
                    && $0.bool == $1.bool
            }, "seed \(seed)")
            try #require(root.withDescendants.count == again.withDescendants.count, "seed \(seed)")
        }
    }

    private static func copy(_ value: JSONValue, to writer: inout JSONWriter) {
        switch value.kind {
        case .object:
            writer.object {
                for member in value.children {
                    $0.key(dynamic: member.key ?? "")
                    copy(member, to: &$0)
                }
            }
        case .array: writer.array { for element in value.children { copy(element, to: &$0) } }
        case .string: writer.string(value.string ?? "")
        case .number: writer.number(value.double ?? .nan)
        case .boolean: writer.bool(value.bool ?? false)
        case .null: writer.null()
        }
    }
}
