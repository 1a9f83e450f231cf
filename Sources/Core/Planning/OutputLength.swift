/// How many tokens answers have: a mean of what providers counted, the newest counting most.
package struct OutputLength: Sendable, Equatable {
    /// Of what was observed.
    private var mean: Float = 0
    private var observed: UInt32 = 0

    package init() {}

    package var count: Int { Int(observed) }

    /// As many answers stand for themselves; fewer share the word with what is expected otherwise.
    package static let enough = 16
    /// How many answers the mean looks back on.
    package static let memory = 64
    /// One answer counts as no more than so many times what was expected: a model that ran away once is not one that always does.
    package static let leap = 4.0

    /// - Parameter prior: what is expected where nothing was observed.
    package func expected(_ prior: Double) -> Double {
        prior + (Double(mean) - prior) * min(1, Double(observed) / Double(Self.enough))
    }

    /// Notes an answer's length.
    ///
    /// - Parameter wasCut: a limit ended it, so that it only says that the answer would have been longer: it counts as one of the
    ///   expected length, if it is not longer than that already.
    package mutating func observe(_ tokens: Int, wasCut: Bool, prior: Double) {
        let expected = expected(prior)
        let length = wasCut ? max(Double(tokens), expected) : Double(tokens)
        observed = min(observed + 1, 1_000_000)
        let weight = 1 / Double(min(count, Self.memory))
        mean += Float((min(length, Self.leap * expected + Double(Self.enough)) - Double(mean)) * weight)
    }
}

/// The answers of one kind: those of all models, and of each. What one model will do is guessed from the others as long as few of
/// its own answers were seen.
package struct OutputLengths: Sendable, Equatable {
    private var overall = OutputLength()
    /// By model index; empty before the first answer.
    private var byModel: [OutputLength] = []

    package init() {}

    /// The same for another catalogue.
    ///
    /// - Parameter models: for each of its models, where it stood before; nil for one that is new.
    package func rearranged(_ models: [Int?]) -> OutputLengths {
        var lengths = self
        guard !byModel.isEmpty else { return lengths }
        lengths.byModel = models.map { $0.map { byModel[$0] } ?? OutputLength() }
        return lengths
    }

    /// - Parameters:
    ///   - model: its index.
    ///   - typical: tokens, where nothing was observed.
    package func expected(of model: Int, typical: Double) -> (tokens: Int, answers: Int) {
        let general = overall.expected(typical)
        guard model < byModel.count else { return (Int(general.rounded()), overall.count) }
        let own = byModel[model]
        return (Int(own.expected(general).rounded()), own.count > 0 ? own.count : overall.count)
    }

    /// - Parameter modelCount: how many models there are.
    package mutating func observe(_ tokens: Int, of model: Int, wasCut: Bool, typical: Double, modelCount: Int) {
        if byModel.isEmpty { byModel = Array(repeating: OutputLength(), count: modelCount) }
        guard byModel.indices.contains(model), tokens > 0 else { return }
        byModel[model].observe(tokens, wasCut: wasCut, prior: overall.expected(typical))
        overall.observe(tokens, wasCut: wasCut, prior: typical)
    }
}
