/// Everything that can be asked for: providers, models and agents, as one immutable value.
package struct Catalogue: Sendable {
    /// In the order of their names.
    package let providers: [Provider]
    /// In the order of their names.
    package let models: [Model]
    /// In the order of their ids.
    package let agents: [Agent]
    package private(set) var policy: Policy

    private let providerIndex: [String: Int]
    private let modelIndex: [String: Int]
    private let agentIndex: [String: Int]
    let versions: Versions
    /// By model index: the models that can stand in for it, best first.
    let standIns: [[Int]]
    /// Finds the agent for a message.
    package let router: AgentRouter
    /// Weighs what is in a prompt.
    package let complexityModel: ComplexityModel

    /// Takes values that were validated by whoever read them; models and deployments are numbered from 0.
    ///
    /// - Parameter agentModel: what the router learnt; nil routes by the profiles alone.
    package init(
        providers: [Provider], models: [Model], agents: [Agent], policy: Policy, agentModel: AgentModel? = nil,
        complexityModel: ComplexityModel = .untrained
    ) {
        self.providers = providers
        self.models = models
        self.agents = agents
        self.policy = policy
        providerIndex = Dictionary(zip(providers.map(\.id), providers.indices)) { first, _ in first }
        modelIndex = Dictionary(zip(models.map(\.name), models.indices)) { first, _ in first }
        agentIndex = Dictionary(zip(agents.map(\.id), agents.indices)) { first, _ in first }
        versions = Versions(of: models, at: providers, by: policy)
        standIns = models.map { Chooser.standIns(for: $0, among: models) }
        router = AgentRouter(agents: agents, model: agentModel)
        self.complexityModel = complexityModel
    }

    /// The same under another bias, which is everybody's.
    package func with(costBias: Double) -> Catalogue {
        var catalogue = self
        catalogue.policy.costBias = costBias
        catalogue.policy.agentCostBias = [:]
        catalogue.policy.keyCostBias = [:]
        return catalogue
    }

    package func provider(_ id: String) -> Provider? { providerIndex[id].map { providers[$0] } }
    package func model(_ name: String) -> Model? { modelIndex[name].map { models[$0] } }
    package func agent(_ id: String) -> Agent? { agentIndex[id].map { agents[$0] } }
    /// Where the agent stands among ``agents``.
    func position(of agent: Agent) -> Int? { agentIndex[agent.id] }

    /// Every deployment, in the order of its index.
    package var deployments: [Deployment] { models.flatMap(\.deployments).sorted { $0.index < $1.index } }

    /// Where each deployment is, by its index.
    package var places: [DeploymentPlace] {
        deployments.map { DeploymentPlace(id: $0.id, baseURL: provider($0.provider)?.baseURL ?? "") }
    }

    /// Models that can be called now, in the order of their names.
    package var liveModels: [Model] { models.filter(\.isLive) }
}

/// What makes a deployment the same one in another catalogue: its id, which says the model, the provider and which of its
/// keys, at the same address.
package struct DeploymentPlace: Sendable, Hashable {
    package let id: String
    let baseURL: String
}

/// How models are chosen, when breakers open, and what becomes of cut streams and late answers.
package struct Policy: Sendable, Equatable {
    /// 0 asks for the strongest models, 0.5 for the quality that the request needs, 1 for the cheapest that can do it
    /// at all.
    package var costBias: Double = 0.5
    /// Where it is another for an agent's requests, by the agent's id.
    package var agentCostBias: [String: Double] = [:]
    /// Where it is another for a caller, by the name of the caller's key.
    package var keyCostBias: [String: Double] = [:]
    /// Most attempts for one request.
    package var attemptLimit: Int = 6
    /// How models that say nothing of their own share their calls among their deployments.
    package var balance = Balance.peakEWMA
    package var breaker = BreakerSettings()
    /// What becomes of a stream that breaks off, where the caller does not say.
    package var onCut = CutPolicy.resume
    package var probe = ProbePolicy.auto
    package var hedge = HedgePolicy.off
    /// Whether requests with tools and of agents are judged like others, instead of being taken for complex.
    package var routesTools = false
    /// Whether `auto` becomes a team where the router proposes one. A team costs several times as much.
    package var makesTeams = false

    package init() {}

    /// The bias for a request: the key's, for that is who pays, before the agent's, before the general one.
    package func costBias(agent: String?, key: String?) -> Double {
        key.flatMap { keyCostBias[$0] } ?? agent.flatMap { agentCostBias[$0] } ?? costBias
    }
}
