/// Learns ``ComplexityModel`` from benchmarks on which a weak and a strong model were compared. Deterministic.
///
/// Benchmarks differ far more from one another than easy prompts differ from hard ones, and a new one differs most. So what is
/// learnt is kept small: only how much each signal counts, never that it counts the other way, drawn strongly to "all count
/// alike"; only differences inside a benchmark, of which each weighs the same however long it is.
package struct ComplexityTraining: Sendable {
    /// How strongly weights are drawn to the prior, in units of a signal's own variance.
    package var pull: Double = 10
    /// What a signal is expected to be worth before any data: the gain in share of right answers for one spread.
    package var prior: Double = 0.01
    /// Chat is easier than exams: by so many spreads a prompt that is as hard as not lies below the exams' mean.
    package var shift: Double = 0.45

    package init() {}

    /// Signals expected to be worth more than others: the words and marks of work that is to be done.
    private static let emphasis: [PromptSignal: Double] = [.demand: 2, .programming: 1.5, .code: 1.5]

    /// A benchmark with the weights of its examples.
    private struct Weighed {
        let set: ComplexityBenchmark
        /// By example; their sum is the share of the set.
        let weights: [Double]
    }

    /// - Parameter excluded: questions that are not learnt from, because the model is to be tried on them.
    package func train(_ benchmarks: [ComplexityBenchmark], except excluded: Set<UInt64> = []) -> ComplexityModel {
        let sets = benchmarks.map { $0.without(excluded) }.filter { !$0.examples.isEmpty }
        let families = Dictionary(grouping: sets, by: \.family)
        let weighed = sets.map { set in
            Weighed(set: set, weights: set.balancedWeights(total: 1 / Double(families[set.family]?.count ?? 1)))
        }
        let (means, spreads) = Self.usual(weighed)
        var model = ComplexityModel(means: means, spreads: spreads, weights: .zero, middle: 0, spread: 1)
        let weights = solve(weighed, model)
        for lane in weights.indices { model.weights[lane] = Float(weights[lane]) }
        let (mean, spread) = Self.meanAndSpread(weighed) { Double(model.contributions($0.signals).sum()) }
        model.middle = Float(mean - shift * spread)
        model.spread = Float(spread)
        return model
    }

    private static func usual(_ sets: [Weighed]) -> (means: ComplexityModel.Values, spreads: ComplexityModel.Values) {
        var means = ComplexityModel.Values()
        var spreads = ComplexityModel.Values(repeating: 1)
        for signal in PromptSignal.allCases {
            let (mean, spread) = meanAndSpread(sets) { Double($0.signals[signal]) }
            means[signal.lane] = Float(mean)
            // A signal that hardly varies here must not count for much where it does.
            spreads[signal.lane] = Float(max(spread, 0.05))
        }
        return (means, spreads)
    }

    private static func meanAndSpread(
        _ sets: [Weighed], _ value: (ComplexityBenchmark.Example) -> Double
    ) -> (mean: Double, spread: Double) {
        var (sum, squares, total) = (0.0, 0.0, 0.0)
        for set in sets {
            for (example, weight) in zip(set.set.examples, set.weights) {
                let value = value(example)
                sum += weight * value
                squares += weight * value * value
                total += weight
            }
        }
        let mean = sum / total
        return (mean, max(1e-9, squares / total - mean * mean).squareRoot())
    }

    /// The weights, at least 0, with the least squared error plus `pull` times their squared distance from the prior.
    private func solve(_ sets: [Weighed], _ model: ComplexityModel) -> [Double] {
        let count = PromptSignal.allCases.count
        var products = [Double](repeating: 0, count: count * count)
        var gains = [Double](repeating: 0, count: count)
        for set in sets { Self.add(set, model, &products, &gains) }
        let total = sets.reduce(0) { $0 + $1.weights.reduce(0, +) }
        let priors = PromptSignal.allCases.map { prior * (Self.emphasis[$0] ?? 1) }
        var weights = priors
        // Coordinate descent: the problem is convex, so the order does not matter.
        for _ in 0..<500 {
            for row in 0..<count {
                var rest = gains[row] / total + pull * priors[row]
                for column in 0..<count where column != row { rest -= products[row * count + column] / total * weights[column] }
                weights[row] = max(0, rest / (products[row * count + row] / total + pull))
            }
        }
        return weights
    }

    /// Adds a set's sums of products, taken about its own means.
    private static func add(_ set: Weighed, _ model: ComplexityModel, _ products: inout [Double], _ gains: inout [Double]) {
        let count = PromptSignal.allCases.count
        var even = model
        even.weights = .init(repeating: 1)
        let rows = set.set.examples.map { even.contributions($0.signals) }
        let total = set.weights.reduce(0, +)
        var means = [Double](repeating: 0, count: count)
        var gain = 0.0
        for (index, weight) in set.weights.enumerated() {
            for lane in 0..<count { means[lane] += weight / total * Double(rows[index][lane]) }
            gain += weight / total * set.set.examples[index].gain
        }
        for (index, weight) in set.weights.enumerated() {
            let centred = (0..<count).map { Double(rows[index][$0]) - means[$0] }
            let difference = set.set.examples[index].gain - gain
            for row in 0..<count {
                gains[row] += weight * centred[row] * difference
                for column in 0..<count { products[row * count + column] += weight * centred[row] * centred[column] }
            }
        }
    }
}

extension ComplexityBenchmark {
    /// A weight for each example. A category's weight grows with the root of its size, so that a large one does not decide
    /// alone.
    fileprivate func balancedWeights(total: Double) -> [Double] {
        var sizes: [String: Int] = [:]
        for example in examples { sizes[example.category, default: 0] += 1 }
        let raw = examples.map { 1 / Double(sizes[$0.category] ?? 1).squareRoot() }
        let sum = raw.reduce(0, +)
        return raw.map { $0 / sum * total }
    }

    fileprivate func without(_ questions: Set<UInt64>) -> ComplexityBenchmark {
        guard !questions.isEmpty else { return self }
        var copy = self
        copy.examples.removeAll { questions.contains($0.question) }
        return copy
    }
}
