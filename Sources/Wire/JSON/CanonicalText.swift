import Foundation

/// Text in Unicode's composed form (NFC): an é is one character, whether it was typed as one or as an e with an accent.
enum CanonicalText {
    /// The composed form of UTF-8 text; nil where the text is in it already, or holds half of a surrogate pair and so is
    /// no text at all.
    static func composed(_ text: UnsafeRawBufferPointer) -> String? {
        guard firstNonASCII(in: text) != nil, !isSurelyComposed(text) else { return nil }
        guard let string = String(validating: text, as: UTF8.self) else { return nil }
        let composed = string.precomposedStringWithCanonicalMapping
        return composed.utf8.elementsEqual(string.utf8) ? nil : composed
    }

    private static func firstNonASCII(in text: UnsafeRawBufferPointer) -> Int? {
        var index = 0
        while index + 32 <= text.count {
            var bits: UInt64 = 0
            for word in 0..<4 { bits |= text.loadUnaligned(fromByteOffset: index + 8 * word, as: UInt64.self) }
            if bits & 0x8080_8080_8080_8080 != 0 { break }
            index += 32
        }
        return text[index...].firstIndex { $0 >= 0x80 }
    }

    /// Whether all characters are of kinds that neither change nor join with others when text is composed. True for most
    /// text of most languages; false says only that it must be looked at closely.
    private static func isSurelyComposed(_ text: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < text.count {
            let lead = text[index]
            switch lead {
            case 0..<0x80: index += 1
            // Latin with its accents, the beginning of Cyrillic.
            case 0xC2...0xCB, 0xD0...0xD1: index += 2
            case 0xCE...0xCF, 0xD7...0xD9:
                guard index + 1 < text.count, isInert(UInt32(lead & 0x1F) << 6 | UInt32(text[index + 1] & 0x3F)) else {
                    return false
                }
                index += 2
            // U+5000 to U+9FFF, Chinese characters; U+B000 to U+CFFF, Korean syllables.
            case 0xE5...0xE9, 0xEB...0xEC: index += 3
            case 0xE0...0xEF:
                guard index + 2 < text.count else { return false }
                let middle = UInt32(text[index + 1] & 0x3F) << 6 | UInt32(text[index + 2] & 0x3F)
                guard isInert(UInt32(lead & 0x0F) << 12 | middle) else { return false }
                index += 3
            // U+1F300 to U+1FAFF, pictures.
            case 0xF0:
                guard index + 3 < text.count, text[index + 1] == 0x9F, (0x8C...0xAB).contains(text[index + 2]) else {
                    return false
                }
                index += 4
            default: return false
            }
        }
        return true
    }

    private static func isInert(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x0388...0x03FF,  // Greek
            0x05D0...0x05EA, 0x0621...0x064A,  // Hebrew, Arabic: the letters
            0x0904...0x0939,  // Devanagari: the letters
            0x200D, 0x2010...0x2027, 0x2030...0x205E, 0x20A0...0x20C0,  // punctuation, currencies
            0x2190...0x2307, 0x2500...0x27BF,  // arrows, mathematics, boxes, symbols
            0x3001...0x3029, 0x3041...0x3096, 0x30A1...0x30FF,  // Japanese
            0x4E00...0x9FFF, 0xAC00...0xD7A3,  // Chinese, Korean
            0xFE0F, 0xFF01...0xFFEE:  // how a picture is shown; full-width forms
            true
        default: false
        }
    }
}
