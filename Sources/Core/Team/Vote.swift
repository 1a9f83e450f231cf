/// Counts which answers agree.
///
/// More votes win. Among answers with equally many, the one stands whose earliest voter comes first in the team's order: so the
/// same answers always have the same winner, whoever was quicker.
package struct Vote: Sendable, Equatable {
    /// What a vote came to.
    package struct Result: Sendable, Equatable {
        /// The first in the team's order of those who gave the answer that stands.
        package let winner: Int
        /// How many gave it.
        package let votes: Int
        package let hasQuorum: Bool
    }

    private let agreement: Agreement
    private let quorum: Int
    /// Members by the form of their answer, in the order in which the first of them voted.
    private var sides: [Side] = []

    private struct Side: Sendable, Equatable {
        /// nil for an answer that agrees with no other.
        let form: String?
        var voters: [Int]
    }

    /// - Parameter quorum: how many must agree.
    package init(by agreement: Agreement, quorum: Int) {
        self.agreement = agreement
        self.quorum = quorum
    }

    package mutating func cast(_ answer: String, by member: Int) {
        let form = agreement.form(of: answer)
        if let form, let index = sides.firstIndex(where: { $0.form == form }) {
            sides[index].voters.append(member)
        } else {
            sides.append(Side(form: form, voters: [member]))
        }
    }

    /// Nothing that could still come changes who wins.
    package var isDecided: Bool { sides.contains { $0.voters.count >= quorum } }

    /// nil while nobody has voted.
    package var result: Result? {
        let order = sides.map { side in (side: side, first: side.voters.min() ?? 0) }
        guard let best = order.min(by: { ($1.side.voters.count, $0.first) < ($0.side.voters.count, $1.first) }) else { return nil }
        return Result(winner: best.first, votes: best.side.voters.count, hasQuorum: best.side.voters.count >= quorum)
    }
}
