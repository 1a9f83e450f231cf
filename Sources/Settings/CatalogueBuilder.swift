package import Core

/// Makes a catalogue of what the files say and what the environment turns on.
package enum CatalogueBuilder {
    /// A provider and its models that stand in no file, such as the demo's: keyless and always on.
    package struct Addition: Sendable {
        package let provider: ProviderEntry
        package let models: [ModelEntry]

        package init(provider: ProviderEntry, models: [ModelEntry]) {
            self.provider = provider
            self.models = models
        }
    }

    /// The catalogue, and the keys by the ways in that they open. A provider without its key is off, and its models stay listed; a key
    /// that no header can hold, or an addition whose name is taken, is an error.
    package static func build(
        models file: ModelsFile, agents: [Agent], agentModel: AgentModel? = nil, complexityModel: ComplexityModel = .untrained,
        environment: [String: String],
        adding additions: [Addition] = []
    ) throws(ConfigurationError) -> (catalogue: Catalogue, keys: [String: Secret]) {
        let problems = ProblemLog(file: file.path)
        noteClashes(of: file, with: additions, problems)
        noteUnknownAgents(in: file.policy, among: agents, problems)
        var providers: [Provider] = []
        var keys: [String: Secret] = [:]
        for entry in (file.providers + additions.map(\.provider)).sorted(by: { $0.id < $1.id }) {
            do {
                let state = try entry.state(environment: environment)
                let accesses = state == .on ? try entry.accesses(environment: environment) : []
                providers.append(Provider(entry, state: state, accesses: accesses.map(\.access)))
                for (access, key) in accesses { keys[access.id] = key }
            } catch {
                problems.note(error)
            }
        }
        try problems.check()
        let accesses = Dictionary(providers.map { ($0.id, $0.accesses) }) { first, _ in first }
        let models = number(file.models + additions.flatMap(\.models), accesses, file.policy)
        let agents = agents.sorted { $0.id < $1.id }
        let catalogue = Catalogue(
            providers: providers, models: models, agents: agents, policy: file.policy, agentModel: agentModel,
            complexityModel: complexityModel)
        return (catalogue, keys)
    }

    private static func noteUnknownAgents(in policy: Policy, among agents: [Agent], _ problems: ProblemLog) {
        let ids = Set(agents.map(\.id))
        for id in policy.agentCostBias.keys.sorted() where !ids.contains(id) {
            let path = KeyPath.root.member("policy").member("agents").member(id).text
            problems.note(at: path, "there is no agent '\(id.prefix(64))'.\(Spelling.suggestion(for: id, among: ids))")
        }
    }

    private static func noteClashes(of file: ModelsFile, with additions: [Addition], _ problems: ProblemLog) {
        let mend = "belongs to a provider that Quintet brings along. Choose another name."
        let providers = Set(additions.map(\.provider.id))
        let models = Set(additions.flatMap(\.models).map(\.name))
        for entry in file.providers where providers.contains(entry.id) {
            problems.note(at: KeyPath.root.member("providers").member(entry.id).text, "the name \(mend)")
        }
        for entry in file.models where models.contains(entry.name) {
            problems.note(at: KeyPath.root.member("models").member(entry.name).text, "the name \(mend)")
        }
    }

    /// Models in the order of their names, their deployments numbered through and named `provider/model`: one for each way
    /// into the provider, and one that is off where there is none. Where one model of a provider serves several of ours, the
    /// later ones are `provider/model#2` and so on.
    private static func number(
        _ entries: [ModelEntry], _ accesses: [String: [Provider.Access]], _ policy: Policy
    ) -> [Model] {
        var ids: Set<String> = []
        var count = 0
        return entries.sorted { $0.name < $1.name }.enumerated().map { index, entry in
            let places = entry.deployments.flatMap { place in
                let open = accesses[place.provider] ?? []
                return open.isEmpty ? [(place, nil)] : open.map { (place, Optional($0)) }
            }
            let deployments = places.map { place, access in
                defer { count += 1 }
                let base = "\(access?.id ?? place.provider)/\(place.modelName)"
                var id = base
                var copy = 1
                while !ids.insert(id).inserted {
                    copy += 1
                    id = "\(base)#\(copy)"
                }
                return Deployment(
                    index: count, id: id, provider: place.provider, access: access?.id, keyVariable: access?.keyVariable,
                    modelName: place.modelName, weight: place.weight, isLive: access != nil, tags: place.tags,
                    metadata: place.metadata)
            }
            return Model(entry, index: index, deployments: deployments, balance: entry.balance ?? policy.balance)
        }
    }
}

extension Provider {
    fileprivate init(_ entry: ProviderEntry, state: State, accesses: [Access]) {
        self.init(
            id: entry.id, api: entry.api, baseURL: entry.baseURL, keyVariables: entry.keyVariables,
            switchVariable: entry.switchVariable, acceptsStreamOptions: entry.acceptsStreamOptions,
            outputLimitField: entry.outputLimitField, inFlightLimit: entry.inFlightLimit, state: state,
            accesses: accesses, prefill: entry.prefill)
    }
}

extension Model {
    fileprivate init(_ entry: ModelEntry, index: Int, deployments: [Deployment], balance: Balance) {
        self.init(
            index: index, name: entry.name, deployments: deployments, balance: balance, fallbacks: entry.fallbacks,
            quality: entry.quality, tier: entry.tier, inputWindow: entry.inputWindow, outputWindow: entry.outputWindow,
            abilities: entry.abilities, acceptsSampling: entry.acceptsSampling, price: entry.price,
            timeouts: entry.timeouts, ownedBy: entry.ownedBy, acceptsPrefill: entry.acceptsPrefill)
    }
}
