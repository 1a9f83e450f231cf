/// A line as it goes to a terminal, and the cells that it takes there.
struct ScreenLine: Equatable {
    /// May hold escape codes.
    let text: String
    let width: Int

    init(_ text: String, width: Int) {
        self.text = text
        self.width = width
    }

    /// For a text without escape codes.
    init(_ text: String) { self.init(text, width: text.displayWidth) }
}

/// The lowest lines of a terminal, which are drawn again and again in the same place.
struct LiveArea {
    private var drawn: [ScreenLine] = []

    /// What to write to put these lines in the place of those before.
    ///
    /// - Parameter width: of the terminal now: what stands there has been broken anew when it became narrower.
    mutating func draw(_ lines: [ScreenLine], width: Int) -> String {
        let rows = drawn.reduce(0) { $0 + max(1, ($1.width + width - 1) / max(1, width)) }
        drawn = lines
        return (rows > 0 ? "\u{1B}[\(rows)A\r\u{1B}[J" : "") + lines.map { $0.text + "\n" }.joined()
    }

    /// Leaves what was drawn where it is; what is drawn next comes below.
    mutating func leave() { drawn = [] }
}
