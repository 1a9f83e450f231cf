/// Counts what ``PromptSignals`` is made of.
struct SignalCount {
    /// Words up to which repetition is looked for.
    static let repetitionLimit = 150

    private(set) var words = 0
    /// Characters of scripts that write without spaces.
    private(set) var ideographs = 0
    private(set) var sentences = 0
    private(set) var clauses = 0
    private(set) var numbers = 0
    private(set) var variables = 0
    private(set) var operators = 0
    private(set) var parentheses = 0
    private(set) var quotes = 0
    /// By the place in `SignalWords.Kinds.counted`.
    private(set) var kinds = SIMD16<UInt16>()
    private(set) var functionWords = 0
    private(set) var repeated = 0
    private(set) var choices = 0
    private(set) var choiceBytes = 0
    private(set) var hasCode = false
    private(set) var beginsWithDemand = false
    private(set) var beginsWithLookup = false
    /// A bit for each word seen, by its hash.
    private var seen = SIMD32<UInt64>()

    /// Adds a piece of the text. What stands in the choices of a multiple-choice question is measured apart.
    mutating func read(_ bytes: UnsafeBufferPointer<UInt8>) {
        let list = ChoiceList(in: bytes)
        choices += list.count
        choiceBytes += list.count > 0 ? bytes.count - list.start : 0
        if list.count > 0 { hasCode = hasCode || CodeMarks.stand(in: .init(rebasing: bytes[list.start...])) }
        let stem = UnsafeBufferPointer(rebasing: bytes[..<(list.count > 0 ? list.start : bytes.count)])
        hasCode = hasCode || CodeMarks.stand(in: stem)
        readStem(stem)
    }

    private mutating func readStem(_ bytes: UnsafeBufferPointer<UInt8>) {
        var position = 0
        var isLineEmpty = true
        while position < bytes.count {
            let byte = bytes[position]
            switch ByteKind.of(byte) {
            case .letter:
                position = readWord(bytes, from: position)
                isLineEmpty = false
                continue
            case .digit:
                position = readNumber(bytes, from: position)
                isLineEmpty = false
                continue
            case .beyondASCII:
                position = readBeyondASCII(bytes, from: position)
                isLineEmpty = false
                continue
            case .newline:
                if !isLineEmpty { sentences += 1 }
                isLineEmpty = true
                position += 1
                continue
            case .stop:
                if position + 1 == bytes.count || bytes[position + 1] <= UInt8(ascii: " ") { sentences += 1 }
            case .comma: clauses += 1
            case .mathematical: operators += 1
            case .parenthesis: parentheses += 1
            case .quote: quotes += 1
            case .space:
                position += 1
                continue
            case .other: break
            }
            isLineEmpty = false
            position += 1
        }
    }

    /// A run of letters, with apostrophes inside; returns where it ends.
    private mutating func readWord(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var hash = SignalWords.seed
        var position = start
        while position < bytes.count {
            let byte = bytes[position]
            if byte < 0x80 {
                let small = byte | 0x20
                guard (small >= UInt8(ascii: "a") && small <= UInt8(ascii: "z")) || byte == UInt8(ascii: "'") else { break }
                SignalWords.add(byte == UInt8(ascii: "'") ? byte : small, to: &hash)
            } else {
                guard !Self.isWide(byte) else { break }
                SignalWords.add(byte, to: &hash)
            }
            position += 1
        }
        if position == start + 1, bytes[start] < 0x80, ![UInt8(ascii: "a"), UInt8(ascii: "i")].contains(bytes[start] | 0x20) {
            variables += 1
        }
        note(word: SignalWords.finish(hash))
        return position
    }

    private mutating func note(word hash: UInt64) {
        let kinds = SignalWords.known.kinds(of: hash)
        if words < 3 {
            if kinds.contains(.demand), words < 2 { beginsWithDemand = true }
            if kinds.contains(.lookup) { beginsWithLookup = true }
        }
        words += 1
        if words <= Self.repetitionLimit {
            let (word, bit) = (Int(truncatingIfNeeded: hash >> 6) & 31, UInt64(1) << (hash & 63))
            if seen[word] & bit != 0 { repeated += 1 } else { seen[word] |= bit }
        }
        guard kinds != [] else { return }
        if kinds.contains(.function) { functionWords += 1 }
        var counted = kinds.rawValue & 0x7FF
        while counted != 0 {
            let bit = counted.trailingZeroBitCount
            self.kinds[bit] = self.kinds[bit] &+ 1
            counted &= counted - 1
        }
    }

    /// A run of digits, with single points and commas inside.
    private mutating func readNumber(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        numbers += 1
        var position = start + 1
        while position < bytes.count {
            let kind = ByteKind.of(bytes[position])
            let isJoint = (kind == .stop || kind == .comma) && position + 1 < bytes.count && ByteKind.of(bytes[position + 1]) == .digit
            guard kind == .digit || isJoint else { break }
            position += 1
        }
        return position
    }

    /// A word of another alphabet, one ideograph, or one punctuation mark of three bytes.
    private mutating func readBeyondASCII(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        let first = bytes[start]
        guard Self.isWide(first), start + 2 < bytes.count else {
            return first & 0xC0 == 0x80 ? start + 1 : readWord(bytes, from: start)
        }
        switch (first, bytes[start + 1], bytes[start + 2]) {
        case (0xE3, 0x80, 0x82), (0xEF, 0xBC, 0x81), (0xEF, 0xBC, 0x9F): sentences += 1
        case (0xE3, 0x80, 0x81), (0xEF, 0xBC, 0x8C), (0xEF, 0xBC, 0x9B): clauses += 1
        case (0xE2, 0x80, 0x9C...0x9F), (0xE3, 0x80, 0x8C...0x8F): quotes += 1
        case (0xE2, 0x88...0x8B, _), (0xE2, 0x86...0x87, _): operators += 1
        case (0xE2, _, _): break
        default: ideographs += 1
        }
        return start + 3
    }

    /// Whether a byte begins a character of three bytes that is no letter of a word: punctuation, signs, and the scripts of
    /// East and South-East Asia.
    @inline(__always)
    private static func isWide(_ byte: UInt8) -> Bool { byte >= 0xE2 && byte < 0xF0 }
}

/// What a byte is to ``SignalCount``.
private enum ByteKind: UInt8 {
    case other, letter, digit, space, newline, stop, comma, mathematical, parenthesis, quote, beyondASCII

    @inline(__always)
    static func of(_ byte: UInt8) -> ByteKind {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): .letter
        case UInt8(ascii: "0")...UInt8(ascii: "9"): .digit
        case UInt8(ascii: " "), 0x09, 0x0D: .space
        case 0x0A: .newline
        case UInt8(ascii: "."), UInt8(ascii: "!"), UInt8(ascii: "?"): .stop
        case UInt8(ascii: ","), UInt8(ascii: ";"): .comma
        case UInt8(ascii: "="), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "+"), UInt8(ascii: "*"), UInt8(ascii: "/"),
            UInt8(ascii: "^"), UInt8(ascii: "\\"), UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "["), UInt8(ascii: "]"),
            UInt8(ascii: "|"):
            .mathematical
        case UInt8(ascii: "("): .parenthesis
        case UInt8(ascii: "\""), UInt8(ascii: "`"): .quote
        case 0x80...: .beyondASCII
        default: .other
        }
    }
}

/// The choices of a multiple-choice question: lines that begin with `A.`, `B)` or `(C)`.
private struct ChoiceList {
    /// Where the first of them begins.
    private(set) var start = 0
    /// 0 for fewer than two: a single line like that is no list.
    private(set) var count = 0

    init(in bytes: UnsafeBufferPointer<UInt8>) {
        var isLineStart = true
        for position in bytes.indices {
            if isLineStart, Self.begins(bytes, at: position) {
                if count == 0 { start = position }
                count += 1
            }
            isLineStart = bytes[position] == 0x0A
        }
        if count < 2 { count = 0 }
    }

    private static func begins(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
        var position = start
        while position < bytes.count, bytes[position] == UInt8(ascii: " ") || bytes[position] == UInt8(ascii: "(") { position += 1 }
        guard position + 2 < bytes.count, (UInt8(ascii: "A")...UInt8(ascii: "J")).contains(bytes[position]) else { return false }
        return [UInt8(ascii: "."), UInt8(ascii: ")")].contains(bytes[position + 1]) && bytes[position + 2] == UInt8(ascii: " ")
    }
}

/// What only program text has.
private enum CodeMarks {
    /// At the beginning of a line, behind its indentation; elsewhere they are English words.
    private static let lineMarks: [StaticString] = [
        "def ", "return ", "import ", "#include", "func ", "fn ", "public ", "const ", "let ", "var ",
    ]

    static func stand(in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var (isIndent, previous, same) = (true, UInt8(0), 0)
        for position in bytes.indices {
            let byte = bytes[position]
            same = byte == previous ? same + 1 : 1
            if same == 3, byte == UInt8(ascii: "`") || byte == UInt8(ascii: ">") { return true }
            if byte == 0x0A {
                if previous == UInt8(ascii: ";") || previous == UInt8(ascii: "{") { return true }
                isIndent = true
            } else if isIndent, byte > 0x20 {
                if lineMarks.contains(where: { begins(with: $0, bytes, at: position) }) { return true }
                isIndent = false
            }
            previous = byte
        }
        return false
    }

    private static func begins(with mark: StaticString, _ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
        guard start + mark.utf8CodeUnitCount <= bytes.count, bytes[start] == mark.utf8Start[0] else { return false }
        for offset in 0..<mark.utf8CodeUnitCount where mark.utf8Start[offset] != bytes[start + offset] { return false }
        return true
    }
}
