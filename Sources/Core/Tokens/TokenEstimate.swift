/// Estimates how many tokens a text is, in one pass over its bytes and without a vocabulary.
///
/// Every byte adds a weight that depends on its class and the class of the byte before it: the beginning of a word costs more
/// than its middle, a rare pair of letters more than a common one, a digit more than a letter. It comes within a few per cent
/// of today's tokenizers on English prose and code; what one model's tokenizer does otherwise, ``TokenCorrection`` learns.
package struct TokenEstimate: Sendable, Equatable {
    /// In units of ``TokenWeights/unit``.
    private var sum = 0

    package init() {}

    /// Tokens that frame each message.
    package static let perMessage = 4

    /// Tokens so far, rounded up.
    package var tokens: Int { (sum + TokenWeights.unit - 1) / TokenWeights.unit }

    package static func tokens(in text: String) -> Int {
        var estimate = TokenEstimate()
        var text = text
        text.withUTF8 { estimate.add(UnsafeRawBufferPointer($0)) }
        return estimate.tokens
    }

    /// Bytes up to which every one is counted. Of a longer text samples from begin to end are, and taken for the whole.
    static let countedBytes = 32_768
    private static let sampleCount = 16

    /// Adds a text.
    ///
    /// - Parameter isEscaped: it stands in JSON, escapes and all.
    package mutating func add(_ bytes: UnsafeRawBufferPointer, isEscaped: Bool = false) {
        guard bytes.count > Self.countedBytes else {
            sum += isEscaped ? Self.countEscaped(bytes) : Self.count(bytes)
            return
        }
        let size = Self.countedBytes / Self.sampleCount
        var sampled = 0
        for index in 0..<Self.sampleCount {
            let start = (bytes.count - size) / (Self.sampleCount - 1) * index
            let sample = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + size)])
            sampled += isEscaped ? Self.countEscaped(sample) : Self.count(sample)
        }
        sum += Int(Double(sampled) / Double(Self.countedBytes) * Double(bytes.count))
    }

    private static func count(_ bytes: UnsafeRawBufferPointer) -> Int {
        TokenWeights.classes.withUnsafeBufferPointer { classes in
            TokenWeights.pairs.withUnsafeBufferPointer { pairs in
                var sum = 0
                var previous = Int(TokenWeights.OtherClass.newline.rawValue)
                for byte in bytes {
                    let kind = Int(classes[Int(byte)])
                    sum &+= Int(pairs[previous &* 64 &+ kind])
                    previous = kind
                }
                return sum
            }
        }
    }

    /// The same for text with JSON's escapes, each of which counts as the character that it stands for.
    private static func countEscaped(_ bytes: UnsafeRawBufferPointer) -> Int {
        TokenWeights.classes.withUnsafeBufferPointer { classes in
            TokenWeights.pairs.withUnsafeBufferPointer { pairs in
                var sum = 0
                var previous = Int(TokenWeights.OtherClass.newline.rawValue)
                func add(_ byte: UInt8) {
                    let kind = Int(classes[Int(byte)])
                    sum &+= Int(pairs[previous &* 64 &+ kind])
                    previous = kind
                }
                var position = 0
                while position < bytes.count {
                    let byte = bytes[position]
                    position &+= 1
                    guard byte == UInt8(ascii: "\\"), position < bytes.count else {
                        add(byte)
                        continue
                    }
                    let escape = bytes[position]
                    position &+= 1
                    switch escape {
                    case UInt8(ascii: "n"), UInt8(ascii: "r"): add(0x0A)
                    case UInt8(ascii: "t"): add(0x09)
                    case UInt8(ascii: "b"), UInt8(ascii: "f"): add(0x08)
                    case UInt8(ascii: "u"):
                        let (unit, end) = codeUnit(bytes, at: position)
                        position = end
                        forEachByte(of: unit, add)
                    default: add(escape)
                    }
                }
                return sum
            }
        }
    }

    /// The four hexadecimal digits at `start`, as far as they are there.
    private static func codeUnit(_ bytes: UnsafeRawBufferPointer, at start: Int) -> (unit: UInt16, end: Int) {
        var unit: UInt16 = 0
        var position = start
        while position < min(start + 4, bytes.count), let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue {
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return (unit, position)
    }

    /// The UTF-8 of a code unit; of a surrogate pair, the first half stands for an emoji and the second for nothing.
    private static func forEachByte(of unit: UInt16, _ body: (UInt8) -> Void) {
        switch unit {
        case ..<0x80: body(UInt8(unit))
        case ..<0x800:
            body(0xC0 | UInt8(unit >> 6))
            body(0x80)
        case 0xDC00..<0xE000: break
        case 0xD800..<0xDC00:
            body(0xF0)
            for _ in 0..<3 { body(0x80) }
        default:
            body(0xE0 | UInt8(unit >> 12))
            for _ in 0..<2 { body(0x80) }
        }
    }
}
