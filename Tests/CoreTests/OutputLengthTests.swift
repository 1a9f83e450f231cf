import TestKit
import Testing

@testable import Core

/// How long answers are expected to be, from those that were seen.
@Suite struct OutputLengthTests {
    private func lengths(_ tokens: [Int], wasCut: Bool = false, prior: Double = 500) -> OutputLength {
        tokens.reduce(into: OutputLength()) { $0.observe($1, wasCut: wasCut, prior: prior) }
    }

    @Test func whatIsTypicalStandsUntilEnoughWereSeen() {
        #expect(OutputLength().expected(500) == 500)
        // One of sixteen: 500 - 400 / 16.
        #expect(lengths([100]).expected(500) == 475)
        #expect(lengths(Array(repeating: 100, count: 8)).expected(500) == 300)
        for count in [16, 40, 1000] { #expect(lengths(Array(repeating: 100, count: count)).expected(500) == 100) }
    }

    @Test func theNewestCountMost() {
        var length = lengths(Array(repeating: 100, count: 1000))
        for _ in 0..<OutputLength.memory { length.observe(300, wasCut: false, prior: 500) }
        // 1 - (1 - 1/64)^64 of the way.
        #expect((220...230).contains(length.expected(500)))
        for _ in 0..<1000 { length.observe(300, wasCut: false, prior: 500) }
        #expect(abs(length.expected(500) - 300) < 1)
    }

    @Test func oneThatRanAwayCountsAsAFewOthers() {
        var length = lengths(Array(repeating: 100, count: 64))
        length.observe(1_000_000, wasCut: false, prior: 500)
        // 4 × 100 + 16 instead of a million: (416 - 100) / 64 more.
        #expect(abs(length.expected(500) - 104.94) < 0.01)
        // Those that are always so long are believed soon.
        for _ in 0..<200 { length.observe(10_000, wasCut: false, prior: 500) }
        #expect(length.expected(500) > 8000)
    }

    /// Callers who cut answers at 10 tokens must not teach that the next one, uncut, has 10.
    @Test func whatALimitCutTeachesNoShortness() {
        #expect(lengths(Array(repeating: 10, count: 100), wasCut: true).expected(500) == 500)
        #expect(lengths(Array(repeating: 900, count: 100), wasCut: true).expected(500) == 900)
    }

    @Test func whatOneModelDoesIsGuessedFromTheOthers() {
        var lengths = OutputLengths()
        #expect(lengths.expected(of: 7, typical: 500) == (500, 0))
        for _ in 0..<100 { lengths.observe(2000, of: 0, wasCut: false, typical: 500, modelCount: 3) }
        #expect(lengths.expected(of: 0, typical: 500) == (2000, 100))
        #expect(lengths.expected(of: 1, typical: 500) == (2000, 100))
        for _ in 0..<16 { lengths.observe(100, of: 1, wasCut: false, typical: 500, modelCount: 3) }
        #expect(lengths.expected(of: 1, typical: 500) == (100, 16))
        #expect(lengths.expected(of: 0, typical: 500) == (2000, 100))
        // What has no answer teaches nothing, nor does a model that is not there.
        let before = lengths
        lengths.observe(0, of: 1, wasCut: false, typical: 500, modelCount: 3)
        lengths.observe(9, of: 3, wasCut: false, typical: 500, modelCount: 3)
        #expect(lengths == before)
        let moved = lengths.rearranged([nil, 1, 0, nil])
        #expect(moved.expected(of: 1, typical: 500) == (100, 16))
        #expect(moved.expected(of: 2, typical: 500) == (2000, 100))
        #expect(moved.expected(of: 0, typical: 500).answers == 116)
    }

    @Test func everyKindHasItsPlace() {
        let kinds = [nil, 0, 1].flatMap { agent in [nil, Tier.simple, .medium, .complex].map { AnswerKind(agent: agent, tier: $0) } }
        #expect(kinds.map(\.index) == Array(0..<AnswerKind.count(agents: 2)))
    }

    /// Whatever is observed, what is expected lies between the least and the most that was seen or is typical.
    @Test func whatIsExpectedStaysWithinReason() {
        var random = SplitMix64(seed: 11)
        for _ in 0..<200 {
            var length = OutputLength()
            var (least, most) = (500.0, 500.0)
            for _ in 0..<Int.random(in: 1...200, using: &random) {
                let tokens = Int.random(in: 1...(1 << Int.random(in: 1...30, using: &random)), using: &random)
                length.observe(tokens, wasCut: .random(using: &random), prior: 500)
                (least, most) = (min(least, Double(tokens)), max(most, Double(tokens)))
            }
            #expect((least - 1...most * 1.0001).contains(length.expected(500)))
        }
    }
}

private func == (left: (tokens: Int, answers: Int), right: (Int, Int)) -> Bool { left.tokens == right.0 && left.answers == right.1 }
