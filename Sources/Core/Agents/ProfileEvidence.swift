/// What the profiles say that the trained model does not know: the words of new agents, and changes to trained ones.
///
/// Each adds to an agent's score (log-odds): a keyword 2, and −2 where it was taken from a trained profile; a word of an
/// example or description up to 1.2, by its rarity, a word with the same first five letters half of that. All of an agent's
/// evidence together counts at most 6. Nothing is kept for a profile that is as the model knows it.
struct ProfileEvidence: Sendable {
    private struct Entry: Sendable {
        let agent: Int
        let amount: Float
    }

    static let keywordAmount: Float = 2
    private static let exampleAmount: Float = 1.2
    static let limit: Float = 6
    /// Words of a keyword that are looked at.
    private static let longestKeyword = 4

    private var entries: [UInt32: [Entry]] = [:]
    /// Words of the longest keyword; 0 where there are none.
    private var longest = 0

    init(agents: [Agent], roles: RoleMap, model: AgentModel?) {
        for (index, agent) in agents.enumerated() {
            let now = TrainedProfile(agent)
            let trained = roles.roles[index].flatMap { model?.profiles[$0] }
            let known = Set(trained?.keywords ?? [])
            for keyword in agent.keywords where !known.contains(keyword) { add(keyword, Self.keywordAmount, index) }
            for keyword in known.subtracting(agent.keywords).sorted() { add(keyword, -Self.keywordAmount, index) }
            let examples = Set(now.examples).subtracting(trained?.examples ?? [])
            add(words(of: examples.sorted(), model), index)
        }
    }

    var isEmpty: Bool { entries.isEmpty }

    private mutating func add(_ keyword: String, _ amount: Float, _ agent: Int) {
        var chain: UInt32 = 0
        var count = 0
        TextSample.read(keyword) { bytes, _ in
            HashedWords.forEach(in: bytes) { word in
                guard count < Self.longestKeyword else { return }
                chain = FeatureHash.pair(chain, word.hash)
                count += 1
            }
        }
        guard count > 0 else { return }
        longest = max(longest, count)
        entries[chain, default: []].append(Entry(agent: agent, amount: amount))
    }

    private mutating func add(_ words: [UInt32: Float], _ agent: Int) {
        for (hash, amount) in words { entries[hash, default: []].append(Entry(agent: agent, amount: amount)) }
    }

    /// The words of texts and their first letters, with what they count.
    private func words(of texts: [String], _ model: AgentModel?) -> [UInt32: Float] {
        var amounts: [UInt32: Float] = [:]
        for text in texts {
            TextSample.read(text) { bytes, _ in
                HashedWords.forEach(in: bytes) { word in
                    // Without a model nothing is known of rarity: short words are common ones.
                    let rarity = model?.rarity(of: word.hash) ?? (word.guarded.count > 6 ? 0.5 : 0)
                    guard rarity > 0, word.guarded.count > 4 else { return }
                    amounts[Self.alone(word), default: 0] = Self.exampleAmount * rarity
                    if let stem = Self.stem(word), amounts[stem] == nil { amounts[stem] = Self.exampleAmount * rarity / 2 }
                }
            }
        }
        return amounts
    }

    private static func alone(_ word: HashedWord) -> UInt32 { FeatureHash.pair(1, word.hash) }

    /// The first five letters of a longer word.
    private static func stem(_ word: HashedWord) -> UInt32? {
        guard word.guarded.count > 7 else { return nil }
        return FeatureHash.pair(2, word.guarded[1...5].reduce(FeatureHash.word, FeatureHash.extend))
    }

    /// A word of the message that counted for an agent.
    struct Match {
        let agent: Int
        let amount: Float
        let start: Int
        let end: Int
    }

    /// All that a message has of it; each word or phrase once.
    func matches(in text: String) -> [Match] {
        guard !entries.isEmpty else { return [] }
        var matches: [Match] = []
        var found: Set<UInt32> = []
        TextSample.read(text) { bytes, offset in
            var hashes: [UInt32] = []
            var starts: [Int] = []
            func look(_ hash: UInt32, _ start: Int, _ end: Int) -> Bool {
                guard let entries = entries[hash] else { return false }
                guard found.insert(hash).inserted else { return true }
                for entry in entries {
                    matches.append(Match(agent: entry.agent, amount: entry.amount, start: offset + start, end: offset + end))
                }
                return true
            }
            HashedWords.forEach(in: bytes) { word in
                if hashes.count == Self.longestKeyword {
                    hashes.removeFirst()
                    starts.removeFirst()
                }
                hashes.append(word.hash)
                starts.append(word.start)
                for length in 1...max(1, min(longest, hashes.count)) {
                    let chain = hashes.suffix(length).reduce(0, FeatureHash.pair)
                    _ = look(chain, starts[starts.count - length], word.end)
                }
                if !look(Self.alone(word), word.start, word.end), let stem = Self.stem(word) {
                    _ = look(stem, word.start, word.end)
                }
            }
        }
        return matches
    }
}
