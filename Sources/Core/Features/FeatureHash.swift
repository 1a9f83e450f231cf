/// The hashes of features: FNV-1a over bytes, begun differently for each kind. Trained weights depend on every bit of this.
package enum FeatureHash {
    /// Begins a word's hash.
    package static let word: UInt32 = 0x811C_9DC5
    /// Begins the hash of a run of bytes inside a word.
    package static let gram: UInt32 = 0x5BD1_E995
    /// Begins the hash of a feature that is no text, as `named` makes them.
    private static let name: UInt32 = 0x1B87_3593
    /// Stand for the borders of a word in its grams; control characters, which are in no word.
    static let wordStart: UInt8 = 2
    static let wordEnd: UInt8 = 3

    @inline(__always)
    package static func extend(_ hash: UInt32, _ byte: UInt8) -> UInt32 {
        (hash ^ UInt32(byte)) &* 0x0100_0193
    }

    @inline(__always)
    package static func pair(_ first: UInt32, _ second: UInt32) -> UInt32 {
        (first &* 0x85EB_CA6B ^ second) &* 0xC2B2_AE35
    }

    /// A feature that is no text, such as "has tools" or "tokens: 2^7".
    package static func named(_ name: StaticString, _ value: Int = 0) -> UInt32 {
        var hash = Self.name
        name.withUTF8Buffer { for byte in $0 { hash = extend(hash, byte) } }
        return pair(hash, UInt32(truncatingIfNeeded: value))
    }

    /// The row, 0..<2^bits, of a feature's weights. FNV's low bits are its best mixed; the multiplication brings the others in.
    @inline(__always)
    package static func row(of hash: UInt32, bits: Int) -> Int {
        Int(truncatingIfNeeded: ((hash ^ hash >> 15) &* 0x9E37_79B1) >> UInt32(truncatingIfNeeded: 32 - bits))
    }
}
