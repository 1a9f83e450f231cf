import TestKit
import Testing

@testable import Core

/// When answers agree, and which of them wins.
@Suite struct AgreementTests {
    @Test(arguments: [
        ("The answer is 42.", "42"), ("… = 1,234.50 USD", "1234.5"), ("first 7, then 007", "7"), ("-3", "-3"), ("−3.0", "-3"),
        ("0.50", "0.5"), (".5", "0.5"), ("-0", "0"), ("costs $18.", "18"), ("3 cats\nand 4 dogs", "4"), ("1 000", "1000"),
    ])
    func theLastNumberCounts(text: String, number: String) { #expect(Agreement.numeric.form(of: text) == number) }

    @Test(arguments: ["", "none", "…", "-", "."]) func whatHoldsNoNumberAgreesWithNothing(text: String) {
        #expect(Agreement.numeric.form(of: text) == nil)
    }

    @Test func textAgreesByItsWords() {
        let form = Agreement.text.form(of:)
        #expect(form("**Paris**, of course!") == form("paris of\n course"))
        #expect(form("C++") != form("C"))
        #expect(form("  !? ") == nil)
        #expect(Agreement.exact.form(of: " Paris\n") == "Paris")
        #expect(Agreement.exact.form(of: "Paris") != Agreement.exact.form(of: "paris"))
        #expect(Agreement.exact.form(of: " \n") == nil)
    }

    private func vote(_ answers: [(Int, String)], quorum: Int) -> Vote {
        var vote = Vote(by: .text, quorum: quorum)
        for (member, answer) in answers { vote.cast(answer, by: member) }
        return vote
    }

    @Test func theMostVotesWinAndTheirFirstMemberSpeaks() {
        let result = vote([(3, "yes"), (0, "no"), (1, "Yes!")], quorum: 2).result
        #expect(result == .init(winner: 1, votes: 2, hasQuorum: true))
        #expect(Vote(by: .text, quorum: 1).result == nil)
    }

    /// Whoever comes in first: the order of the team decides.
    @Test func aTieGoesToTheTeamsOrder() {
        let answers = [(0, "a"), (1, "b"), (2, "b"), (3, "a")]
        var random = SplitMix64(seed: 1)
        for _ in 0..<50 {
            let result = vote(answers.shuffled(using: &random), quorum: 3).result
            #expect(result == .init(winner: 0, votes: 2, hasQuorum: false))
        }
    }

    @Test func itIsDecidedWhenTheQuorumStands() {
        #expect(!vote([(0, "a"), (1, "b")], quorum: 2).isDecided)
        #expect(vote([(0, "a"), (1, "b"), (2, "a")], quorum: 2).isDecided)
        // Answers without a form agree with no other, not even with each other.
        #expect(!vote([(0, "!"), (1, "!")], quorum: 2).isDecided)
    }
}
