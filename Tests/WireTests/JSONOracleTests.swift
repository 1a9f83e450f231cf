import Foundation
import NIOCore
import TestKit
import Testing
import Wire

/// The reader against two others: Foundation's `JSONSerialization`, and `StrictJSON`, the plain recogniser beside.
@Suite struct JSONOracleTests {
    @Test func randomDocumentsReadAsFoundationReadsThem() throws {
        for seed in 0..<600 as Range<UInt64> {
            let random = RandomJSON(seed: seed)
            let root = try JSONDocument(ByteBuffer(bytes: random.bytes)).root
            let other = try JSONSerialization.jsonObject(with: Data(random.bytes), options: .fragmentsAllowed)
            try #require(root.equals(other), "seed \(seed): \(String(decoding: random.bytes, as: UTF8.self))")
        }
    }

    @Test func everyValueKnowsWhereItStands() throws {
        for seed in 1000..<1600 as Range<UInt64> {
            let random = RandomJSON(seed: seed)
            let all = try JSONDocument(ByteBuffer(bytes: random.bytes)).root.withDescendants
            try #require(all.map(\.range) == random.ranges, "seed \(seed)")
            try #require(all.map(\.memberRange) == random.memberRanges, "seed \(seed)")
            for value in all {
                let text = random.bytes[value.range]
                try #require(value.text == ByteBuffer(bytes: text), "seed \(seed)")
                // Cut out, it is the same value.
                let alone = try JSONDocument(ByteBuffer(bytes: text)).root
                try #require(alone.kind == value.kind && alone.string == value.string && alone.double == value.double)
            }
        }
    }

    /// Small damage to good documents: both accept the result, or both refuse it.
    @Test func damagedDocumentsAreJudgedStrictly() throws {
        var random = SplitMix64(seed: 20_250_601)
        let sources = [Array(richJSON.utf8)] + (0..<40).map { RandomJSON(seed: 5000 + $0).bytes }.filter { $0.count < 400 }
        let tokens = [
            "\"", "\\", ",", ":", "[", "]", "{", "}", "0", "1", "-", ".", "e", "true", "null", " ", "\n", "\u{0}",
            "\\u", "\\ud800", "é",
        ]
            .map { Array($0.utf8) }
        var accepted = 0
        for iteration in 0..<20_000 {
            var bytes = sources.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...3, using: &random) { damage(&bytes, tokens, &random) }
            let isStrict = StrictJSON.accepts(bytes)
            accepted += isStrict ? 1 : 0
            try #require(isRead(bytes) == isStrict, "iteration \(iteration): \(String(decoding: bytes, as: UTF8.self))")
        }
        // The damage must leave some documents whole, or the test says nothing.
        #expect((1000..<19_000).contains(accepted))
    }

    private func damage(_ bytes: inout [UInt8], _ tokens: [[UInt8]], _ random: inout SplitMix64) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        let end = min(bytes.count, place + Int.random(in: 0...3, using: &random))
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes.removeSubrange(place..<end)
        case 1: bytes.replaceSubrange(place..<end, with: tokens.randomElement(using: &random) ?? [])
        case 2: bytes.insert(contentsOf: tokens.randomElement(using: &random) ?? [], at: place)
        case 3: if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &random) }
        case 4: bytes.insert(contentsOf: bytes[place..<end], at: place)
        default: bytes.insert(contentsOf: [UInt8](repeating: 0x20, count: Int.random(in: 1...70, using: &random)), at: place)
        }
    }

    /// Foundation is the second judge of what is valid. It differs where this list says so, and only there.
    @Test func foundationAgreesButForItsOwnWays() {
        // Half of a surrogate pair and numbers beyond a double are legal JSON, and a caller's to send.
        let foundationRefuses = [
            "1e400", #""\ud83d""#, #""\udc00 alone""#, #""\ud83dx""#, #""\ud83d\ud83d""#, #""\uDEAD\uD83D\uDE00""#,
        ]
        // A comma too many, a byte order mark; and a NUL byte makes it guess at UTF-16.
        let foundationTakes = ["[1,]", "{\"a\":1,}", "\u{FEFF}1", "1\u{0}", "\u{0}1"]
        for text in JSONReadingTests.documents + JSONReadingTests.notDocuments {
            let isTaken = (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil
            let expected = (isRead(text.utf8) && !foundationRefuses.contains(text)) || foundationTakes.contains(text)
            #expect(isTaken == expected, "\(text)")
        }
    }
}

extension JSONValue {
    /// Whether Foundation read the same value.
    fileprivate func equals(_ other: Any) -> Bool {
        switch kind {
        case .object:
            guard let other = other as? [String: Any] else { return false }
            let members = Array(children)
            return members.count == other.count
                && members.allSatisfy { member in member.key.flatMap { other[$0] }.map { member.equals($0) } ?? false }
        case .array:
            guard let other = other as? [Any] else { return false }
            let elements = Array(children)
            return elements.count == other.count && zip(elements, other).allSatisfy { $0.equals($1) }
        case .string: return (other as? String).map { Array($0.utf8) } == string.map { Array($0.utf8) }
        case .number: return (other as? NSNumber)?.doubleValue == double && !isBoolean(other)
        case .boolean: return (other as? Bool) == bool && isBoolean(other)
        case .null: return other is NSNull
        }
    }

    /// A number that is 0 or 1 passes for a `Bool` too.
    private func isBoolean(_ other: Any) -> Bool { (other as? NSNumber).map { String(cString: $0.objCType) } == "c" }
}
