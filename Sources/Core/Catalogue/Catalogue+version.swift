import Crypto

extension Catalogue {
    /// Names what stands behind a target: it changes when another place, or another model there, would answer. Prices, limits and
    /// breakers do not change an answer.
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

        init(of models: [Model], at providers: [Provider]) {
            let bases = Dictionary(providers.map { ($0.id, $0.baseURL) }) { first, _ in first }
            self.models = models.map { model in
                var fields = FramedBytes()
                fields.append(model.name)
                // A provider's second key leads to the same model.
                var places: Set<[String]> = []
                for deployment in model.deployments {
                    let place = [deployment.provider, bases[deployment.provider] ?? "", deployment.modelName]
                    if places.insert(place).inserted { for part in place { fields.append(part) } }
                }
                for fallback in model.fallbacks ?? [] { fields.append(fallback) }
                return Hexadecimal.text(SHA256.hash(data: fields.bytes).prefix(8))
            }
            var fields = FramedBytes()
            for version in self.models.sorted() { fields.append(version) }
            all = Hexadecimal.text(SHA256.hash(data: fields.bytes).prefix(8))
        }
    }
}
