/// A text in lines of a width, which grows at its end: only its last line is looked at again.
///
/// Lines break at blanks, and inside a word only where it is wider than a line.
struct WrappedText {
    /// In cells.
    let width: Int
    private(set) var lines = [""]
    /// Of the last line.
    private var column = 0

    init(width: Int, _ text: String = "") {
        self.width = max(1, width)
        append(text)
    }

    /// Takes more text, which holds no escape codes.
    mutating func append(_ text: some StringProtocol) {
        for character in text {
            if character.isNewline { startLine("") } else { put(character) }
        }
    }

    private mutating func put(_ character: Character) {
        let cells = character.displayWidth
        if column + cells > width, column > 0 {
            // The blank at which a line breaks is not shown.
            if character == " " { return startLine("") }
            breakLine()
        }
        lines[lines.count - 1].append(character)
        column += cells
    }

    /// Carries the unfinished word over to a new line.
    private mutating func breakLine() {
        let line = lines[lines.count - 1]
        guard let blank = line.lastIndex(of: " "), line[..<blank].contains(where: { $0 != " " }) else { return startLine("") }
        lines[lines.count - 1] = String(line[..<blank])
        startLine(String(line[line.index(after: blank)...]))
    }

    private mutating func startLine(_ text: String) {
        lines.append(text)
        column = text.displayWidth
    }
}
