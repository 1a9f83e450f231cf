import Foundation

/// Trains the agent router's model from questions whose agent is known, together with the profiles.
package struct AgentTraining: Sendable {
    /// A question and the id of the agent it is for.
    package struct Question: Sendable {
        package let text: String
        package let label: String

        package init(text: String, label: String) {
            self.text = text
            self.label = label
        }
    }

    /// The weights, and how well they did on the tenth that was kept aside.
    package struct Outcome: Sendable {
        package let weights: Weights
        package let heldOut: RoutingFigures
    }

    /// Rows of the table are 2^bits.
    package var bits = 18
    package var epochs = 10
    package var rate: Float = 0.3
    package var decay: Float = 0
    /// How many questions a keyword or example of a profile counts for.
    package var profileWeight: Float = 10
    /// The same for a line of small talk.
    package var smallTalkWeight: Float = 2
    /// Each so many questions, one is learnt once more between small talk.
    package var wrapped = 8
    /// Share of the weights that are represented without being cut down to the largest byte.
    package var kept = 0.9995

    /// What the temperature that fits best is multiplied by: above 1 leans to doubt.
    package var caution: Float = 1.15

    package init() {}

    /// Trains five times: on two thirds each, to find the questions whose label is doubtful (titles are on a site for
    /// reasons that they do not always tell); on nine tenths, to find the temperature and the figures; and on all.
    ///
    /// - Parameters:
    ///   - agents: the profiles of all labels.
    ///   - progress: hears the share done, 0…1.
    package func train(
        _ questions: [Question], agents: [Agent], progress: (Double) -> Void
    ) throws(WeightsProblem) -> Outcome {
        let roles = try roles(of: questions, agents)
        var set = TrainingSet(questions, roles: roles, bits: bits, profileWeight: profileWeight, smallTalkWeight: smallTalkWeight, wrapped: wrapped)
        var believed = [Float](repeating: 1, count: set.labels.count)
        for third in 0..<3 {
            let part = fit(set, besides: { $0 % 3 == third }) { progress((Double(third) + $0) / 5) }
            for index in set.labels.indices where index % 3 == third {
                believed[index] = part.shares(index, of: set.examples, values: set.values)[set.labels[index]]
            }
        }
        for (example, origin) in set.origins.enumerated() {
            if let origin { set.examples.scaleWeight(of: example, by: Self.belief(believed[origin])) }
        }
        let trial = fit(set, besides: Self.isHeldOut) { progress((3 + $0) / 5) }
        let sums = set.labels.indices.filter(Self.isHeldOut).map { index in
            (trial.scores(index, of: set.examples, values: set.values), set.labels[index])
        }
        let fitting = LabelShares.temperature(of: sums.map(\.0), labels: sums.map(\.1), count: roles.count)
        let temperature = fitting * caution
        let heldOut = RoutingFigures(
            sums.map { (LabelShares.softmax($0.0 / temperature, count: roles.count), $0.1) })
        let final = fit(set, besides: { _ in false }) { progress((4 + $0) / 5) }
        return Outcome(weights: weights(final, set, roles, temperature), heldOut: heldOut)
    }

    /// What a question counts whose label others like it would give it with this probability.
    private static func belief(_ share: Float) -> Float { min(1, 0.2 + share / 0.4) }

    private static func isHeldOut(_ index: Int) -> Bool { index % 10 == 3 }

    private func roles(of questions: [Question], _ agents: [Agent]) throws(WeightsProblem) -> [Agent] {
        let labels = Set(questions.map(\.label))
        for label in labels.sorted() where !agents.contains(where: { $0.id == label }) {
            throw WeightsProblem("cannot be trained: there is no profile of '\(label.prefix(40))', which questions are for")
        }
        guard (2...AgentModel.roleLimit).contains(labels.count) else {
            throw WeightsProblem("cannot be trained for \(labels.count) agents; it must be 2 to \(AgentModel.roleLimit)")
        }
        return agents.filter { labels.contains($0.id) }.sorted { $0.id < $1.id }
    }

    private func fit(_ set: TrainingSet, besides isLeftOut: (Int) -> Bool, progress: (Double) -> Void) -> LinearTraining.Result {
        let training = LinearTraining(bits: bits, epochs: epochs, rate: rate, decay: decay, seed: 5)
        let kept = set.origins.indices.filter { example in set.origins[example].map { !isLeftOut($0) } ?? true }
        return training.train(set.examples, only: kept, values: set.values, progress: progress)
    }

    private func weights(
        _ result: LinearTraining.Result, _ set: TrainingSet, _ roles: [Agent], _ temperature: Float
    ) -> Weights {
        var rows: [Float] = []
        rows.reserveCapacity(8 << bits)
        for (row, weights) in result.rows.enumerated() {
            let value = set.values[row]
            var lanes = weights * value
            for lane in roles.count..<8 { lanes[lane] = 0 }
            lanes[AgentModel.knownLane] = set.isKnownWord[row] ? 1 : 0
            lanes[AgentModel.sizeLane] = value * value
            for lane in 0..<8 { rows.append(lanes[lane]) }
        }
        // A byte of the known lane is 0 or 1.
        var table = WeightTable(bits: bits, lanes: 8, rounding: rows, kept: kept)
        table.setLane(AgentModel.knownLane) { set.isKnownWord[$0] ? 1 : 0 }
        var notes: [String: String] = [:]
        for role in roles { notes.merge(TrainedProfile(role).notes(role: role.id)) { first, _ in first } }
        return Weights(
            kind: AgentModel.kind, labels: roles.map(\.id), notes: notes,
            biases: roles.indices.map { result.biases[$0] }, temperature: temperature, table: table)
    }
}

/// Questions and profiles as rows of features.
private struct TrainingSet {
    var examples: LinearTraining.Examples
    /// By row: what a feature counts, more the rarer it is.
    var values: [Float]
    /// Rows of words that at least two questions have.
    var isKnownWord: [Bool]
    /// The questions' lanes, in the order of the questions, which are the first examples.
    let labels: [Int]
    /// By example, the question that it was made of; nil for one made of a profile or of small talk.
    private(set) var origins: [Int?] = []
    private var wordCounts: [Int]
    private let bits: Int

    init(_ questions: [AgentTraining.Question], roles: [Agent], bits: Int, profileWeight: Float, smallTalkWeight: Float, wrapped: Int) {
        self.bits = bits
        let lanes = Dictionary(uniqueKeysWithValues: roles.enumerated().map { ($1.id, $0) })
        labels = questions.map { lanes[$0.label] ?? 0 }
        values = .init(repeating: 0, count: 1 << bits)
        wordCounts = .init(repeating: 0, count: 1 << bits)
        isKnownWord = []
        examples = LinearTraining.Examples(labelCount: roles.count)
        var labelCounts = [Float](repeating: 0, count: roles.count)
        for label in labels { labelCounts[label] += 1 }
        // Each agent counts for as much as any other, however many questions it has.
        let weights = labels.map { Float(questions.count) / (Float(roles.count) * labelCounts[$0]) }
        for (index, question) in questions.enumerated() {
            add(question.text, Self.target(labels[index], roles.count), weight: weights[index], origin: index)
        }
        // How rare a feature is, questions alone say.
        let total = Float(questions.count)
        values = values.map { log((1 + total) / (1 + $0)) + 1 }
        for (index, question) in questions.enumerated() where index % wrapped == 1 {
            let text = Self.wrapped(question.text, index / wrapped)
            add(text, Self.target(labels[index], roles.count), weight: weights[index], origin: index)
        }
        for (label, role) in roles.enumerated() {
            let profile = TrainedProfile(role)
            for text in profile.keywords + profile.examples {
                add(text, Self.target(label, roles.count), weight: profileWeight, origin: nil)
            }
        }
        let nobody = [Float](repeating: 1 / Float(roles.count), count: roles.count)
        for text in SmallTalk.alone + SmallTalk.openings + SmallTalk.closings {
            add(text, nobody, weight: smallTalkWeight, origin: nil)
        }
        isKnownWord = wordCounts.map { $0 > 1 }
    }

    private mutating func add(_ text: String, _ target: [Float], weight: Float, origin: Int?) {
        let (rows, words) = Self.rows(of: text, bits: bits)
        if origin == examples.count { for row in rows { values[Int(row)] += 1 } }
        // What profiles and small talk say is known at once.
        for word in words { wordCounts[Int(word)] += origin == nil ? 2 : 1 }
        examples.append(rows: rows, target: target, weight: weight)
        origins.append(origin)
    }

    /// A question between small talk, each time another.
    private static func wrapped(_ text: String, _ turn: Int) -> String {
        let opening = SmallTalk.openings[turn % SmallTalk.openings.count]
        let closing = SmallTalk.closings[turn % SmallTalk.closings.count]
        return switch turn % 3 {
        case 0: "\(opening) \(text)"
        case 1: "\(text) \(closing)"
        default: "\(opening) \(text) \(closing)"
        }
    }

    private static func target(_ label: Int, _ count: Int) -> [Float] { (0..<count).map { $0 == label ? 1 : 0 } }

    /// The rows of all features, and those of the words among them; each once, in their order.
    private static func rows(of text: String, bits: Int) -> (all: [Int32], words: [Int32]) {
        var all: [Int32] = []
        var words: [Int32] = []
        SeenRows.withEmpty(bits: bits) { seen in
            TextSample.read(text) { bytes, _ in
                HashedWords.forEach(in: bytes) { word in
                    let wordRow = FeatureHash.row(of: word.hash, bits: bits)
                    if !words.contains(Int32(wordRow)) { words.append(Int32(wordRow)) }
                    word.forEachFeature { hash in
                        let row = FeatureHash.row(of: hash, bits: bits)
                        if seen.insert(row) { all.append(Int32(row)) }
                    }
                }
            }
        }
        return (all, words)
    }
}

/// How well probabilities fit what was right.
package struct RoutingFigures: Sendable, Equatable {
    package let count: Int
    package let accuracy: Double
    /// Share of the questions with a probability of at least 0.7, and the accuracy on these.
    package let sureShare: Double
    package let sureAccuracy: Double
    /// Expected calibration error over ten bins of equal width.
    package let calibrationError: Double

    package init(_ answers: [(shares: SIMD8<Float>, label: Int)]) {
        var bins = [(count: Double, right: Double, confidence: Double)](repeating: (0, 0, 0), count: 10)
        var right = 0.0
        var sure = (count: 0.0, right: 0.0)
        for (shares, label) in answers {
            var best = 0
            for lane in 1..<8 where shares[lane] > shares[best] { best = lane }
            let hit = best == label ? 1.0 : 0
            let confidence = Double(shares[best])
            let bin = min(9, Int(confidence * 10))
            bins[bin] = (bins[bin].count + 1, bins[bin].right + hit, bins[bin].confidence + confidence)
            right += hit
            if confidence >= 0.7 { sure = (sure.count + 1, sure.right + hit) }
        }
        let total = Double(max(1, answers.count))
        count = answers.count
        accuracy = right / total
        sureShare = sure.count / total
        sureAccuracy = sure.right / max(1, sure.count)
        calibrationError = bins.reduce(0) { $0 + abs($1.right - $1.confidence) } / total
    }
}
