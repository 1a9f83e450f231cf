/// How the answers of a team become one.
package enum Combine: String, Sendable, CaseIterable {
    /// Side by side.
    case list
    /// A last call sees all answers and writes one.
    case synthesis
    /// What most of them say.
    case vote
    /// The last member is asked only where those before it disagree.
    case cascade
    /// The first good answer; the others are cancelled.
    case race
    /// One after another, each seeing what those before it said; the last one's answer stands.
    case sequential

    /// Whether the answer is one member's own, so that the words of the others are nobody's business.
    package var isOneOfThem: Bool {
        switch self {
        case .vote, .cascade, .race: true
        case .list, .synthesis, .sequential: false
        }
    }
}

/// A team that was asked for, checked: every name in it exists.
package struct TeamRequest: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        /// What the answer calls it: the agent's id or the model's name; `name#2` where a model is in the team again.
        package let name: String
        package let target: RequestFacts.Target

        package init(name: String, target: RequestFacts.Target) {
            self.name = name
            self.target = target
        }
    }

    /// In the order in which they were named: ties and numbers go by it.
    package let members: [Member]
    package let combine: Combine
    /// One after another instead of all at once.
    package let isInTurn: Bool
    /// How many answers are enough; in a vote, how many that agree. nil waits for all; in a vote, for more than half of them.
    package let quorum: Int?
    /// When two answers say the same.
    package let agreement: Agreement
    /// Most that all calls together may be expected to cost.
    package let maxCost: Money?
    /// How its caller calls that limit.
    package let maxCostField: String

    package init(
        members: [Member], combine: Combine, isInTurn: Bool = false, quorum: Int? = nil, agreement: Agreement = .text,
        maxCost: Money? = nil, maxCostField: String = "quintet.max_cost"
    ) {
        self.members = members
        self.combine = combine
        self.isInTurn = isInTurn || combine == .sequential
        self.quorum = quorum
        self.agreement = agreement
        self.maxCost = maxCost
        self.maxCostField = maxCostField
    }

    /// Most members of a team.
    package static let memberLimit = 8
    /// Under which name the last call of a synthesis speaks.
    package static let synthesisName = "synthesis"
    /// What callers put into `model`.
    package static let modelName = "team"
}
