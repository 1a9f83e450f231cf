/// Splits UTF-8 into words and hashes them as it goes: nothing is allocated, and no byte is read twice.
///
/// A word is a run of letters and digits; `+` and `#` go on with one (`c++`, `c#`). Letters are folded: ASCII, Latin-1, Greek
/// and Cyrillic capitals to small ones, Latin-1 accents and combining marks to the plain letter (`CAFÉ` and `cafe` are one
/// word). All other letters stand as they are; general, CJK and full-width punctuation separates, emoji are words. A run
/// without spaces, as Chinese and Japanese write, is cut into pieces of at most 38 bytes.
package struct HashedWords: ~Copyable {
    /// Longest word in folded bytes; longer ones are cut.
    static let longest = 38

    private let source: UnsafeBufferPointer<UInt8>
    private var position = 0
    /// `^word$`.
    private let guarded: UnsafeMutableBufferPointer<UInt8>
    private var length = 0
    private var previous: UInt32 = 0

    /// Calls `body` for each word of `bytes` in their order.
    @inline(__always)
    package static func forEach(in bytes: UnsafeBufferPointer<UInt8>, _ body: (HashedWord) -> Void) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: longest + 6) { room in
            var words = HashedWords(source: bytes, guarded: room)
            while let word = words.next() { body(word) }
        }
    }

    private init(source: UnsafeBufferPointer<UInt8>, guarded: UnsafeMutableBufferPointer<UInt8>) {
        self.source = source
        self.guarded = guarded
        guarded.initialize(repeating: FeatureHash.wordStart)
    }

    private mutating func next() -> HashedWord? {
        length = 0
        var start = position
        while position < source.count {
            let (letters, width) = FoldedScalar.read(source, at: position)
            switch letters {
            case .separator:
                if length > 0 { return word(from: start) }
            case .suffix(let byte):
                if length > 0 { append(byte) }
            case .mark:
                break
            case .one(let byte):
                if length == 0 { start = position }
                append(byte)
            case .asIs:
                if length == 0 { start = position }
                for index in position..<position + width { append(source[index]) }
            case .two(let first, let second):
                if length == 0 { start = position }
                append(first)
                append(second)
            }
            position += width
            if length > Self.longest - 4 { return word(from: start) }
        }
        return length > 0 ? word(from: start) : nil
    }

    @inline(__always)
    private mutating func append(_ byte: UInt8) {
        length += 1
        guarded[length] = byte
    }

    private mutating func word(from start: Int) -> HashedWord {
        guarded[length + 1] = FeatureHash.wordEnd
        var hash = FeatureHash.word
        for index in 1...length { hash = FeatureHash.extend(hash, guarded[index]) }
        defer { previous = hash }
        return HashedWord(
            hash: hash, previousHash: previous, start: start, end: position,
            guarded: UnsafeBufferPointer(rebasing: guarded[..<(length + 2)]))
    }
}

/// A word of a text; valid during the call that hands it over.
package struct HashedWord {
    /// Of the folded word.
    package let hash: UInt32
    /// Of the word before it; 0 for the first.
    package let previousHash: UInt32
    /// Where it stands in the bytes it was read from.
    package let start: Int
    package let end: Int
    /// The folded bytes between two guards.
    let guarded: UnsafeBufferPointer<UInt8>

    /// The pair of the word before it and itself; nil for the first.
    package var pairHash: UInt32? {
        previousHash == 0 ? nil : FeatureHash.pair(previousHash, hash)
    }

    /// Whether it begins with a digit, as dates, addresses and times in pasted logs do.
    @inline(__always)
    package var isNumber: Bool { guarded[1] &- UInt8(ascii: "0") < 10 }

    /// Calls `body` with the hash of each of its features: the word, its pair with the one before, and its grams. A number has
    /// none.
    @inline(__always)
    package func forEachFeature(_ body: (UInt32) -> Void) {
        if isNumber { return }
        body(hash)
        if let pairHash { body(pairHash) }
        forEachGram(body)
    }

    /// Calls `body` with the hash of each run of 3 to 5 bytes of the word, whose beginning and end count as a byte each.
    @inline(__always)
    package func forEachGram(_ body: (UInt32) -> Void) {
        let bytes = guarded.baseAddress!
        let count = guarded.count
        var start = 0
        while start + 3 <= count {
            var hash = FeatureHash.gram
            hash = FeatureHash.extend(hash, bytes[start])
            hash = FeatureHash.extend(hash, bytes[start + 1])
            hash = FeatureHash.extend(hash, bytes[start + 2])
            body(hash)
            if start + 4 <= count {
                hash = FeatureHash.extend(hash, bytes[start + 3])
                body(hash)
            }
            if start + 5 <= count { body(FeatureHash.extend(hash, bytes[start + 4])) }
            start += 1
        }
    }
}
