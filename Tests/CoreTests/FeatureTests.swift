import TestKit
import Testing

@testable import Core

/// Words and their features.
@Suite struct FeatureTests {
    /// The words of a text as they are hashed.
    private func words(_ text: String) -> [String] { words(Array(text.utf8)) }

    private func words(_ bytes: [UInt8]) -> [String] {
        var words: [String] = []
        bytes.withUnsafeBufferPointer { bytes in
            HashedWords.forEach(in: bytes) { words.append(String(decoding: $0.guarded.dropFirst().dropLast(), as: UTF8.self)) }
        }
        return words
    }

    private func features(_ text: String) -> [UInt32] {
        var hashes: [UInt32] = []
        TextSample.read(text) { bytes, _ in
            HashedWords.forEach(in: bytes) { word in word.forEachFeature { hashes.append($0) } }
        }
        return hashes
    }

    @Test(arguments: [
        ("Hello, World!", ["hello", "world"]), ("C++/C# a_b", ["c++", "c#", "a", "b"]), ("# one ## two", ["one", "two"]),
        ("asp.net 3.5", ["asp", "net", "3", "5"]), ("", []), (" \n!?", []), ("don't", ["don", "t"]),
        ("CAFÉ café cafe\u{301}", ["cafe", "cafe", "cafe"]), ("Größe Æsir", ["grosse", "aesir"]),
        ("ПРИВЕТ Ёж", ["привет", "ёж"]), ("ΑΒΓ", ["αβγ"]), ("“quoted” — yes…", ["quoted", "yes"]),
        ("設計、実装。テスト", ["設計", "実装", "テスト"]), ("a\u{200D}b", ["a", "b"]), ("😀 ok", ["😀", "ok"]), ("３＋４", ["３", "４"]),
        ("\u{FEFF}bom ❤\u{FE0F}", ["bom", "❤"]), ("×÷", []), ("µm", ["µm"]),
    ])
    func splitsAndFolds(text: String, expected: [String]) {
        #expect(words(text) == expected)
    }

    /// Published vectors of FNV-1a.
    @Test func aWordIsHashedByFNV() {
        func hash(_ text: String) -> UInt32 { text.utf8.reduce(FeatureHash.word, FeatureHash.extend) }
        #expect(hash("") == 0x811C_9DC5)
        #expect(hash("a") == 0xE40C_292C)
        #expect(hash("foobar") == 0xBF9C_F968)
        #expect(features("FooBar").first == 0xBF9C_F968)
    }

    /// Weights are trained for exactly these; a change of any needs new weights.
    @Test func featuresStayWhatTheyAre() {
        #expect(features("Fix it").map { FeatureHash.row(of: $0, bits: 18) } == [
            98_811, 243_634, 201_382, 154_546, 172_078, 171_383, 47_051, 216_568, 261_770, 68_459, 133_056, 5082,
        ])
        #expect(FeatureHash.named("tools") != FeatureHash.named("tools", 1))
        #expect(FeatureHash.named("tools", 7) == 0x4A8572FD)
    }

    @Test func aWordGivesItselfItsPairAndItsGrams() {
        // ^cat$ has three runs of three bytes, two of four and one of five.
        #expect(features("cat").count == 1 + 6)
        #expect(Set(features("cat")).count == 7)
        #expect(features("a cat").count == features("a").count + 1 + 7)
        #expect(features("cat dog") != features("dog cat"))
        #expect(Set(features("cat dog")).subtracting(features("dog cat")).count == 1)
    }

    @Test func longWordsAreCut() {
        let pieces = words(String(repeating: "x", count: 100))
        #expect(pieces.joined().count == 100)
        #expect(pieces.allSatisfy { (1...38).contains($0.utf8.count) })
        #expect(words(String(repeating: "漢", count: 40)).joined() == String(repeating: "漢", count: 40))
    }

    @Test func anyBytesAreRead() {
        var random = SplitMix64(seed: 41)
        for _ in 0..<400 {
            let bytes = (0..<Int.random(in: 0...90, using: &random)).map { _ in
                Bool.random(using: &random) ? UInt8.random(in: 0x80...0xFF, using: &random) : UInt8.random(in: 0...255, using: &random)
            }
            var last = 0
            bytes.withUnsafeBufferPointer { buffer in
                HashedWords.forEach(in: buffer) { word in
                    #expect(word.start >= last && word.end > word.start && word.end <= bytes.count)
                    #expect((3...40).contains(word.guarded.count))
                    last = word.end
                    word.forEachFeature { _ in }
                }
            }
        }
    }

    @Test func ofALongTextHeadAndTailAreRead() {
        func pieces(_ text: String) -> [String] {
            var pieces: [String] = []
            TextSample.read(text) { bytes, offset in
                pieces.append(String(decoding: bytes, as: UTF8.self))
                #expect(Array(text.utf8)[offset..<offset + bytes.count].elementsEqual(bytes))
            }
            return pieces
        }
        #expect(pieces("") == [""])
        let whole = String(repeating: "a", count: 8192)
        #expect(pieces(whole) == [whole])
        let long = String(repeating: "h", count: 6144) + String(repeating: "-", count: 100_000) + String(repeating: "t", count: 2048)
        #expect(pieces(long) == [String(repeating: "h", count: 6144), String(repeating: "t", count: 2048)])
    }

    @Test func aRowIsNewOnce() {
        SeenRows.withEmpty(bits: 8) { seen in
            #expect((0..<256).allSatisfy { seen.insert($0) })
            #expect(!(0..<256).contains { seen.insert($0) })
        }
    }
}
