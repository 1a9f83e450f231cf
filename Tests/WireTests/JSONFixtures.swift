import NIOCore
import TestKit
import Wire

/// The root of a text that must be readable.
func readJSON(_ text: String) throws -> JSONValue { try JSONDocument(ByteBuffer(string: text)).root }

/// Whether the reader takes these bytes as a document.
func isRead(_ bytes: some Sequence<UInt8>) -> Bool { (try? JSONDocument(ByteBuffer(bytes: bytes))) != nil }

/// Why the reader refuses these bytes; nil where it takes them.
func problem(_ bytes: some Sequence<UInt8>) -> JSONError.Problem? {
    do {
        _ = try JSONDocument(ByteBuffer(bytes: bytes))
        return nil
    } catch {
        return error.problem
    }
}

extension JSONValue {
    /// This value and all that it contains, in document order.
    var withDescendants: [JSONValue] { [self] + children.flatMap(\.withDescendants) }

    var firstChild: JSONValue? { children.first { _ in true } }

    /// The member of that name, whatever the name; the first, if it is there twice.
    func member(_ name: String) -> JSONValue? { children.first { $0.key == name } }
}

extension ByteBuffer {
    var asString: String { String(buffer: self) }
}

/// A document with every kind of value and most ways to write them.
let richJSON = #"""
    {"model" : "gpt-x", "n":-12.50e+3,"flags":[true,false , null,[],{},"",0],
     "caf\u00e9 \"x\"\\":{"deep":[[[{"a":1E-2}]]], "😀\ud83d\ude00": "tab\tslash\/ 漢字"} ,"end":"\u0000\\"}
    """#

/// Writes random documents and notes where each value of them stands.
struct RandomJSON {
    private var random: SplitMix64
    private(set) var bytes: [UInt8] = []
    /// Of every value, in document order.
    private(set) var ranges: [Range<Int>] = []
    /// Of every value's member: from the key's quote on; the value alone in an array and at the root.
    private(set) var memberRanges: [Range<Int>] = []
    private var keys = 0

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
        space()
        value(depth: 0, memberStart: nil)
        space()
    }

    private mutating func roll(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &random) }
    private mutating func put(_ text: String) { bytes += text.utf8 }

    private mutating func space() {
        if roll(3) == 0 { put([" ", "\n", "\t", "\r\n", "  \r\t\n"][roll(5)]) }
    }

    private mutating func value(depth: Int, memberStart: Int?) {
        let (slot, start) = (ranges.count, bytes.count)
        ranges.append(start..<start)
        memberRanges.append(start..<start)
        switch roll(depth < 5 ? 10 : 6) {
        case 0: put(["true", "false", "null"][roll(3)])
        case 1, 2: number()
        case 3, 4, 5: string(prefix: "")
        case 6, 7: container("[", "]", depth: depth, isObject: false)
        default: container("{", "}", depth: depth, isObject: true)
        }
        ranges[slot] = start..<bytes.count
        memberRanges[slot] = (memberStart ?? start)..<bytes.count
    }

    private mutating func container(_ open: String, _ close: String, depth: Int, isObject: Bool) {
        put(open)
        for index in 0..<roll(6) {
            if index > 0 { put(",") }
            space()
            var keyStart: Int?
            if isObject {
                keyStart = bytes.count
                keys += 1
                string(prefix: "k\(keys)")
                space()
                put(":")
                space()
            }
            value(depth: depth + 1, memberStart: keyStart)
            space()
        }
        put(close)
    }

    private mutating func number() {
        put(roll(3) == 0 ? "-" : "")
        put(roll(4) == 0 ? "0" : "\(1 + roll(999_999))")
        if roll(3) == 0 { put(".\(roll(10))\(roll(1000))") }
        if roll(4) == 0 { put(["e", "E", "e+", "E-", "e-"][roll(5)] + "\(roll(20))") }
    }

    private mutating func string(prefix: String) {
        let pieces = [
            "a", "model", "x y", "é", "漢", "😀", "\u{7f}", "\\n", "\\\"", "\\\\", "\\/", "\\b\\f\\r\\t", "\\u00e9",
            "\\uD83D\\uDE00",
            "\\u0000", "{", "]", ":", ",", "  ", "\u{2028}",
        ]
        put("\"" + prefix)
        for _ in 0..<roll(7) { put(pieces[roll(pieces.count)]) }
        put("\"")
    }
}
