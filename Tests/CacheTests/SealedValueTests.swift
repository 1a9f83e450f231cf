import Crypto
import Gateway
import NIOCore
import TestKit
import Testing

@testable import Cache

struct SealedValueTests {
    private static let place = "v1:acme:00ff"
    private static let limit = 1 << 20

    private func open(_ sealed: ByteBuffer, _ key: SealingKey = Fixture.key, at place: String = place, limit: Int = limit)
        -> [UInt8]?
    { SealedValue.open(sealed, with: key, at: place, limit: limit) }

    private func seal(_ plain: [UInt8]) -> ByteBuffer { SealedValue.seal(plain, with: Fixture.key, at: Self.place) }

    private func noise(_ count: Int) -> [UInt8] {
        var random = SplitMix64(seed: 9)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }

    @Test(arguments: [0, 1, 1023, 1024, 1025, 50_000])
    func opensWhatItSealed(count: Int) {
        for plain in [[UInt8](repeating: 0x61, count: count), noise(count)] { #expect(open(seal(plain)) == plain) }
    }

    @Test func compressesWhereItHelps() {
        #expect(seal([UInt8](repeating: 0x61, count: 1024)).readableBytes == 1024 + SealedValue.overhead)
        #expect(seal([UInt8](repeating: 0x61, count: 50_000)).readableBytes < 200)
        #expect(seal(noise(50_000)).readableBytes == 50_000 + SealedValue.overhead)
    }

    @Test func hidesThePlainText() {
        let text = Array("a sentence that nobody should read".utf8)
        let sealed = Array(seal(text).readableBytesView)
        #expect(!sealed.indices.contains { sealed[$0...].starts(with: text.prefix(6)) })
        #expect(seal(text) != seal(text), "each seal has its own nonce")
    }

    @Test(arguments: [200, 4000])
    func doesNotOpenWithABitChanged(count: Int) {
        let sealed = Array(seal([UInt8](repeating: 0x61, count: count)).readableBytesView)
        for place in sealed.indices {
            for bit in 0..<8 {
                var changed = sealed
                changed[place] ^= 1 << bit
                #expect(open(ByteBuffer(bytes: changed)) == nil)
            }
        }
    }

    @Test func doesNotOpenCutOrLonger() {
        let sealed = Array(seal(Array("hello".utf8)).readableBytesView)
        for length in sealed.indices { #expect(open(ByteBuffer(bytes: sealed[..<length])) == nil) }
        #expect(open(ByteBuffer(bytes: sealed + [0])) == nil)
    }

    @Test func doesNotOpenElsewhere() {
        let sealed = seal([1, 2, 3])
        #expect(open(sealed, Fixture.otherKey) == nil)
        #expect(open(sealed, SealingKey(secretID: 8, key: Fixture.key.key)) == nil)
        #expect(open(sealed, at: "v1:acme:00fe") == nil)
    }

    @Test func doesNotOpenNoise() {
        for count in 0..<300 { #expect(open(ByteBuffer(bytes: noise(count))) == nil) }
    }

    /// Ten megabytes of nothing are a few hundred bytes on the wire.
    @Test func doesNotUnpackABomb() {
        let sealed = seal([UInt8](repeating: 0, count: 10 << 20))
        #expect(sealed.readableBytes < 2000)
        #expect(open(sealed) == nil)
        #expect(open(sealed, limit: 10 << 20)?.count == 10 << 20)
    }

    @Test func doesNotBelieveAFrameThatHidesItsSize() throws {
        let frame = try #require(Zstandard.compress([UInt8](repeating: 0, count: 5000)))
        #expect(Zstandard.decompress(frame, limit: 5000)?.count == 5000)
        #expect(Zstandard.decompress(frame, limit: 4999) == nil)
        #expect(Zstandard.decompress(frame + frame, limit: 5000) == nil)
        #expect(Zstandard.decompress([], limit: 5000) == nil)
        for length in frame.indices { #expect(Zstandard.decompress(Array(frame[..<length]), limit: 5000) == nil) }
        for place in frame.indices {
            for value in UInt8.min ... .max {
                var changed = frame
                changed[place] = value
                #expect(Zstandard.decompress(changed, limit: 5000).map { $0.count <= 5000 } ?? true)
            }
        }
    }
}
