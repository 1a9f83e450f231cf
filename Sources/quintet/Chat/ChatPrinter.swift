/// Turns an answer as it grows into what is written to standard output and, for what is not the answer itself, beside it.
struct ChatPrinter {
    /// What to write now.
    struct Output: Equatable {
        var text = ""
        /// Facts and faults: on standard error where standard output is a file or a pipe.
        var notes: [String] = []
    }

    private let isForTeam: Bool
    private let style: Style
    private let isLive: Bool
    private var view: TeamView
    private var area = LiveArea()
    /// Bytes of the single answer, or the synthesis, that were written; and the indexes of members that were written whole.
    private var writtenBytes = 0
    private var writtenMembers: Set<Int> = []
    private var isAtLineStart = true
    private var hasCommittedMembers = false

    init(isForTeam: Bool, screen: Screen) {
        self.isForTeam = isForTeam
        style = screen.style
        isLive = screen.isLive
        view = TeamView(style: screen.style)
    }

    /// What has come since the last time.
    ///
    /// - Parameter screen: as it is now.
    mutating func update(_ answer: ChatAnswer, on screen: Screen) -> Output {
        guard isForTeam else { return Output(text: answer.voices.first.map { grow($0.text) } ?? "") }
        guard let synthesis = answer.synthesis else {
            return Output(text: isLive ? draw(answer, on: screen) : wholeMembers(answer, isOver: false))
        }
        let members = commitMembers(answer, on: screen)
        return Output(text: members + grow(synthesis.text))
    }

    /// The rest, once nothing more comes.
    ///
    /// - Parameter headers: the model, agent and cache's word in the answer's headers.
    mutating func finish(
        _ answer: ChatAnswer, on screen: Screen, headers: (model: String?, agent: String?, cache: String?)
    ) -> Output {
        var output = update(answer, on: screen)
        if isForTeam { output.text += commitMembers(answer, on: screen) }
        output.text += endLine()
        var facts = answer.facts
        if isForTeam {
            // On a terminal they stand under the members.
            if !isLive {
                output.notes += answer.members.filter { $0.failure == nil }.map {
                    "\($0.agent ?? "answer"): \(AnswerFootnote.text(model: $0.model, facts: $0.facts))"
                }
            }
            let model = answer.synthesis?.model
            let text = AnswerFootnote.text(
                model: model ?? "team", agent: model.map { _ in ChatAnswer.synthesis }, facts: facts, cache: headers.cache)
            output.notes.append(style.dim(text))
        } else {
            let voice = answer.voices.first
            facts.costUSD = facts.costUSD ?? voice?.facts.costUSD
            facts.tokens = facts.tokens ?? voice?.facts.tokens
            let model = headers.model ?? voice?.model
            if answer.isComplete {
                output.notes.append(
                    style.dim(AnswerFootnote.text(model: model, agent: headers.agent, facts: facts, cache: headers.cache)))
            }
        }
        if answer.voices.contains(where: { $0.finish == "length" }) {
            output.notes.append("The answer was cut at its limit of tokens.")
        }
        return output
    }

    /// Leaves the cursor where other words can follow.
    mutating func endLine() -> String {
        defer { isAtLineStart = true }
        return isAtLineStart ? "" : "\n"
    }

    /// The part of a text that was not written yet.
    private mutating func grow(_ text: String) -> String {
        let new = String(text.utf8.dropFirst(writtenBytes)) ?? ""
        writtenBytes += new.utf8.count
        if let last = new.last { isAtLineStart = last.isNewline }
        return isLive ? new.harmless : new
    }

    private mutating func draw(_ answer: ChatAnswer, on screen: Screen) -> String {
        let lines = view.lines(answer.members, width: screen.width, height: screen.height - 1)
        return area.draw(lines, width: screen.width)
    }

    /// Writes the members in full, so that they stay, and the synthesis' heading.
    private mutating func commitMembers(_ answer: ChatAnswer, on screen: Screen) -> String {
        guard !hasCommittedMembers else { return "" }
        hasCommittedMembers = true
        var text = ""
        if isLive {
            text = area.draw(view.lines(answer.members, width: screen.width, height: nil), width: screen.width)
            area.leave()
        } else {
            text = wholeMembers(answer, isOver: true)
        }
        return answer.synthesis == nil ? text : text + "\n" + style.bold(ChatAnswer.synthesis) + "\n"
    }

    /// For a pipe: each member's answer once it is whole, in order.
    private mutating func wholeMembers(_ answer: ChatAnswer, isOver: Bool) -> String {
        var text = ""
        for member in answer.members where !writtenMembers.contains(member.index) {
            guard isOver || member.isDone else { break }
            let body = member.text.isEmpty || member.text.hasSuffix("\n") ? member.text : member.text + "\n"
            let failure = member.failure.map { "failed: \($0)\n" } ?? ""
            text += (writtenMembers.isEmpty ? "" : "\n") + "\(member.agent ?? member.model ?? "answer")\n" + body + failure
            writtenMembers.insert(member.index)
        }
        return text
    }
}
