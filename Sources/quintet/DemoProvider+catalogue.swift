import Core
import DemoProvider
import Settings

extension CatalogueBuilder.Addition {
    /// The demo provider's place in the catalogue.
    static func demo(port: Int) -> Self {
        Self(
            provider: ProviderEntry(id: "demo", baseURL: "http://127.0.0.1:\(port)/v1"),
            models: DemoProvider.models.map(ModelEntry.init))
    }
}

extension ModelEntry {
    fileprivate init(_ model: DemoModel) {
        let rates = Money(usd: model.inputCostPerToken).flatMap { prompt in
            Money(usd: model.outputCostPerToken).map { Price.Rates(prompt: prompt, completion: $0) }
        }
        self.init(
            name: model.id, deployments: [.init(provider: "demo", modelName: model.id)], quality: model.quality,
            abilities: [.tools, .responseSchema, .vision],
            price: rates.map { Price($0, source: "made up for the demo") }, ownedBy: "quintet-demo")
    }
}
