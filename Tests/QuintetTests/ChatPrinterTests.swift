import Testing

@testable import quintet

/// What of an answer is written when, on a terminal and into a pipe.
@Suite struct ChatPrinterTests {
    /// Everything that is written while a recording plays, with the notes beside it.
    private static func printed(
        _ events: [(Int, String)], isForTeam: Bool, on screen: Screen
    ) -> (steps: [String], notes: [String]) {
        var printer = ChatPrinter(isForTeam: isForTeam, screen: screen)
        let answers = ChatRecording.played(events)
        var steps = answers.map { printer.update($0, on: screen).text }
        let end = printer.finish(answers[answers.count - 1], on: screen, headers: ("demo-small", "dev", "miss"))
        steps.append(end.text)
        return (steps, end.notes)
    }

    @Test(arguments: [Screen.pipe(), .live(80)])
    func aSingleAnswerIsWrittenAsItComes(screen: Screen) {
        let (steps, notes) = Self.printed(ChatRecording.single, isForTeam: false, on: screen)
        #expect(steps == ["", "Hello", " there", "", "", "", "\n"])
        #expect(notes == ["dev on demo-small · 7 tokens · first word 0.4 s · total 0.7 s · cache miss"])
    }

    @Test func aCutAnswerHasNoFootnote() {
        #expect(Self.printed(Array(ChatRecording.single.prefix(3)), isForTeam: false, on: .pipe()).notes == [])
    }

    @Test func saysThatTheTokensRanOut() {
        let events = [(1, #"{"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"length"}]}"#), (2, "[DONE]")]
        #expect(Self.printed(events, isForTeam: false, on: .pipe()).notes.last == "The answer was cut at its limit of tokens.")
    }

    @Test func inAPipeEachMemberIsWholeAndInOrder() {
        let (steps, notes) = Self.printed(ChatRecording.team, isForTeam: true, on: .pipe())
        #expect(
            steps.joined() == """
                dev
                Build it now.

                luna
                Design first.

                atlas
                failed: deadline of 2 s

                synthesis
                Design, then build.

                """)
        #expect(steps.prefix(5).joined() == "", "luna is done, and waits for dev")
        #expect(steps[5].hasPrefix("dev\nBuild it now.\n\nluna\n"))
        #expect(
            notes == [
                "dev: demo-large · USD 0.002 · first word 0.3 s · total 0.9 s",
                "luna: demo-small · USD 0.0001 · first word 0.2 s · total 0.5 s",
                "synthesis on demo-medium · USD 0.0026 · first word 0.2 s · total 1.4 s · cache miss",
            ])
    }

    @Test func aTeamWithoutSynthesisIsWholeToo() {
        let (steps, notes) = Self.printed(Array(ChatRecording.team.prefix(4)), isForTeam: true, on: .pipe())
        #expect(steps.joined() == "dev\nBuild it now.\n\nluna\nDesign first.\n")
        #expect(notes.count == 3)
    }

    @Test func membersSpeakSideBySide() {
        let (steps, _) = Self.printed(ChatRecording.team, isForTeam: true, on: .live(60))
        #expect(steps[0] == "luna\nDesign\n…\n")
        let up = "\u{1B}[3A\r\u{1B}[J"
        #expect(
            steps[3] == up
                + ["dev", "Build it now.", "…"].map { $0.padded(to: 28) }.zipped(with: ["luna", "Design first.", "…"]))
        // The synthesis comes below, as it is spoken; what the members said stays.
        #expect(steps[7].hasSuffix("\nsynthesis\nDesign, then build."))
        #expect(steps[7].contains("Build it now."))
        #expect(steps[8] == "" && steps.last == "\n")
    }

    /// What stands on a terminal of so many rows in the end, scrolled-away lines included.
    private static func screen(after steps: [String], rows: Int) -> [String] {
        var lines = [""]
        var row = 0
        for step in steps {
            var rest = step[...]
            while let character = rest.popFirst() {
                if character == "\u{1B}" {
                    let code = rest.prefix { !$0.isLetter }.dropFirst()
                    rest = rest.dropFirst(code.count + 1)
                    let command = rest.popFirst()
                    // The cursor stops at the upper edge.
                    if command == "A" { row = max(row - (Int(code) ?? 1), lines.count - rows) }
                    if command == "J" {
                        lines.removeSubrange((row + 1)...)
                        lines[row] = ""
                    }
                } else if character == "\n" {
                    row += 1
                    if row == lines.count { lines.append("") }
                } else if character != "\r" {
                    lines[row].append(character)
                }
            }
        }
        return lines
    }

    @Test(arguments: [(60, 24), (60, 6), (30, 24), (30, 6)])
    func inTheEndEverythingStandsThereOnce(width: Int, height: Int) {
        var events: [(Int, String)] = []
        for number in 0..<40 {
            events.append((number, ChatRecording.member(0, "dev", "dev\(number) ")))
            events.append((number, ChatRecording.member(1, "luna", "luna\(number) ")))
        }
        events += [(50, ChatRecording.end(0, "dev", "big", cost: 1)), (60, ChatRecording.end(1, "luna", "small", cost: 0.5))]
        events += [(70, ChatRecording.member(2, "synthesis", "Both are right.")), (80, "[DONE]")]
        let steps = Self.printed(events, isForTeam: true, on: .live(width, height)).steps
        let screen = Self.screen(after: steps, rows: height)
        let words = screen.joined(separator: " ").split { $0 == " " || $0 == "│" }.map(String.init)
        for number in 0..<40 {
            #expect(words.count { $0 == "dev\(number)" } == 1)
            #expect(words.count { $0 == "luna\(number)" } == 1)
        }
        #expect(words.count { $0 == "dev" } == 1 && words.count { $0 == "synthesis" } == 1 && words.count { $0 == "big" } == 1)
        #expect(screen.suffix(3) == ["synthesis", "Both are right.", ""])
        #expect(screen.allSatisfy { $0.displayWidth <= width })
    }

    @Test func coloursCostNoCells() {
        let plain = Self.printed(ChatRecording.team, isForTeam: true, on: .live(60)).steps
        let coloured = Self.printed(ChatRecording.team, isForTeam: true, on: .live(60, style: .colour)).steps
        #expect(coloured != plain)
        let codes = try! Regex("\u{1B}\\[[0-9]*m")
        #expect(coloured.map { $0.replacing(codes, with: "") } == plain)
    }
}

extension [String] {
    /// Rows of two columns.
    fileprivate func zipped(with right: [String]) -> String { zip(self, right).map { "\($0) │ \($1)\n" }.joined() }
}

/// The members' lines.
@Suite struct TeamViewTests {
    private static func members() -> [ChatAnswer.Voice] {
        var members: [ChatAnswer.Voice] = []
        for (index, agent) in ["dev", "luna", "atlas"].enumerated() {
            var member = ChatAnswer.Voice(index: index)
            member.agent = agent
            member.text = (1...20).map { "\(agent) says 漢字 number \($0)." }.joined(separator: " ")
            members.append(member)
        }
        return members
    }

    @Test(arguments: [200, 100, 79, 60, 40, 24, 10])
    func noLineIsWiderThanTheTerminal(width: Int) {
        var view = TeamView(style: .plain)
        let lines = view.lines(Self.members(), width: width, height: nil)
        for line in lines {
            #expect(line.width <= width)
            #expect(line.width == line.text.displayWidth)
        }
        let all = lines.map(\.text).joined(separator: " ")
        for agent in ["dev", "luna", "atlas"] { #expect(all.contains(agent)) }
    }

    @Test func standsInColumnsWhereThereIsRoom() {
        var view = TeamView(style: .plain)
        let wide = view.lines(Self.members(), width: 78, height: nil)
        #expect(wide[0].text == "dev                      │ luna                     │ atlas")
        #expect(wide.allSatisfy { $0.text.count { $0 == "│" } == 2 })
        let narrow = view.lines(Self.members(), width: 77, height: nil)
        #expect(narrow.allSatisfy { !$0.text.contains("│") })
        #expect(narrow.filter { ["dev", "luna", "atlas"].contains($0.text) }.map(\.text) == ["dev", "luna", "atlas"])
    }

    @Test(arguments: [(100, 10), (100, 3), (40, 10), (40, 4), (40, 1)])
    func showsTheEndsOfLongTexts(width: Int, height: Int) {
        var view = TeamView(style: .plain)
        let lines = view.lines(Self.members(), width: width, height: height)
        #expect(lines.count <= height)
        if height >= 3 { #expect(lines.map(\.text).joined().contains("20.")) }
    }

    @Test func aNewWidthWrapsAllAnew() {
        var shrinking = TeamView(style: .plain)
        _ = shrinking.lines(Self.members(), width: 150, height: nil)
        var fresh = TeamView(style: .plain)
        #expect(shrinking.lines(Self.members(), width: 90, height: nil) == fresh.lines(Self.members(), width: 90, height: nil))
    }

    @Test func aMemberWhoComesLateTakesItsPlace() {
        var view = TeamView(style: .plain)
        _ = view.lines([Self.members()[1]], width: 100, height: nil)
        var fresh = TeamView(style: .plain)
        #expect(view.lines(Self.members(), width: 100, height: nil) == fresh.lines(Self.members(), width: 100, height: nil))
    }

    @Test func saysWhoFailed() {
        var member = ChatAnswer.Voice(index: 0)
        member.agent = "atlas"
        member.failure = "deadline"
        var view = TeamView(style: .plain)
        #expect(view.lines([member], width: 80, height: nil).map(\.text) == ["atlas", "", "failed: deadline"])
    }
}
