import Crypto

extension Catalogue {
    /// Names what stands behind a target: it changes when another place, or another model there, would answer, when a request
    /// reaches it in another form, and, where the gateway chooses, with what it chooses by. Prices, timeouts and breakers do not
    /// change an answer.
    package func version(of target: RequestFacts.Target) -> String {
        switch target {
        case .model(let name), .agentOnModel(_, let name), .autoOnModel(let name):
            model(name).map { versions.models[$0.index] } ?? ""
        case .auto, .anyModel, .agent: versions.all
        }
    }

    /// What the answers of models and of the whole catalogue are kept under.
    struct Versions: Sendable {
        /// By the model's index.
        let models: [String]
        let all: String

        init(of models: [Model], at providers: [Provider], by policy: Policy) {
            let doors = Dictionary(providers.map { ($0.id, [$0.baseURL, $0.api.rawValue, $0.outputLimitField.rawValue]) }) { first, _ in first }
            self.models = models.map { model in
                var fields = FramedBytes()
                fields.append(model.name)
                // A provider's second key leads to the same model.
                var places: Set<[String]> = []
                for deployment in model.deployments {
                    let place = [deployment.provider] + (doors[deployment.provider] ?? []) + [deployment.modelName]
                    if places.insert(place).inserted { for part in place { fields.append(part) } }
                }
                for fallback in model.fallbacks ?? [] { fields.append(fallback) }
                fields.append("\(model.acceptsSampling) \(model.outputWindow ?? 0)")
                return Hexadecimal.text(Array(SHA256.hash(data: fields.bytes).prefix(8)))
            }
            var fields = FramedBytes()
            let choices = zip(self.models, models).map { "\($0) \($1.quality) \($1.tier.rawValue) \($1.abilities.rawValue)" }
            for choice in choices.sorted() { fields.append(choice) }
            fields.append("\(policy.costBias)")
            for biases in [policy.agentCostBias, policy.keyCostBias] {
                fields.append(biases.sorted { $0.key < $1.key }.map { "\($0.key)\u{0}\($0.value)" }.joined(separator: "\u{0}"))
            }
            all = Hexadecimal.text(Array(SHA256.hash(data: fields.bytes).prefix(8)))
        }
    }
}
