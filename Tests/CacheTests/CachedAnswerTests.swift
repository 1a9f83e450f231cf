import Core
import Gateway
import NIOCore
import TestKit
import Testing

@testable import Cache

struct CachedAnswerTests {
    private static let plain = CachedAnswer(
        body: ByteBuffer(string: "{}"), model: "", deployment: "", usage: nil, cost: nil, createdAt: -5,
        life: .milliseconds(1), tags: [], seconds: 0)

    private func expectSame(_ left: CachedAnswer, _ right: CachedAnswer) {
        #expect(left.body == right.body)
        #expect(left.model == right.model)
        #expect(left.deployment == right.deployment)
        #expect(left.usage == right.usage)
        #expect(left.cost == right.cost)
        #expect(left.createdAt == right.createdAt)
        #expect(left.life == right.life)
        #expect(left.tags == right.tags)
        #expect(left.seconds == right.seconds)
    }

    @Test func readsWhatItWrote() throws {
        for answer in [Fixture.answer("grüße 🌍"), Self.plain] {
            expectSame(try #require(CachedAnswer(encoded: answer.encoded)), answer)
            #expect(answer.encoded.count <= answer.encodedBound)
        }
    }

    @Test func readsNothingThatBreaksOffOrGoesOn() {
        let bytes = Fixture.answer().encoded
        for length in bytes.indices { #expect(CachedAnswer(encoded: Array(bytes[..<length])) == nil) }
        #expect(CachedAnswer(encoded: bytes + [0]) == nil)
    }

    @Test func readsNoOtherVersion() {
        let bytes = Fixture.answer().encoded
        for version in UInt8.min ... .max where version != bytes[0] {
            #expect(CachedAnswer(encoded: changed(bytes, 0, version)) == nil)
        }
    }

    /// What changed bytes mean is for the seal to refuse. Here they must only not crash, nor make an answer that breaks
    /// the type's own promises.
    @Test func survivesEveryChangedByte() {
        let bytes = Fixture.answer().encoded
        for place in bytes.indices {
            for value in UInt8.min ... .max { expectSound(CachedAnswer(encoded: changed(bytes, place, value))) }
        }
    }

    @Test func survivesNoise() {
        var random = SplitMix64(seed: 4)
        for _ in 0..<20_000 {
            let noise = (0..<Int.random(in: 0..<200, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
            expectSound(CachedAnswer(encoded: noise))
            expectSound(CachedAnswer(encoded: [1, noise.first ?? 0] + noise))
        }
    }

    private func changed(_ bytes: [UInt8], _ place: Int, _ value: UInt8) -> [UInt8] {
        var copy = bytes
        copy[place] = value
        return copy
    }

    private func expectSound(_ answer: CachedAnswer?) {
        guard let answer else { return }
        let isSound =
            answer.life > .zero && answer.life <= CachedAnswer.longestLife
            && answer.seconds >= 0 && answer.tags.count <= CachedAnswer.tagLimit
            && (answer.usage?.cachedPromptTokens ?? 0) <= (answer.usage?.promptTokens ?? 0)
        #expect(isSound)
    }

    /// A provider's buffer is a window on a larger one.
    @Test func doesNotKeepAliveWhatItsBodyWasCutFrom() throws {
        var large = ByteBuffer(repeating: 0x20, count: 1 << 20)
        let read = large.readSlice(length: 100)
        let slice = try #require(read)
        let answer = CachedAnswer(
            body: slice, model: "m", deployment: "d", usage: nil, cost: nil, createdAt: 0, life: .seconds(1), tags: [],
            seconds: 0)
        #expect(answer.body.storageCapacity == 128)
        #expect(answer.body == slice)
        #expect(answer.footprint < 1024)
    }

    @Test func numbersRoundTripAtTheirEnds() {
        let signed: [Int64] = [.min, .min + 1, -1, 0, 1, 63, 64, .max]
        let unsigned: [UInt64] = [0, 127, 128, .max]
        var writer = ByteWriter(capacity: 100)
        for value in signed { writer.signed(value) }
        for value in unsigned { writer.unsigned(value) }
        var reader = ByteReader(writer.bytes)
        #expect(signed.allSatisfy { reader.signed() == $0 })
        #expect(unsigned.allSatisfy { reader.unsigned() == $0 })
        #expect(reader.isAtEnd)
    }

    /// A number has one form; eleven bytes, or a leading zero, are none.
    @Test func refusesOtherFormsOfNumbers() {
        let ones = [UInt8](repeating: 0xFF, count: 11)
        let forms: [[UInt8]] = [[], [0x80], [0x80, 0x00], ones, ones.prefix(9) + [2]]
        for form in forms {
            var reader = ByteReader(form)
            #expect(reader.unsigned() == nil)
        }
    }

    @Test func tenantsOwnTagsNeverMeet() {
        #expect(CacheTag.own("b:c", of: "a") != CacheTag.own("c", of: "a:b"))
        #expect(CacheTag.own("x", of: "a") != CacheTag.own("x", of: "b"))
        #expect(CacheTag.user("x", of: "a") != CacheTag.session("x", of: "a"))
    }

    @Test(arguments: [
        (CacheTag.tenant("acme"), "acme"), (.user("x", of: "acme"), "acme"), (.session("a:b", of: "a:b:c"), "a:b:c"),
        (.own("9:x", of: "漢字"), "漢字"), (.own("", of: ""), ""), (.tenant("a:b"), "a:b"), (.agent("dev"), nil), (.model("4:acme:m"), nil),
        (CacheTag(name: "own"), nil), (CacheTag(name: "own:x:y"), nil), (CacheTag(name: "own:-1:y"), nil), (CacheTag(name: ""), nil),
    ] as [(CacheTag, String?)])
    func aTagKnowsItsTenant(tag: CacheTag, owner: String?) {
        #expect(tag.owner == owner && CacheInvalidation.tag(tag).owner == owner)
    }
}
