/// A model that the demo provider serves, with what the gateway's catalogue needs to know about it.
package struct DemoModel: Sendable, Hashable, Identifiable {
    /// The name that callers send as `model`.
    package let id: String
    /// What it does, in a few words.
    package let summary: String
    /// How good its answers pretend to be, 0–100.
    package let quality: Int
    /// A made-up price in USD for one prompt token.
    package let inputCostPerToken: Double
    /// A made-up price in USD for one completion token.
    package let outputCostPerToken: Double
    /// About how many words an answer has.
    package let wordsPerAnswer: Int
    /// The wait before the first token, in token delays: larger models think longer, and a delay of zero keeps it at zero.
    package let firstTokenDelays: Int
}

extension DemoProvider {
    /// The models that are always served, from the cheapest to the best.
    package static let models = [
        DemoModel(
            id: "demo-small", summary: "short answers at once", quality: 40,
            inputCostPerToken: 1e-7, outputCostPerToken: 4e-7, wordsPerAnswer: 45, firstTokenDelays: 2),
        DemoModel(
            id: "demo-medium", summary: "longer answers after a moment", quality: 65,
            inputCostPerToken: 1e-6, outputCostPerToken: 4e-6, wordsPerAnswer: 90, firstTokenDelays: 6),
        DemoModel(
            id: "demo-large", summary: "the longest answers after a longer moment", quality: 85,
            inputCostPerToken: 5e-6, outputCostPerToken: 2e-5, wordsPerAnswer: 180, firstTokenDelays: 12),
    ]

    /// The models that misbehave on purpose, served only with `faults: true`. Their quality is 0, so that nothing but their
    /// name chooses them.
    package static let faultModels = Fault.allCases.map { fault in
        DemoModel(
            id: fault.rawValue, summary: fault.summary, quality: 0,
            inputCostPerToken: 1e-7, outputCostPerToken: 4e-7, wordsPerAnswer: 1, firstTokenDelays: 0)
    }
}
