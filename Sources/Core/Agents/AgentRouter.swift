import Foundation

/// Finds the agent for a message: by an explicit wish, else by a trained model together with what the profiles say.
///
/// The same message always reaches the same agent. Where no agent stands out the default one answers, and the routing says so.
package struct AgentRouter: Sendable {
    /// The agent that answers when none stands out: `dev` if there is one, else whoever plays its role, else the first.
    package let defaultIndex: Int
    private let agents: [Agent]
    private let model: AgentModel?
    private let roles: RoleMap
    private let evidence: ProfileEvidence
    private let wishes: AgentWishes

    /// - Parameter model: nil routes by the profiles' keywords and examples alone.
    package init(agents: [Agent], model: AgentModel? = nil) {
        self.agents = agents
        self.model = model
        roles = RoleMap(agents: agents, model: model)
        evidence = ProfileEvidence(agents: agents, roles: roles, model: model)
        wishes = AgentWishes(agents: agents)
        let devRole = model?.roles.firstIndex(of: "dev")
        defaultIndex =
            agents.firstIndex { $0.id == "dev" } ?? roles.roles.firstIndex { $0 != nil && $0 == devRole } ?? 0
    }

    /// The model's roles that no agent plays, such as those of a deleted profile.
    package var unplayedRoles: [String] {
        guard let model else { return [] }
        return model.roles.indices.filter { !roles.roles.contains($0) }.map { model.roles[$0] }
    }

    /// Below this probability the default agent answers: 0.3, or a little above even odds where there are fewer than five.
    private var threshold: Float { max(0.3, 1 / Float(agents.count) + 0.08) }

    /// The agent for `text`; nil when there are no agents at all.
    ///
    /// - Parameter earlier: the messages before it, the newest first. Where `text` itself says too little ("and in blue?"), the
    ///   conversation stays with the agent that they are for.
    package func route(_ text: String, after earlier: [String] = []) -> Routing? {
        guard !agents.isEmpty else { return nil }
        let routing = routeAlone(text)
        guard !earlier.isEmpty, routing.isDefault || routing.basis == .message && saysLittle(text, routing) else { return routing }
        return earlier.lazy.map(routeAlone).first { !$0.isDefault }?.followed ?? routing
    }

    /// A few words that are not clearly for one agent are no change of the subject.
    private func saysLittle(_ text: String, _ routing: Routing) -> Bool {
        routing.confidence < 0.9 && text.utf8.count < 64 && text.utf8.count { $0 == UInt8(ascii: " ") } < 5
    }

    private func routeAlone(_ text: String) -> Routing {
        let wished = wishes.agents(wishedIn: text)
        if let first = wished.first {
            return Routing(
                agentIndex: first, confidence: 1, basis: .wish, proposal: wished.count > 1 ? wished.map { agents[$0].id } : [])
        }
        let judgement = judge(text)
        let best = top(of: judgement.shares)
        let isClear = judgement.shares[best] >= threshold
        let chosen = isClear ? best : defaultIndex
        let second = top(of: judgement.shares, besides: chosen)
        var routing = Routing(
            agentIndex: chosen, confidence: Double(judgement.shares[chosen]), basis: isClear ? .message : .fallback)
        routing.runnerUp = second.map { .init(agent: agents[$0].id, confidence: Double(judgement.shares[$0])) }
        if isClear { routing.evidence = judgement.words(in: text, for: best, against: second) }
        routing.proposal = proposal(for: text)
        return routing
    }

    /// The agents that the parts of a message ask for, where these are several.
    private func proposal(for text: String) -> [String] {
        var team: [Int] = []
        for task in WorkOrders.tasks(in: text) {
            let shares = judge(task).shares
            let best = top(of: shares)
            if shares[best] >= Self.taskThreshold, !team.contains(best) { team.append(best) }
        }
        return team.count > 1 ? team.map { agents[$0].id } : []
    }

    /// The agents for a team: those that the parts of `text` ask for; where it is all one, the likeliest three at most of those
    /// that are likely at all; where that is one, `dev`, `luna` and `atlas`, or the first three where these are not all there.
    package func team(for text: String) -> [Agent] {
        let wished = wishes.agents(wishedIn: text)
        if wished.count > 1 { return wished.prefix(TeamRequest.memberLimit).map { agents[$0] } }
        let asked = proposal(for: text)
        if asked.count > 1 { return asked.prefix(TeamRequest.memberLimit).compactMap { id in agents.first { $0.id == id } } }
        let shares = agents.isEmpty ? [] : judge(text).shares
        // Above even odds, too: where nothing speaks for anybody, nobody is likely.
        let least = max(Self.memberThreshold, 1 / Float(agents.count) + 0.08)
        let likely = shares.indices.filter { shares[$0] >= least }.sorted { (shares[$1], $0) < (shares[$0], $1) }
        if likely.count > 1 { return likely.prefix(Self.teamSize).map { agents[$0] } }
        let usual = Self.usualTeam.compactMap { id in agents.first { $0.id == id } }
        return usual.count == Self.usualTeam.count ? usual : Array(agents.prefix(Self.teamSize))
    }

    /// The probability from which on an agent has something to say to a message.
    private static let memberThreshold: Float = 0.15
    private static let usualTeam = ["dev", "luna", "atlas"]
    private static let teamSize = 3

    /// The probability from which on a part of a message clearly asks for an agent.
    private static let taskThreshold: Float = 0.5

    /// The likeliest agent; among equals the default one, then the earlier.
    private func top(of shares: [Float]) -> Int {
        var best = defaultIndex
        for index in shares.indices where shares[index] > shares[best] { best = index }
        return best
    }

    private func top(of shares: [Float], besides chosen: Int) -> Int? {
        shares.indices.filter { $0 != chosen }.max { shares[$0] < shares[$1] }
    }

    /// Each agent's probability.
    private func judge(_ text: String) -> Judgement {
        let reading = model?.read(text) ?? AgentModel.Reading()
        let matches = evidence.matches(in: text)
        var amounts = [Float](repeating: 0, count: agents.count)
        for match in matches { amounts[match.agent] += match.amount }
        let played = roles.roles.compactMap { $0 }
        let mean = played.isEmpty ? 0 : played.reduce(0) { $0 + reading.scores[$1] } / Float(played.count)
        let others = Float(agents.count - played.count)
        // All agents that the model does not know share the room of a somewhat unlikely role until something speaks for one.
        let start = mean - 1 - log(max(1, others))
        for index in agents.indices {
            let limited = max(-ProfileEvidence.limit, min(ProfileEvidence.limit, amounts[index]))
            if let role = roles.roles[index] {
                amounts[index] = reading.scores[role] + limited
            } else {
                amounts[index] = start + limited + (limited > 0 ? log(max(1, others)) : 0)
            }
        }
        let highest = amounts.max() ?? 0
        var total: Float = 0
        for index in amounts.indices {
            amounts[index] = exp(amounts[index] - highest)
            total += amounts[index]
        }
        for index in amounts.indices { amounts[index] /= total }
        return Judgement(shares: amounts, reading: reading, matches: matches, roles: roles)
    }
}

/// What a message says for each agent.
private struct Judgement {
    /// By agent, summing to 1.
    let shares: [Float]
    let reading: AgentModel.Reading
    let matches: [ProfileEvidence.Match]
    let roles: RoleMap

    /// The words of the message that spoke most for an agent and against the second: at most five, the strongest first.
    func words(in text: String, for best: Int, against second: Int?) -> [String] {
        let bestRole = roles.roles[best]
        let secondRole = second.flatMap { roles.roles[$0] }
        var strengths: [(place: Range<Int>, strength: Float)] = []
        for word in reading.words {
            let strength = (bestRole.map { word.scores[$0] } ?? 0) - (secondRole.map { word.scores[$0] } ?? 0)
            if bestRole != nil, strength > Self.weakest { strengths.append((word.start..<word.end, strength)) }
        }
        for match in matches where match.agent == best && match.amount > 0 {
            strengths.append((match.start..<match.end, match.amount))
        }
        strengths.sort { $0.strength == $1.strength ? $0.place.lowerBound < $1.place.lowerBound : $0.strength > $1.strength }
        var words: [String] = []
        for (place, _) in strengths where words.count < 5 {
            let bytes = text.utf8.dropFirst(place.lowerBound).prefix(min(place.count, 64))
            let word = String(decoding: bytes, as: UTF8.self).lowercased()
            if !words.contains(word) { words.append(word) }
        }
        return words
    }

    /// Log-odds below which a word is not worth telling.
    private static let weakest: Float = 0.15
}
