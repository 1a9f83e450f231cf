/// How much work a request is, and which models are meant for it.
package enum Tier: String, Sendable, CaseIterable, Comparable, Codable {
    case simple, medium, complex

    package static func < (left: Tier, right: Tier) -> Bool { left.rank < right.rank }
    private var rank: Int {
        switch self {
        case .simple: 0
        case .medium: 1
        case .complex: 2
        }
    }
}

/// What a request may need of a model beyond plain text.
package struct Abilities: OptionSet, Sendable, Hashable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    package static let tools = Abilities(rawValue: 1)
    package static let vision = Abilities(rawValue: 2)
    package static let responseSchema = Abilities(rawValue: 4)
    package static let audio = Abilities(rawValue: 8)

    /// One word each, for the log.
    private static let coded: [(String, Abilities)] = [
        ("tools", .tools), ("vision", .vision), ("schema", .responseSchema), ("audio", .audio),
    ]

    package var codes: [String] { Self.coded.filter { contains($0.1) }.map(\.0) }

    /// What ``codes`` say; nil with an unknown one.
    package init?(codes: some Sequence<some StringProtocol>) {
        self = []
        for code in codes {
            guard let known = Self.coded.first(where: { $0.0 == code }) else { return nil }
            insert(known.1)
        }
    }

    /// In words, for reasons and errors.
    package var names: [String] {
        [(Abilities.tools, "tools"), (.vision, "images"), (.responseSchema, "JSON schema"), (.audio, "audio")]
            .filter { contains($0.0) }.map(\.1)
    }
}

/// The limits of one model's calls.
package struct Timeouts: Sendable, Equatable {
    /// To a usable connection, TLS included.
    package var connect: Duration = .seconds(5)
    /// To the first content of a stream, while another candidate is left.
    package var firstContent: Duration = .seconds(10)
    /// To a whole answer that is not streamed, while another candidate is left. Such an answer shows nothing until
    /// it is complete, so its limit is longer than the first content's.
    package var answer: Duration = .seconds(60)
    /// Between two chunks of a stream.
    package var stall: Duration = .seconds(15)
    /// The wait for a free place among the provider's connections.
    package var acquire: Duration = .seconds(10)
    /// The whole request, all attempts together.
    package var total: Duration = .seconds(180)

    package init() {}
}

/// One place that serves a model.
package struct Deployment: Sendable, Equatable {
    /// Position among all deployments of the catalogue.
    package let index: Int
    /// `provider/model name there`, from a provider's second key on `provider#2/model name there`; unique in the catalogue:
    /// what admins see.
    package let id: String
    package let provider: String
    /// The provider's way in that its calls take.
    package let access: String
    /// The variable that holds its key; nil where none is needed.
    package let keyVariable: String?
    /// The model's name at that provider.
    package let modelName: String
    /// Its share of the model's calls, in proportion to the others' weights; at least 1.
    package let weight: Int
    /// Whether its provider is on.
    package let isLive: Bool
    /// What admins know it by, as its catalogue entry says: `eu`, `reserved`. The gateway shows them and nothing else.
    package let tags: [String]
    /// What admins noted about it, by name.
    package let metadata: [String: String]

    /// - Parameter access: nil for a provider with one way in, which has the provider's name.
    package init(
        index: Int, id: String, provider: String, access: String? = nil, keyVariable: String? = nil, modelName: String,
        weight: Int, isLive: Bool, tags: [String] = [], metadata: [String: String] = [:]
    ) {
        self.index = index
        self.id = id
        self.provider = provider
        self.access = access ?? provider
        self.keyVariable = keyVariable
        self.modelName = modelName
        self.weight = weight
        self.isLive = isLive
        self.tags = tags
        self.metadata = metadata
    }
}

/// A model that callers can name.
package struct Model: Sendable, Equatable {
    /// Position in the catalogue.
    package let index: Int
    /// The name that callers use.
    package let name: String
    /// At least one; those whose provider is off are kept, so that an admin sees them.
    package let deployments: [Deployment]
    /// How its calls are shared among them.
    package let balance: Balance
    /// Models asked when this one fails, in that order; nil leaves it to the chooser.
    package let fallbacks: [String]?
    /// General strength, 0…100: our own judgement.
    package let quality: Int
    package let tier: Tier
    /// Tokens the model reads; nil where unknown.
    package let inputWindow: Int?
    /// Tokens the model writes at most; nil where unknown.
    package let outputWindow: Int?
    package let abilities: Abilities
    /// Whether it takes `temperature`; some reasoning models refuse it.
    package let acceptsSampling: Bool
    /// nil where unknown: such a model costs an unknown amount, and none is claimed.
    package let price: Price?
    package let timeouts: Timeouts
    package let ownedBy: String
    /// Whether it goes on with a last message of the assistant's instead of answering it.
    package let acceptsPrefill: Bool

    package init(
        index: Int, name: String, deployments: [Deployment], balance: Balance = .peakEWMA, fallbacks: [String]?,
        quality: Int, tier: Tier, inputWindow: Int?, outputWindow: Int?, abilities: Abilities, acceptsSampling: Bool,
        price: Price?, timeouts: Timeouts, ownedBy: String, acceptsPrefill: Bool = false
    ) {
        self.index = index
        self.name = name
        self.deployments = deployments
        self.balance = balance
        self.fallbacks = fallbacks
        self.quality = quality
        self.tier = tier
        self.inputWindow = inputWindow
        self.outputWindow = outputWindow
        self.abilities = abilities
        self.acceptsSampling = acceptsSampling
        self.price = price
        self.timeouts = timeouts
        self.ownedBy = ownedBy
        self.acceptsPrefill = acceptsPrefill
    }

    /// Whether any of its deployments can be called.
    package var isLive: Bool { deployments.contains(where: \.isLive) }
}
