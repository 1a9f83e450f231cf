/// Finds the agent for a message by the keywords of the profiles, matched as whole words.
///
/// Ties go to the default agent, then to the earlier id, so that the same message always reaches the same agent.
package struct AgentRouter: Sendable {
    /// Where a message goes, and why.
    package struct Routing: Sendable, Equatable {
        /// Position in the catalogue's agents.
        package let agentIndex: Int
        /// The agent's share of all keyword matches, 0…1; 0 when nothing matched and the default agent was taken.
        package let confidence: Double
        /// The keywords that spoke for it, in the order of the profile.
        package let matched: [String]
    }

    /// The agent that answers when nothing speaks for any: `dev` if there is one, else the first.
    package let defaultIndex: Int
    private let agents: [Agent]
    /// From a keyword's words to the agents that name it and its place in their lists.
    private let keywords: [[Substring]: [(agent: Int, place: Int)]]
    private let longestKeyword: Int
    /// Bytes of a message that are read; what follows hardly changes whose it is.
    private static let readLimit = 16_384

    package init(agents: [Agent]) {
        self.agents = agents
        defaultIndex = agents.firstIndex { $0.id == "dev" } ?? 0
        var keywords: [[Substring]: [(agent: Int, place: Int)]] = [:]
        for (index, agent) in agents.enumerated() {
            for (place, keyword) in agent.keywords.enumerated() {
                keywords[Self.words(of: keyword), default: []].append((index, place))
            }
        }
        keywords[[]] = nil
        self.keywords = keywords
        longestKeyword = keywords.keys.map(\.count).max() ?? 0
    }

    /// The agent for `text`; nil when there are no agents at all.
    package func route(_ text: String) -> Routing? {
        guard !agents.isEmpty else { return nil }
        let matches = matchedPlaces(in: text)
        let total = matches.reduce(0) { $0 + $1.count }
        let order = [defaultIndex] + agents.indices.filter { $0 != defaultIndex }
        var best = defaultIndex
        for index in order where matches[index].count > matches[best].count { best = index }
        return Routing(
            agentIndex: best,
            confidence: total == 0 ? 0 : Double(matches[best].count) / Double(total),
            matched: matches[best].sorted().map { agents[best].keywords[$0] })
    }

    /// The agents for a team: those that something in `text` speaks for, at most three of them, the strongest first. Where that is
    /// not even two, `dev`, `luna` and `atlas`, or the first three where these are not all there.
    package func team(for text: String) -> [Agent] {
        let matches = matchedPlaces(in: text)
        let spokenFor = agents.indices.filter { !matches[$0].isEmpty }.sorted {
            (matches[$1].count, $0) < (matches[$0].count, $1)
        }
        if spokenFor.count > 1 { return spokenFor.prefix(Self.teamSize).map { agents[$0] } }
        let usual = Self.usualTeam.compactMap { id in agents.first { $0.id == id } }
        return usual.count == Self.usualTeam.count ? usual : Array(agents.prefix(Self.teamSize))
    }

    private static let usualTeam = ["dev", "luna", "atlas"]
    private static let teamSize = 3

    /// For each agent, which of its keywords stand in the text.
    private func matchedPlaces(in text: String) -> [Set<Int>] {
        let words = Self.words(of: String(decoding: text.utf8.prefix(Self.readLimit), as: UTF8.self))
        var matches = [Set<Int>](repeating: [], count: agents.count)
        for start in words.indices {
            for length in 1...max(1, longestKeyword) where start + length <= words.count {
                for (agent, place) in keywords[Array(words[start..<start + length])] ?? [] {
                    matches[agent].insert(place)
                }
            }
        }
        return matches
    }

    /// Runs of letters, digits, `+` and `#` (so that `c++` and `c#` are words), in lower case.
    static func words(of text: String) -> [Substring] {
        text.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "+" || $0 == "#") }
    }
}
