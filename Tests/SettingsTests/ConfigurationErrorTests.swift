import Testing

@testable import Settings

@Suite struct ConfigurationErrorTests {
    @Test func isOneLineAProblem() throws {
        let log = ProblemLog(file: "models.json")
        log.note(at: "models.fast-one.quality", "must be a number.")
        log.note(at: nil, "is empty.")
        log.note(in: "QUINTET_PORT", at: nil, "must be a number.")
        let error = #expect(throws: ConfigurationError.self) { try log.check() }
        #expect(
            error?.description == """
                models.json: models.fast-one.quality: must be a number.
                models.json: is empty.
                QUINTET_PORT: must be a number.
                """)
    }

    @Test func nothingNotedIsNoError() throws {
        try ProblemLog(file: "models.json").check()
    }

    @Test func printsTwentyAndCountsTheRest() throws {
        let log = ProblemLog(file: "f")
        for index in 0..<23 { log.note(at: "k\(index)", "wrong.") }
        let error = #expect(throws: ConfigurationError.self) { try log.check() }
        let lines = try #require(error?.description.split(separator: "\n"))
        #expect(lines.count == 21)
        #expect(lines[19] == "f: k19: wrong.")
        #expect(lines[20] == "… and 3 more problems.")
    }

    @Test func holdsABoundedNumber() throws {
        let log = ProblemLog(file: "f")
        for _ in 0..<5000 { log.note(at: "k", "wrong.") }
        let error = #expect(throws: ConfigurationError.self) { try log.check() }
        #expect(error?.problems.count == 1000)
    }

    @Test func cannotPlayTricksOnATerminal() {
        let problem = ConfigurationError.Problem("a\nb", at: "k\u{1B}[31m", "gone\r\nfake: line")
        #expect(problem.description.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        #expect(problem.description.contains("gone"))
        #expect(ConfigurationError.Problem("f", String(repeating: "x", count: 5000)).description.count < 1100)
    }

    @Test(arguments: [
        ("openia", "openai"), ("OpenAI", "openai"), ("opnai", "openai"), ("mistrall", "mistral"), ("quallity", nil), ("x", nil),
    ])
    func guessesWhatWasMeant(word: String, meant: String?) {
        #expect(Spelling.nearest(to: word, among: ["openai", "mistral", "anthropic"]) == meant)
    }

    @Test(arguments: [
        ("", "", 0), ("", "abc", 3), ("abc", "abc", 0), ("abc", "acb", 1), ("kitten", "sitting", 3), ("ab", "ba", 1),
    ])
    func countsTypingMistakes(left: String, right: String, distance: Int) {
        #expect(Spelling.distance(left, right) == distance)
        #expect(Spelling.distance(right, left) == distance)
    }

    @Test func pathsQuoteWhatWouldBeAmbiguous() {
        let models = KeyPath.root.member("models")
        #expect(models.member("fast-one").member("deployments").element(0).text == "models.fast-one.deployments[0]")
        #expect(models.member("ollama/qwen3").text == "models.ollama/qwen3")
        #expect(models.member("gpt-4.1").member("tier").text == "models[\"gpt-4.1\"].tier")
    }
}
