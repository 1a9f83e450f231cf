import Testing

@testable import Core

/// What is measured of a prompt.
@Suite struct PromptSignalsTests {
    private func count(_ text: String) -> SignalCount {
        var count = SignalCount()
        var text = text
        text.withUTF8 { count.read($0) }
        return count
    }

    @Test func countsAreThoseOfAReader() {
        let found = count("If x = 3.5, then (x + 1) is not \"y\"; why? Find 1,000 values of z.")
        #expect(found.words == 12)
        #expect(found.sentences == 2)
        #expect(found.clauses == 2)
        #expect(found.numbers == 3)
        #expect(found.variables == 4)
        #expect(found.operators == 2)
        #expect(found.parentheses == 1)
        #expect(found.quotes == 2)
        #expect(found.repeated == 1)
        func kind(_ signal: PromptSignal) -> Int? {
            SignalWords.Kinds.counted.firstIndex(of: signal).map { Int(found.kinds[$0]) }
        }
        #expect(kind(.reasoning) == 2)
        #expect(kind(.negation) == 1)
        #expect(kind(.demand) == 2)
    }

    @Test func choicesAreMeasuredApart() {
        let found = count("Which is it?\nA. one, two\nB. three\n(C) four")
        #expect(found.choices == 3)
        #expect(found.words == 3)
        #expect(found.clauses == 0)
        // A single such line is no list.
        #expect(count("A. Einstein wrote it").choices == 0)
        #expect(count("A. Einstein wrote it").words == 4)
    }

    @Test(arguments: [
        ("```\nx\n```", true), ("    return x", true), ("def f(x):", true), ("int a;\nint b;", true), (">>> 1 + 1", true),
        ("We return to the import business", false), ("a `word` here", false), ("", false),
    ])
    func codeIsSeen(text: String, expected: Bool) {
        #expect(count(text).hasCode == expected)
    }

    @Test func otherScriptsHaveSentencesToo() {
        let found = count("请设计系统。如果网络分区，系统应如何处理？")
        #expect(found.sentences == 2)
        #expect(found.clauses == 1)
        #expect(found.ideographs == 18)
        #expect(count("Где он? Там!").words == 3)
        #expect(count("Où est-il ? Là !").sentences == 2)
    }

    @Test func capitalsAndApostrophesAreNoMatter() {
        let found = count("WHY doesn't it?")
        #expect(found.words == 3)
        #expect(PromptSignals(of: "WHY doesn't it?")[.negation] > 0)
        #expect(PromptSignals(of: "WHY doesn't it?")[.demand] == PromptSignals(of: "why doesn't it?")[.demand])
    }

    @Test func everySignalIsBetween0And1() {
        for text in ComplexityTests.rubbish {
            let signals = PromptSignals(of: text)
            for signal in PromptSignal.allCases { #expect((0...1).contains(signals[signal]), "\(signal) of \(text.prefix(20))") }
        }
    }

    @Test func thereIsALaneForEach() {
        #expect(PromptSignal.allCases.count <= PromptSignals.Values.scalarCount)
        #expect(Set(PromptSignal.allCases.map(\.lane)).count == PromptSignal.allCases.count)
        #expect(Set(PromptSignal.allCases.map(\.words)).count == PromptSignal.allCases.count)
    }
}
