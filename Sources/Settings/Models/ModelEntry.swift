package import Core

/// A model as `models.json` describes it.
package struct ModelEntry: Sendable, Equatable {
    /// One place that serves it.
    package struct Deployment: Sendable, Equatable {
        package let provider: String
        /// The model's name at that provider.
        package let modelName: String
        package let weight: Int
        package let tags: [String]
        package let metadata: [String: String]

        package init(
            provider: String, modelName: String, weight: Int = 1, tags: [String] = [], metadata: [String: String] = [:]
        ) {
            self.provider = provider
            self.modelName = modelName
            self.weight = weight
            self.tags = tags
            self.metadata = metadata
        }
    }

    package let name: String
    package let deployments: [Deployment]
    /// nil leaves it to the policy.
    package let balance: Balance?
    /// nil leaves it to the chooser; an empty list means none at all.
    package let fallbacks: [String]?
    package let quality: Int
    package let tier: Tier
    package let inputWindow: Int?
    package let outputWindow: Int?
    package let abilities: Abilities
    package let acceptsSampling: Bool
    package let price: Price?
    package let timeouts: Timeouts
    package let ownedBy: String
    package let acceptsPrefill: Bool

    /// What is left out is as in a file that says nothing of it.
    package init(
        name: String, deployments: [Deployment], balance: Balance? = nil, fallbacks: [String]? = nil, quality: Int = 50,
        tier: Tier? = nil, inputWindow: Int? = nil, outputWindow: Int? = nil,
        abilities: Abilities = [.tools, .responseSchema], acceptsSampling: Bool = true, price: Price? = nil,
        timeouts: Timeouts = Timeouts(), ownedBy: String? = nil, acceptsPrefill: Bool = false
    ) {
        self.name = name
        self.deployments = deployments
        self.balance = balance
        self.fallbacks = fallbacks
        self.quality = quality
        self.tier = tier ?? Self.tier(ofQuality: quality)
        self.inputWindow = inputWindow
        self.outputWindow = outputWindow
        self.abilities = abilities
        self.acceptsSampling = acceptsSampling
        self.price = price
        self.timeouts = timeouts
        self.ownedBy = ownedBy ?? deployments.first?.provider ?? ""
        self.acceptsPrefill = acceptsPrefill
    }

    private static func tier(ofQuality quality: Int) -> Tier {
        quality < 60 ? .simple : quality < 78 ? .medium : .complex
    }
}
