import Core
import Synchronization

/// How long answers were, as their providers counted them, by kind and model. What is known outlives the catalogue: it goes by the
/// names of models and agents.
///
/// An answer costs one short lock for what it teaches, a plan one for each model whose cost it asks for. There are at most as many
/// lengths, of 8 bytes, as models × (agents + 1) × 4.
final class AnswerLengths: Sendable {
    private let models: [String]
    private let agents: [String]
    /// By ``AnswerKind/index``.
    private let kinds: [Kind]

    private final class Kind: Sendable {
        let lengths: Mutex<OutputLengths>

        init(_ lengths: OutputLengths) { self.lengths = Mutex(lengths) }
    }

    init(catalogue: Catalogue, continuing previous: AnswerLengths? = nil) {
        models = catalogue.models.map(\.name)
        agents = catalogue.agents.map(\.id)
        kinds = previous?.kinds(forModels: models, agents: agents)
            ?? (0..<AnswerKind.count(agents: agents.count)).map { _ in Kind(OutputLengths()) }
    }

    /// What is known, in the order of another catalogue.
    private func kinds(forModels models: [String], agents: [String]) -> [Kind] {
        func places(_ names: [String], in known: [String]) -> [Int?] {
            let places = Dictionary(zip(known, known.indices)) { first, _ in first }
            return names.map { places[$0] }
        }
        let modelPlaces = places(models, in: self.models)
        // Plain calls come first, in every catalogue.
        let agentPlaces = [0] + places(agents, in: self.agents).map { $0.map { $0 + 1 } }
        return agentPlaces.flatMap { place in
            (0..<AnswerKind.perAgent).map { offset in
                guard let place else { return Kind(OutputLengths()) }
                return Kind(kinds[place * AnswerKind.perAgent + offset].lengths.withLock { $0.rearranged(modelPlaces) })
            }
        }
    }

    func expected(of model: Model, _ kind: AnswerKind) -> (tokens: Int, answers: Int) {
        kinds[kind.index].lengths.withLock { $0.expected(of: model.index, typical: kind.typicalTokens) }
    }

    /// Takes in an answer that came to its end, with the usage that its provider reported.
    func observe(_ usage: Usage, of model: Model, _ forecast: CostForecast) {
        let lesson = forecast.lesson(of: usage, on: model)
        kinds[forecast.kind.index].lengths.withLock {
            $0.observe(
                lesson.tokens, of: model.index, wasCut: lesson.wasCut, typical: forecast.kind.typicalTokens,
                modelCount: models.count)
        }
    }
}
