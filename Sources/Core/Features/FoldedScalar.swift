/// One character of a text as words see it.
enum FoldedScalar {
    case separator
    /// `+` or `#`, which only go on with a word.
    case suffix(UInt8)
    /// An accent of its own: drops out.
    case mark
    case one(UInt8)
    case two(UInt8, UInt8)
    /// The bytes as they stand.
    case asIs

    /// The character at `position` and how many bytes it has; bytes that are no UTF-8 separate, one at a time.
    @inline(__always)
    static func read(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> (FoldedScalar, width: Int) {
        let first = bytes[position]
        if first < 0x80 { return (ascii(first), 1) }
        return beyondASCII(bytes, at: position)
    }

    @inline(__always)
    private static func ascii(_ byte: UInt8) -> FoldedScalar {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): .one(byte)
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): .one(byte | 0x20)
        case UInt8(ascii: "+"), UInt8(ascii: "#"): .suffix(byte)
        default: .separator
        }
    }

    private static func beyondASCII(_ bytes: UnsafeBufferPointer<UInt8>, at position: Int) -> (FoldedScalar, width: Int) {
        let first = bytes[position]
        let width = first < 0xC2 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 1
        guard width > 1, position + width <= bytes.count else { return (.separator, 1) }
        for index in 1..<width where bytes[position + index] & 0xC0 != 0x80 { return (.separator, 1) }
        let second = bytes[position + 1]
        switch width {
        case 2: return (ofTwoBytes(first, second), 2)
        case 3: return (ofThreeBytes(first, second, bytes[position + 2]), 3)
        default: return (.asIs, 4)
        }
    }

    private static func ofTwoBytes(_ first: UInt8, _ second: UInt8) -> FoldedScalar {
        switch (first, second) {
        case (0xC2, _): [0xAA, 0xB5, 0xBA].contains(second) ? .asIs : .separator
        case (0xC3, 0x97), (0xC3, 0xB7): .separator
        case (0xC3, 0x86), (0xC3, 0xA6): .two(UInt8(ascii: "a"), UInt8(ascii: "e"))
        case (0xC3, 0x9F): .two(UInt8(ascii: "s"), UInt8(ascii: "s"))
        case (0xC3, _): latin(second & 0x1F)
        case (0xCC, _), (0xCD, ..<0xB0): .mark
        case (0xCE, 0x91...0x9F): .two(0xCE, second + 0x20)
        case (0xCE, 0xA0...0xA9): .two(0xCF, second - 0x20)
        case (0xD0, 0x80...0x8F): .two(0xD1, second + 0x10)
        case (0xD0, 0x90...0x9F): .two(0xD0, second + 0x20)
        case (0xD0, 0xA0...0xAF): .two(0xD1, second - 0x20)
        default: .asIs
        }
    }

    /// The plain letters of U+00E0…U+00FF, and of the capitals before them.
    private static let latinLetters: StaticString = "aaaaaaaceeeeiiiidnooooo.ouuuuypy"

    private static func latin(_ place: UInt8) -> FoldedScalar {
        .one(latinLetters.utf8Start[Int(place)])
    }

    private static func ofThreeBytes(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> FoldedScalar {
        switch (first, second) {
        // General punctuation, arrows, mathematical signs and boxes: no letters.
        case (0xE2, 0x80...0x81), (0xE2, 0x86...0x97): .separator
        // CJK punctuation, but for the mark that repeats an ideograph.
        case (0xE3, 0x80): third == 0x85 ? .asIs : .separator
        // Full-width punctuation.
        case (0xEF, 0xBC): third < 0x90 || (0x9A...0xA0).contains(third) || third >= 0xBB ? .separator : .asIs
        // Variation selectors and the byte order mark.
        case (0xEF, 0xB8): third < 0x90 ? .mark : .asIs
        case (0xEF, 0xBB): third == 0xBF ? .mark : .asIs
        default: .asIs
        }
    }
}
