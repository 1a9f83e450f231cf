package import Core

extension TeamWishes {
    /// The keys of `quintet` that only a team can heed.
    static let ownKeys = ["agents", "members", "combine", "mode", "quorum", "agree"]

    /// Reads what a `quintet` object says of a team; what else is in it was read before.
    mutating func read(_ own: JSONValue?) throws(GatewayError) {
        for member in own?.children.map(\.self) ?? [] where !member.isNull {
            let path = "quintet.\(member.key ?? "")"
            switch member.key {
            case "agents": agents = try member.names(at: path)
            case "members": members = try member.names(at: path)
            case "combine": combine = try member.choice(at: path)
            case "mode": isInTurn = try member.choice(at: path) as TeamMode == .sequential
            case "quorum": quorum = try member.wholeNumber(at: path)
            case "agree": agreement = try member.agreement(at: path)
            default: break
            }
        }
    }
}

/// Whether members are asked at once or in turn, as callers write it.
enum TeamMode: String, CaseIterable {
    case parallel
    case sequential
}

extension ChatRequest {
    /// The team that this request describes; nil where one is to answer.
    ///
    /// - Throws: an error that names the field which cannot be used.
    package func teamWishes() throws(GatewayError) -> TeamWishes? {
        let named = try namedInModel()
        guard named.isTeam || policy.asksForTeam else { return nil }
        guard named.isTeam || model == "auto" else {
            throw .invalid(
                "model", "'quintet' describes a team, but 'model' asks for '\(model.prefix(200))'. Send model \"team\", or leave \(TeamWishes.ownKeys.joined(separator: ", ")) out.")
        }
        var wishes = TeamWishes()
        try wishes.read(document.root["quintet"])
        wishes.maxCost = policy.maxCost
        if let agents = named.agents {
            guard wishes.agents == nil else {
                throw .invalid("quintet.agents", "Both 'model' and 'quintet.agents' name agents; name them in one of the two.")
            }
            wishes.agents = agents
            wishes.names.agents = "model"
        }
        return wishes
    }

    /// `team`, or `team/dev+luna`.
    private func namedInModel() throws(GatewayError) -> (isTeam: Bool, agents: [String]?) {
        if model == TeamRequest.modelName { return (true, nil) }
        guard model.hasPrefix(TeamRequest.modelName + "/") else { return (false, nil) }
        let names = model.dropFirst(TeamRequest.modelName.count + 1).split(separator: "+", omittingEmptySubsequences: false)
        guard names.allSatisfy({ !$0.isEmpty }) else {
            throw .invalid("model", "'model' must be \"team\", or \"team/\" and agents with a + between them: \"team/dev+luna\".")
        }
        return (true, names.map(String.init))
    }
}

extension JSONValue {
    /// When two answers say the same.
    func agreement(at path: String) throws(GatewayError) -> Agreement {
        let all: [Agreement] = [.text, .exact, .numeric, .json]
        guard let agreement = all.first(where: { $0.name == string }) else {
            throw .invalid(path, "'\(path)' must be one of \(all.map(\.name).joined(separator: ", ")), not \(quoted).")
        }
        return agreement
    }
}
