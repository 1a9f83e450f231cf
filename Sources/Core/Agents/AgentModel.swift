/// The trained part of the agent router: a linear model over hashed words, pairs of words and runs of letters that speaks of
/// *roles*, the agents it was trained for.
///
/// A row of its table has a lane for each role's weight, and two more: `knownLane` is 1 where a word of the training has its
/// row, `sizeLane` is what the feature adds to the square of the message's length.
package struct AgentModel: Sendable {
    /// The `kind` of its weights.
    package static let kind = "agents"
    static let roleLimit = 6
    static let knownLane = 6
    static let sizeLane = 7

    /// The ids of the agents it was trained for.
    package let roles: [String]
    /// Their profiles as they were then, by role; without prompts.
    package let profiles: [TrainedProfile]
    private let table: WeightTable
    private let biases: SIMD8<Float>
    private let temperature: Float

    /// Takes weights that `AgentTraining` made.
    package init(_ weights: Weights) throws(WeightsProblem) {
        guard weights.kind == Self.kind, weights.table.lanes == 8, (2...Self.roleLimit).contains(weights.labels.count) else {
            throw WeightsProblem("are not those of an agent router (2 to \(Self.roleLimit) labels, 8 lanes)")
        }
        guard Set(weights.labels).count == weights.labels.count else {
            throw WeightsProblem("name an agent twice (\(weights.labels.joined(separator: ", ")))")
        }
        var profiles: [TrainedProfile] = []
        for role in weights.labels {
            guard let profile = TrainedProfile(notes: weights.notes, role: role) else {
                throw WeightsProblem("don't say which profile '\(role)' had")
            }
            profiles.append(profile)
        }
        roles = weights.labels
        self.profiles = profiles
        table = weights.table
        var biases = SIMD8<Float>()
        for (lane, bias) in weights.biases.enumerated() { biases[lane] = bias }
        self.biases = biases
        temperature = weights.temperature
    }

    /// What a message says for each role.
    struct Reading {
        /// Calibrated log-odds, in the order of the roles; flattened towards each other where few words are known.
        var scores = SIMD8<Float>()
        /// Share of the words that the training has seen; 0 for a text without words.
        var knownShare: Float = 0
        /// What each of the first words said for each role, for the explanation.
        var words: [WordNote] = []
    }

    /// A word of the message and what its features add to the scores.
    struct WordNote {
        let start: Int
        let end: Int
        let scores: SIMD8<Float>
    }

    /// Share of known words from which on the model is trusted fully.
    private static let trustedShare: Float = 0.5
    /// Words that an explanation is chosen from.
    private static let noteLimit = 96

    /// Reads a message; a feature counts once, however often it stands there.
    func read(_ text: String) -> Reading {
        table.withRows { rows in
            SeenRows.withEmpty(bits: table.bits) { seen in
                withUnsafeTemporaryAllocation(of: RawNote.self, capacity: Self.noteLimit) { notes in
                    var sums = Sums()
                    TextSample.read(text) { bytes, offset in
                        HashedWords.forEach(in: bytes) { word in
                            let before = sums.total
                            sums.add(word, rows, seen)
                            guard sums.total != before, sums.noteCount < Self.noteLimit, !isCommon(word, rows) else { return }
                            notes.initializeElement(
                                at: sums.noteCount,
                                to: RawNote(start: offset + word.start, end: offset + word.end, sum: sums.total &- before))
                            sums.noteCount += 1
                        }
                    }
                    return reading(sums, notes)
                }
            }
        }
    }

    /// Whether more than every tenth text of the training has the word: it may count, but tells people nothing.
    @inline(__always)
    private func isCommon(_ word: HashedWord, _ rows: WeightRows) -> Bool {
        Float(rows.value(rows.row(of: word.hash), lane: Self.sizeLane)) * table.scales[Self.sizeLane] < 3.3 * 3.3
    }

    private struct RawNote {
        let start: Int
        let end: Int
        let sum: SIMD8<Int32>
    }

    private struct Sums {
        var total = SIMD8<Int32>()
        var words: Int32 = 0
        var known: Int32 = 0
        var noteCount = 0

        @inline(__always)
        mutating func add(_ word: HashedWord, _ rows: WeightRows, _ seen: borrowing SeenRows) {
            if word.isNumber { return }
            words &+= 1
            known &+= rows.value(rows.row(of: word.hash), lane: AgentModel.knownLane)
            word.forEachFeature { hash in
                let row = rows.row(of: hash)
                if seen.insert(row) { total &+= rows.eight(row) }
            }
        }
    }

    private func reading(_ sums: Sums, _ notes: UnsafeMutableBufferPointer<RawNote>) -> Reading {
        var reading = Reading()
        guard sums.words > 0 else { return reading }
        var scales = SIMD8<Float>()
        for lane in roles.indices { scales[lane] = table.scales[lane] }
        let size = Float(sums.total[Self.sizeLane]) * table.scales[Self.sizeLane]
        reading.knownShare = Float(sums.known) / Float(sums.words)
        let trust = min(1, reading.knownShare / Self.trustedShare) / temperature
        let perLength = size > 0 ? scales * (trust / size.squareRoot()) : SIMD8()
        reading.scores = SIMD8<Float>(sums.total) * perLength + biases * trust
        reading.words = (0..<sums.noteCount).map { index in
            WordNote(start: notes[index].start, end: notes[index].end, scores: SIMD8<Float>(notes[index].sum) * perLength)
        }
        return reading
    }

    /// How rare a word was in the training, 0 (in more than every 50th text) to 1 (in hardly any).
    func rarity(of hash: UInt32) -> Float {
        let square = table.withRows { Float($0.value($0.row(of: hash), lane: Self.sizeLane)) } * table.scales[Self.sizeLane]
        return min(1, max(0, (square.squareRoot() - 5) / 5))
    }
}

/// What a profile said when the model was trained, so that a renamed one is recognised and a changed one's changes count.
package struct TrainedProfile: Sendable, Equatable {
    package let keywords: [String]
    package let examples: [String]

    package init(_ agent: Agent) {
        keywords = agent.keywords
        // A role and a description are told like examples: texts that this agent stands for.
        examples = agent.examples + [agent.description, agent.role]
    }

    /// As notes of weights.
    package func notes(role: String) -> [String: String] {
        ["keywords/\(role)": Self.joined(keywords), "examples/\(role)": Self.joined(examples)]
    }

    init?(notes: [String: String], role: String) {
        guard let keywords = notes["keywords/\(role)"], let examples = notes["examples/\(role)"] else { return nil }
        self.keywords = Self.split(keywords)
        self.examples = Self.split(examples)
    }

    private static func joined(_ texts: [String]) -> String {
        texts.map { $0.replacing("\n", with: " ") }.joined(separator: "\n")
    }

    private static func split(_ text: String) -> [String] { text.split(separator: "\n").map(String.init) }
}
