/// A team's members on a terminal: side by side where it is wide enough, else one below the other.
///
/// Only the ends of long texts are shown while they grow, as a terminal cannot be drawn above its upper edge.
struct TeamView {
    /// A column narrower than this holds no sentence.
    static let narrowest = 24
    private static let gap = " │ "

    private let style: Style
    /// Each member's text in lines, with how many of its bytes are in them, by its index.
    private var texts: [Int: (wrapped: WrappedText, taken: Int)] = [:]

    init(style: Style) { self.style = style }

    /// - Parameters:
    ///   - width: of the terminal, in cells.
    ///   - height: most lines; nil for all of the texts.
    mutating func lines(_ members: [ChatAnswer.Voice], width: Int, height: Int?) -> [ScreenLine] {
        guard !members.isEmpty else { return [] }
        let column = (width - (members.count - 1) * Self.gap.displayWidth) / members.count
        let isSideBySide = column >= Self.narrowest
        wrap(members, to: isSideBySide ? column : width)
        return isSideBySide
            ? columns(members, column, height: height) : stack(members, width, height: height)
    }

    /// Takes what is new of each text; all of it where the width has changed.
    private mutating func wrap(_ members: [ChatAnswer.Voice], to width: Int) {
        for member in members {
            var text = texts[member.index] ?? (WrappedText(width: width), 0)
            if text.wrapped.width != max(1, width) { text = (WrappedText(width: width), 0) }
            let new = String(member.text.utf8.dropFirst(text.taken)) ?? ""
            text.wrapped.append(new.harmless)
            text.taken += new.utf8.count
            texts[member.index] = text
        }
    }

    private func columns(_ members: [ChatAnswer.Voice], _ width: Int, height: Int?) -> [ScreenLine] {
        let room = height.map { max(1, $0 - 2) }
        let bodies = members.map { tail(of: $0, room) }
        let rows = bodies.map(\.count).max() ?? 0
        var lines = [row(members.map { label($0, width) }, width)]
        for index in 0..<rows {
            lines.append(row(bodies.map { index < $0.count ? ScreenLine($0[index]) : ScreenLine("") }, width))
        }
        lines.append(row(members.map { footnote($0, width) }, width))
        return lines
    }

    private func stack(_ members: [ChatAnswer.Voice], _ width: Int, height: Int?) -> [ScreenLine] {
        // A label and a footnote for each.
        let room = height.map { max(1, $0 / members.count - 2) }
        let lines = members.flatMap { member in
            [label(member, width)] + tail(of: member, room).map { ScreenLine($0) } + [footnote(member, width)]
        }
        guard let height, lines.count > height else { return lines }
        return Array(lines.suffix(height))
    }

    private func tail(of member: ChatAnswer.Voice, _ room: Int?) -> [String] {
        let lines = texts[member.index]?.wrapped.lines ?? []
        return room.map { lines.suffix($0) } ?? lines
    }

    private func label(_ member: ChatAnswer.Voice, _ width: Int) -> ScreenLine {
        let text = (member.agent ?? member.model ?? "answer").fitted(to: width)
        return ScreenLine(style.bold(text), width: text.displayWidth)
    }

    private func footnote(_ member: ChatAnswer.Voice, _ width: Int) -> ScreenLine {
        if let failure = member.failure {
            let text = "failed: \(failure)".fitted(to: width)
            return ScreenLine(style.red(text), width: text.displayWidth)
        }
        let text = (member.isDone ? AnswerFootnote.text(model: member.model, facts: member.facts) : "…").fitted(to: width)
        return ScreenLine(style.dim(text), width: text.displayWidth)
    }

    /// Cells of one line, filled up to their column.
    private func row(_ cells: [ScreenLine], _ width: Int) -> ScreenLine {
        var text = ""
        var used = 0
        for (index, cell) in cells.enumerated() {
            if index > 0 {
                text += style.dim(Self.gap)
                used += Self.gap.displayWidth
            }
            let isLast = index == cells.count - 1
            let blanks = isLast ? 0 : max(0, width - cell.width)
            text += cell.text + String(repeating: " ", count: blanks)
            used += cell.width + blanks
        }
        return ScreenLine(text, width: used)
    }
}
