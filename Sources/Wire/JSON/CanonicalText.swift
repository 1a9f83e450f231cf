/// Text in Unicode's composed form (NFC): an é is one character, whether it was typed as one or as an e with an accent.
enum CanonicalText {
    /// More combining marks in a row than any language writes. Composing sorts them, which takes a time that grows with the
    /// square of their number: a caller could keep the processor busy for hours.
    static let markLimit = 30

    /// The composed form of UTF-8 text; nil where the text stays as it is: it is in that form already, holds half of a
    /// surrogate pair and so is no text at all, or has more marks in a row than ``markLimit``.
    ///
    /// Most characters of most texts neither change nor join with those before them. Only what stands between two such
    /// characters is composed, together with the one before it.
    static func composed(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var index = skipASCII(in: text, from: 0)
        var base = max(index - 1, 0)
        var composed: [UInt8] = []
        var memo = CompositionMemo()
        var copied = 0
        while index < text.count {
            let length = settledLength(in: text, at: index)
            if length > 0 {
                base = index
                index += length
                if index < text.count, text[index] < 0x80 {
                    index = skipASCII(in: text, from: index)
                    base = index - 1
                }
                continue
            }
            guard let end = endOfUnsettled(in: text, from: index) else { return nil }
            if copied == 0 { composed.reserveCapacity(text.count + 16) }
            composed.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[copied..<base]))
            memo.compose(UnsafeRawBufferPointer(rebasing: text[base..<end]), into: &composed)
            (copied, base, index) = (end, end, end)
        }
        guard copied > 0 else { return nil }
        composed.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[copied...]))
        return composed
    }

    private static func skipASCII(in text: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index + 32 <= text.count {
            var bits: UInt64 = 0
            for word in 0..<4 { bits |= text.loadUnaligned(fromByteOffset: index + 8 * word, as: UInt64.self) }
            if bits & 0x8080_8080_8080_8080 != 0 { break }
            index += 32
        }
        while index + 8 <= text.count {
            let high = UInt64(littleEndian: text.loadUnaligned(fromByteOffset: index, as: UInt64.self)) & 0x8080_8080_8080_8080
            if high != 0 { return index + high.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < text.count, text[index] < 0x80 { index += 1 }
        return index
    }

    // MARK: Unsettled text

    /// Where the next character stands that neither changes nor joins with those before it; nil where this text is not to be
    /// composed.
    private static func endOfUnsettled(in text: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var index = start
        var marks = 0
        repeat {
            let (value, length) = character(in: text, at: index)
            guard let scalar = Unicode.Scalar(value) else { return nil }
            marks = isMark(scalar) ? marks + 1 : 0
            if marks > markLimit { return nil }
            index += length
        } while index < text.count && settledLength(in: text, at: index) == 0
        return index
    }

    /// The character at `index` of UTF-8 text, which may hold halves of surrogate pairs, and the number of its bytes.
    private static func character(in text: UnsafeRawBufferPointer, at index: Int) -> (UInt32, length: Int) {
        let lead = UInt32(text[index])
        func tail(_ place: Int) -> UInt32 { UInt32(text[index + place] & 0x3F) }
        switch lead {
        case 0..<0x80: return (lead, 1)
        case 0x80..<0xE0: return ((lead & 0x1F) << 6 | tail(1), 2)
        case 0xE0..<0xF0: return ((lead & 0x0F) << 12 | tail(1) << 6 | tail(2), 3)
        default: return ((lead & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4)
        }
    }

    /// Whether it is sorted among the marks around it, or is taken apart into such marks.
    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.canonicalCombiningClass != .notReordered || scalar.value == 0x0F73 || scalar.value == 0x0F75 || scalar.value == 0x0F81
    }

    // MARK: Settled text

    /// The length of the character at `index` if it is of the kinds that neither change nor join with those before them when
    /// text is composed; 0 says only that it must be looked at closely.
    @inline(__always)
    private static func settledLength(in text: UnsafeRawBufferPointer, at index: Int) -> Int {
        let lead = text[index]
        if lead < 0x80 { return 1 }
        // Latin with its accents, the beginning of Cyrillic.
        if lead <= 0xCB || lead & 0xFE == 0xD0 { return 2 }
        // U+5000 to U+9FFF, Chinese characters; U+B000 to U+CFFF, Korean syllables.
        if (0xE5...0xE9).contains(lead) || lead == 0xEB || lead == 0xEC { return 3 }
        return settledLengthOfOthers(in: text, at: index)
    }

    private static func settledLengthOfOthers(in text: UnsafeRawBufferPointer, at index: Int) -> Int {
        let (value, length) = character(in: text, at: index)
        return isSettled(value) ? length : 0
    }

    private static func isSettled(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x0388...0x03FF,  // Greek
            0x05D0...0x05EA, 0x0621...0x064A,  // Hebrew, Arabic: the letters
            0x0904...0x0939, 0x093D...0x094C,  // Devanagari: the letters and vowels
            0x0E01...0x0E37, 0x0E3F...0x0E47,  // Thai: the letters and vowels
            0x1E00...0x1EFF,  // Latin with two accents, as in Vietnamese
            0x200D, 0x2010...0x2027, 0x2030...0x205E, 0x20A0...0x20C0,  // punctuation, currencies
            0x2190...0x2307, 0x2500...0x27BF,  // arrows, mathematics, boxes, symbols
            0x3001...0x3029, 0x3041...0x3096, 0x30A1...0x30FF,  // Japanese
            0x4E00...0x9FFF, 0xAC00...0xD7A3,  // Chinese, Korean
            0xFE0F, 0xFF01...0xFFEE,  // how a picture is shown; full-width forms
            0x1F300...0x1FAFF:  // pictures
            true
        default: false
        }
    }
}
