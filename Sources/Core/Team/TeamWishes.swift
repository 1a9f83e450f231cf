/// A team as its caller described it, not yet checked against the catalogue.
package struct TeamWishes: Sendable, Equatable {
    /// How the fields are called where the caller wrote them, for errors.
    package struct Names: Sendable, Equatable {
        package var agents = "quintet.agents"
        package var members = "quintet.members"
        package var combine = "quintet.combine"
        package var quorum = "quintet.quorum"
        package var maxCost = "quintet.max_cost"

        package init() {}
    }

    /// Agents by their ids.
    package var agents: [String]?
    /// Models by their names, without an agent; the same one may be in the team several times.
    package var members: [String]?
    package var combine = Combine.synthesis
    package var isInTurn = false
    package var quorum: Int?
    package var agreement = Agreement.text
    package var maxCost: Money?
    package var names = Names()

    package init() {}

    /// The team, checked.
    ///
    /// - Parameter facts: the request, by which members are found where none are named.
    /// - Throws: an error that names the field.
    package func team(in catalogue: Catalogue, for facts: RequestFacts) throws(GatewayError) -> TeamRequest {
        let named = try namedMembers(in: catalogue)
        let members = if let named { named } else { try proposedMembers(in: catalogue, for: facts) }
        guard members.count <= TeamRequest.memberLimit else {
            throw .invalid(
                fieldOfMembers, "A team has at most \(TeamRequest.memberLimit) members, and this one has \(members.count).")
        }
        if combine == .cascade, members.count < 3 {
            throw .invalid(
                fieldOfMembers,
                "A cascade needs at least 3 members: cheap ones whose answers are compared, and last the strong one. This one has \(members.count)."
            )
        }
        if isInTurn, combine.isOneOfThem {
            throw .invalid(names.combine, "A team that is asked in turn combines by list, synthesis or sequential, not by \(combine.rawValue).")
        }
        guard facts.choiceCount == 1 else { throw .invalid("n", "'n' must be 1 for a team: each member gives one answer.") }
        if facts.needs.contains(.tools), combine != .list, combine != .race {
            throw .invalid(
                "tools", "A team with 'tools' combines by list or race: \(combine.rawValue) reads its members' texts, and a tool's call has none.")
        }
        try checkQuorum(of: members.count)
        if let maxCost, maxCost <= .zero {
            throw .invalid(names.maxCost, "'\(names.maxCost)' must be more than 0: no member could be asked.")
        }
        return TeamRequest(
            members: members, combine: combine, isInTurn: isInTurn, quorum: quorum, agreement: agreement, maxCost: maxCost,
            maxCostField: names.maxCost)
    }

    private var fieldOfMembers: String { members != nil ? names.members : names.agents }

    private func checkQuorum(of count: Int) throws(GatewayError) {
        guard let quorum else { return }
        guard quorum >= 1 else { throw .invalid(names.quorum, "'\(names.quorum)' must be at least 1, not \(quorum).") }
        guard quorum <= count else {
            throw .invalid(names.quorum, "'\(names.quorum)' is \(quorum), but the team has \(count) members.")
        }
        guard !combine.isOneOfThem || combine == .vote, !isInTurn, combine != .sequential else {
            throw .invalid(names.quorum, "'\(names.quorum)' means nothing here: it goes with list, synthesis and vote, all at once.")
        }
    }

    /// nil where nobody is named.
    private func namedMembers(in catalogue: Catalogue) throws(GatewayError) -> [TeamRequest.Member]? {
        guard agents != nil || members != nil else { return nil }
        var team: [TeamRequest.Member] = []
        if let agents {
            guard !agents.isEmpty else { throw .invalid(names.agents, "'\(names.agents)' names nobody; leave it out to have them chosen.") }
            for id in agents {
                guard catalogue.agent(id) != nil else { throw unknown(id, in: catalogue) }
                guard !team.contains(where: { $0.name == id }) else {
                    throw .invalid(names.agents, "The agent '\(id.prefix(100))' stands twice in '\(names.agents)'.")
                }
                team.append(.init(name: id, target: .agent(id)))
            }
        }
        if let members {
            guard !members.isEmpty else { throw .invalid(names.members, "'\(names.members)' names no model; leave it out to have them chosen.") }
            // Whoever speaks has a name of its own.
            var seen = [TeamRequest.synthesisName: 1]
            for agent in team { seen[agent.name] = 1 }
            for model in members {
                guard catalogue.model(model) != nil else {
                    throw GatewayError(
                        .modelNotFound, .client,
                        "There is no model '\(model.prefix(200))'. GET /v1/models lists what can be asked for.", param: names.members)
                }
                seen[model, default: 0] += 1
                let count = seen[model, default: 1]
                team.append(.init(name: count == 1 ? model : "\(model)#\(count)", target: .model(model)))
            }
        }
        return team
    }

    private func unknown(_ id: String, in catalogue: Catalogue) -> GatewayError {
        GatewayError(
            .agentNotFound, .client,
            "There is no agent '\(id.prefix(200))'. Known agents: \(catalogue.agents.map(\.id).joined(separator: ", ")).",
            param: names.agents)
    }

    /// Agents where several are to say their own; models where one question is put to all.
    private func proposedMembers(in catalogue: Catalogue, for facts: RequestFacts) throws(GatewayError) -> [TeamRequest.Member] {
        let members =
            switch combine {
            case .list, .synthesis, .sequential, .race: catalogue.router.team(for: facts.text).map { agent in
                TeamRequest.Member(name: agent.id, target: .agent(agent.id))
            }
            case .vote: catalogue.alike(for: facts).map { TeamRequest.Member(name: $0.name, target: .model($0.name)) }
            case .cascade: catalogue.ladder(for: facts).map { TeamRequest.Member(name: $0.name, target: .model($0.name)) }
            }
        guard !members.isEmpty else {
            throw .invalid(fieldOfMembers, "Nobody could be found for this team; name its members in '\(names.members)'.")
        }
        return members
    }
}

extension Catalogue {
    /// Models of like strength for a vote: the three strongest that can serve the request.
    fileprivate func alike(for facts: RequestFacts) -> [Model] {
        Array(Chooser.rank(models, for: facts, forecast: CostForecast(facts), qualityNeeded: 100).prefix(3))
    }

    /// Models for a cascade: the two cheapest that can serve the request, and the strongest.
    fileprivate func ladder(for facts: RequestFacts) -> [Model] {
        let cheap = Chooser.rank(models, for: facts, forecast: CostForecast(facts), qualityNeeded: 0)
        guard let strong = Chooser.rank(models, for: facts, forecast: CostForecast(facts), qualityNeeded: 100).first else { return [] }
        return cheap.filter { $0.name != strong.name }.prefix(2) + [strong]
    }
}
