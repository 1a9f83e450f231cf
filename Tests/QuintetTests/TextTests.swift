import Testing

@testable import quintet

/// Widths, wrapping, tables and the area that is drawn again and again.
@Suite struct TextTests {
    @Test(arguments: [
        ("a", 1), ("é", 1), ("e\u{301}", 1), ("漢", 2), ("かな", 4), ("한글", 4), ("ＡＢ", 4), ("…", 1), ("│", 1), ("—", 1), ("🎉", 2),
        ("👩‍👩‍👧", 2), ("🇩🇪", 2), ("⌚", 2), ("❤\u{FE0F}", 2), ("©", 1), ("\u{200B}", 0), ("", 0), ("日本 go", 7),
    ])
    func countsCells(text: String, width: Int) { #expect(text.displayWidth == width) }

    @Test(arguments: [
        ("short", 10, ["short"]), ("one two three", 7, ["one two", "three"]), ("one two three", 8, ["one two", "three"]),
        ("abcdefgh", 3, ["abc", "def", "gh"]), ("a\n\nb", 5, ["a", "", "b"]), ("", 5, [""]), ("日本語です", 4, ["日本", "語で", "す"]),
        ("日本語", 1, ["日", "本", "語"]), ("ab cdefgh", 4, ["ab", "cdef", "gh"]), ("  indented text", 10, ["  indented", "text"]),
        ("end ", 3, ["end", ""]), ("x 漢字漢字", 6, ["x", "漢字漢", "字"]),
    ])
    func wraps(text: String, width: Int, lines: [String]) { #expect(WrappedText(width: width, text).lines == lines) }

    @Test func aTextThatGrowsIsWrappedAsIfItHadBeenThereAtOnce() {
        let text = "The quick brown fox — 狐が飛ぶ — jumps over\nthe lazy dog, incomprehensibilities included. 🎉🎉"
        for width in 1...40 {
            var growing = WrappedText(width: width)
            for character in text { growing.append(String(character)) }
            #expect(growing.lines == WrappedText(width: width, text).lines)
            #expect(growing.lines.allSatisfy { $0.displayWidth <= max(2, width) }, "\(width): \(growing.lines)")
            let kept = growing.lines.joined().filter { !$0.isWhitespace }
            #expect(kept == text.filter { !$0.isWhitespace }, "no character is lost at \(width)")
        }
    }

    @Test func aMarkJoinsTheLetterThatCameBefore() {
        var text = WrappedText(width: 3, "abe")
        text.append("\u{301}d")
        #expect(text.lines == ["abe\u{301}", "d"])
    }

    @Test(arguments: [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("漢字漢", 4, "漢…"), ("abc", 1, "…"), ("abc", 0, "")])
    func fits(text: String, width: Int, fitted: String) { #expect(text.fitted(to: width) == fitted) }

    @Test func modelsCannotCommandTheTerminal() {
        let attack = "a\u{1B}[2Jb\u{7}\u{9B}31mc\r\nd\te\u{7F}\u{1B}]52;c;aGk=\u{7}"
        #expect(attack.harmless == "a[2Jb31mc\nd    e]52;c;aGk=")
    }

    @Test func tablesAlign() {
        var table = TextTable(["tier", "hits", "size"])
        table.add(["L1", "1234", "1 KiB"])
        table.add(["漢字", "5"])
        #expect(table.lines == ["tier  hits   size", "L1    1234  1 KiB", "漢字     5"])
    }

    // MARK: The live area

    @Test func drawsInTheSamePlace() {
        var area = LiveArea()
        #expect(area.draw([ScreenLine("one"), ScreenLine("two")], width: 10) == "one\ntwo\n")
        #expect(area.draw([ScreenLine("three")], width: 10) == "\u{1B}[2A\r\u{1B}[Jthree\n")
        #expect(area.draw([], width: 10) == "\u{1B}[1A\r\u{1B}[J")
        #expect(area.draw([ScreenLine("four")], width: 10) == "four\n")
        area.leave()
        #expect(area.draw([ScreenLine("five")], width: 10) == "five\n")
    }

    @Test func aNarrowerTerminalHasBrokenTheLinesAnew() {
        var area = LiveArea()
        _ = area.draw([ScreenLine("0123456789"), ScreenLine(""), ScreenLine("\u{1B}[1m漢字\u{1B}[0m", width: 4)], width: 10)
        // Three rows of the first, one of the empty one, one of the last.
        #expect(area.draw([ScreenLine("x")], width: 4) == "\u{1B}[5A\r\u{1B}[Jx\n")
    }

    @Test func colourIsASwitch() {
        #expect(Style.colour.bold("x") == "\u{1B}[1mx\u{1B}[0m")
        #expect(Style.plain.bold("x") == "x")
        #expect(Style.colour.dim("") == "")
    }
}
