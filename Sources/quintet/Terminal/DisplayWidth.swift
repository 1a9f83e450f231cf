extension Character {
    /// How many cells of a terminal it takes: 0 for what only changes the character before it, 2 for the wide ones of East
    /// Asia (UAX #11) and for emoji, else 1.
    var displayWidth: Int {
        guard let first = unicodeScalars.first else { return 0 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        if first.isWide || unicodeScalars.contains("\u{FE0F}") { return 2 }
        return 1
    }
}

extension Unicode.Scalar {
    fileprivate var isWide: Bool {
        guard value >= 0x1100 else { return false }
        return properties.isEmojiPresentation || Self.wide.contains { $0.contains(value) }
    }

    /// Blocks of ideographs, kana, hangul and full-width forms.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2329...0x232A, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60,
        0xFFE0...0xFFE6, 0x17000...0x18CFF, 0x1B000...0x1B2FF, 0x1F200...0x1F2FF, 0x20000...0x3FFFD,
    ]
}

extension StringProtocol {
    /// Cells of a terminal, for a text without escape codes.
    var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

    /// Its beginning that fits in so many cells, with an ellipsis where something is missing.
    func fitted(to width: Int) -> String {
        guard displayWidth > width else { return String(self) }
        var text = ""
        var used = 0
        for character in self {
            used += character.displayWidth
            if used > width - 1 { break }
            text.append(character)
        }
        return width > 0 ? text + "…" : ""
    }

    /// Filled up with blanks to so many cells.
    func padded(to width: Int) -> String { self + String(repeating: " ", count: Swift.max(0, width - displayWidth)) }

    /// Without what would command a terminal: a model's answer must not move the cursor, set colours or fill the
    /// clipboard. Line feeds stay; a tab becomes blanks.
    var harmless: String {
        var text = ""
        text.reserveCapacity(utf8.count)
        for scalar in unicodeScalars {
            switch scalar {
            case "\n": text.unicodeScalars.append(scalar)
            case "\t": text += "    "
            default: if scalar.properties.generalCategory != .control { text.unicodeScalars.append(scalar) }
            }
        }
        return text
    }
}
