import Core

extension Price {
    /// Dollars a million tokens.
    static func perMillion(_ prompt: Int64, _ completion: Int64) -> Price {
        Price(Rates(prompt: Money(picodollars: prompt * 1_000_000), completion: Money(picodollars: completion * 1_000_000)))
    }
}

/// A model before it has its place in a catalogue.
struct ModelSketch {
    var name: String
    /// Weights of its deployments; one whose provider is off is negative.
    var weights = [1]
    var balance = Balance.peakEWMA
    var fallbacks: [String]?
    var quality = 50
    var inputWindow: Int?
    var outputWindow: Int?
    var abilities: Abilities = []
    var price: Price? = .perMillion(1, 4)
    var timeouts = Timeouts()

    init(_ name: String, quality: Int = 50, price: Price? = .perMillion(1, 4), weights: [Int] = [1]) {
        self.name = name
        self.quality = quality
        self.price = price
        self.weights = weights
    }

    func with(_ change: (inout ModelSketch) -> Void) -> ModelSketch {
        var sketch = self
        change(&sketch)
        return sketch
    }

    func model(index: Int, firstDeployment: Int) -> Model {
        let deployments = weights.enumerated().map { place, weight in
            Deployment(
                index: firstDeployment + place, id: "\(weight > 0 ? "on" : "off")/\(name)\(place)",
                provider: weight > 0 ? "on" : "off", modelName: "\(name)\(place)", weight: abs(weight), isLive: weight > 0)
        }
        return Model(
            index: index, name: name, deployments: deployments, balance: balance, fallbacks: fallbacks, quality: quality,
            tier: .medium, inputWindow: inputWindow, outputWindow: outputWindow, abilities: abilities, acceptsSampling: true, price: price,
            timeouts: timeouts, ownedBy: "test")
    }
}

func catalogue(_ sketches: [ModelSketch], agents: [Agent] = [], _ change: (inout Policy) -> Void = { _ in }) -> Catalogue {
    var models: [Model] = []
    for sketch in sketches {
        let first = models.reduce(0) { $0 + $1.deployments.count }
        models.append(sketch.model(index: models.count, firstDeployment: first))
    }
    func provider(_ id: String, _ state: Provider.State) -> Provider {
        Provider(
            id: id, api: .openai, baseURL: "http://\(id)", keyVariables: [], switchVariable: nil,
            acceptsStreamOptions: true, outputLimitField: .maxTokens, inFlightLimit: 8, state: state, accesses: [])
    }
    var policy = Policy()
    change(&policy)
    return Catalogue(
        providers: [provider("off", .off(mend: "set OFF_API_KEY")), provider("on", .on)], models: models, agents: agents,
        policy: policy, complexityModel: (try? shippedComplexityModel()) ?? .untrained)
}

func models(_ sketches: ModelSketch...) -> [Model] { catalogue(sketches).models }

func agent(_ id: String, _ keywords: [String] = [], tier: Tier = .medium) -> Agent {
    Agent(
        id: id, name: id, role: "", description: "", keywords: keywords, examples: [], tier: tier, temperature: nil,
        maxTokens: nil, prompt: "You are \(id).")
}

extension RequestFacts {
    init(
        _ target: Target = .anyModel, tokens: Int = 100, text: String = "",
        _ change: (inout RequestFacts) -> Void = { _ in }
    ) {
        self.init(target: target, promptTokens: tokens)
        self.text = text
        change(&self)
    }
}
