/// The text at the start of a second answer that the caller has already, to be skipped byte by byte, however the answer is
/// cut into pieces.
struct Overlap: Sendable {
    private let expected: [UInt8]
    /// Bytes that the answer must repeat; what follows them is skipped only as far as it is there.
    let required: Int
    private var matched = 0
    private var isOver: Bool

    /// - Parameters:
    ///   - required: what the answer must begin with.
    ///   - blanks: ASCII white space that may follow it.
    init(required: String, blanks: String = "") {
        expected = Array((required + blanks).utf8)
        self.required = required.utf8.count
        isOver = expected.isEmpty
    }

    /// Whether all was repeated that had to be.
    var isSatisfied: Bool { matched >= required }

    /// What of the answer's next piece is new; nil when the answer says something else.
    mutating func skip(_ piece: String) -> String? {
        guard !isOver else { return piece }
        var rest = piece.utf8[...]
        while matched < expected.count, rest.first == expected[matched] {
            matched += 1
            rest = rest.dropFirst()
        }
        if !rest.isEmpty, !isSatisfied { return nil }
        isOver = matched == expected.count || !rest.isEmpty
        // Both texts are UTF-8 and agree so far, or differ in a blank: the rest begins with a whole character.
        return String(decoding: rest, as: UTF8.self)
    }
}

extension String {
    /// The text without the ASCII white space at its end, and that white space.
    var withoutTrailingBlanks: (kept: String, blanks: String) {
        let end = utf8.lastIndex { !" \t\r\n".utf8.contains($0) }.map { utf8.index(after: $0) } ?? startIndex
        return (String(self[..<end]), String(self[end...]))
    }
}
