/// What the length of an answer goes by besides the model: who is to write it, and how much work that is.
package struct AnswerKind: Sendable, Hashable {
    /// The agent's position in the catalogue; nil for a plain call.
    package let agent: Int?
    /// nil where nobody looked.
    package let tier: Tier?

    package init(agent: Int? = nil, tier: Tier? = nil) {
        self.agent = agent
        self.tier = tier
    }

    /// From 0, below ``count(agents:)``; those of one agent stand together.
    package var index: Int { ((agent ?? -1) + 1) * Self.perAgent + (tier.map { Self.place(of: $0) } ?? 0) }

    /// How many there are beside so many agents.
    package static func count(agents: Int) -> Int { (agents + 1) * perAgent }

    /// The tiers, and none.
    package static let perAgent = 4

    private static func place(of tier: Tier) -> Int {
        switch tier {
        case .simple: 1
        case .medium: 2
        case .complex: 3
        }
    }

    /// Tokens that such answers have as long as nobody has seen any: our own guess.
    package var typicalTokens: Double {
        switch tier {
        case .simple: 250
        case .medium, nil: 500
        case .complex: 1000
        }
    }
}
