/// Which rows a text has named already, so that a word counts once however often it stands there: a bit a row, kept on the
/// stack.
package struct SeenRows: ~Copyable {
    private let words: UnsafeMutableBufferPointer<UInt64>

    /// Lends a set for 2^bits rows.
    @inline(__always)
    package static func withEmpty<Result>(bits: Int, _ body: (borrowing SeenRows) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: max(1, 1 << (bits - 6))) { words in
            words.initialize(repeating: 0)
            return body(SeenRows(words: words))
        }
    }

    private init(words: UnsafeMutableBufferPointer<UInt64>) { self.words = words }

    /// True when the row was not in the set before.
    @inline(__always)
    package func insert(_ row: Int) -> Bool {
        let bit = UInt64(1) << UInt64(row & 63)
        if words[row >> 6] & bit != 0 { return false }
        words[row >> 6] |= bit
        return true
    }
}
