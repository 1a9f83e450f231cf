/// What the plan needs to know of a request; all else is the wire's business.
package struct RequestFacts: Sendable {
    /// Who was asked for.
    package enum Target: Sendable, Equatable {
        /// The router picks the agent, the chooser the model.
        case auto
        /// No agent; the chooser picks the model.
        case anyModel
        /// This agent; the chooser picks the model.
        case agent(String)
        /// This model, without an agent.
        case model(String)
        /// This agent's prompt on this model.
        case agentOnModel(agent: String, model: String)
        /// The router picks the agent; the model is given.
        case autoOnModel(String)

        /// What a caller's `model` means: `auto`, `agent/<id>`, or a model's name.
        package init(modelField: String) {
            if modelField == "auto" {
                self = .auto
            } else if modelField.hasPrefix("agent/") {
                self = .agent(String(modelField.dropFirst("agent/".count)))
            } else {
                self = .model(modelField)
            }
        }

        /// In one word, as callers would write it.
        package var name: String {
            switch self {
            case .auto: "auto"
            case .anyModel: "any"
            case .agent(let id): "agent/\(id)"
            case .model(let name): name
            case .agentOnModel(let agent, let model): "agent/\(agent)@\(model)"
            case .autoOnModel(let model): "auto@\(model)"
            }
        }

        /// What ``name`` says. The names of models and agents have no `@`.
        package init(name: String) {
            let parts = name.split(separator: "@", maxSplits: 1).map(String.init)
            let first = name == "any" ? .anyModel : Self(modelField: parts.first ?? name)
            switch (first, parts.count > 1 ? parts[1] : nil) {
            case (.auto, let model?): self = .autoOnModel(model)
            case (.agent(let id), let model?): self = .agentOnModel(agent: id, model: model)
            case (.model, _?): self = .model(name)
            case (let target, _): self = target
            }
        }

        /// Whether the message's text decides anything: the agent, or the model by complexity.
        package var readsText: Bool {
            switch self {
            case .model, .agentOnModel: false
            case .auto, .anyModel, .agent, .autoOnModel: true
            }
        }
    }

    /// What the caller wants more of.
    package enum Priority: String, Sendable, CaseIterable {
        /// The cheapest adequate model.
        case quick
        case normal
        /// A stronger model than the request seems to need.
        case high
        /// The strongest model there is.
        case premium
    }

    /// What a request of Claude Code is for, as its header `x-claude-code-request-class` says. The list is open: other values
    /// say nothing.
    package enum RequestClass: String, Sendable, CaseIterable {
        case main, subagent, workflow, compaction, auxiliary
    }

    /// How much the caller wants the model to think (`reasoning_effort`). The list is open: other values say nothing.
    package enum ReasoningEffort: String, Sendable, CaseIterable {
        case none, minimal, low, medium, high, xhigh, max
    }

    /// A prompt's beginning that was sent before.
    package struct WarmPrompt: Sendable, Equatable {
        package let model: String
        /// The id of the deployment that read it; nil for whichever.
        package let deployment: String?
        package let tokens: Int

        package init(model: String, deployment: String? = nil, tokens: Int) {
            self.model = model
            self.deployment = deployment
            self.tokens = tokens
        }
    }

    package var target: Target
    package var priority: Priority = .normal
    /// The last user message, for routing and complexity. Empty where neither is asked for.
    package var text: String = ""
    /// The user's messages before that, the newest first; only the newest few.
    package var earlierTexts: [String] = []
    /// As it was judged once before; nil judges it now.
    package var complexity: Complexity?
    /// Tokens of the whole prompt, estimated.
    package var promptTokens: Int
    /// The caller's limit for the answer.
    package var outputTokenLimit: Int?
    /// How many answers are wanted.
    package var choiceCount: Int = 1
    package var messageCount: Int = 1
    /// Whether the answer is wanted as it arrives.
    package var isStream = false
    package var needs: Abilities = []
    /// nil where the client does not say.
    package var requestClass: RequestClass?
    /// nil where the caller does not say.
    package var reasoningEffort: ReasoningEffort?
    /// The part of the prompt that a provider is believed to have in its cache; nil where nobody knows.
    package var warmPrompt: WarmPrompt?
    /// The most that the caller wants to pay, as far as can be told before.
    package var maxCost: Money?
    /// The only models that the caller allows; nil allows all.
    package var allowedModels: [String]?
    /// The name of the client key that the caller showed.
    package var key: String?

    package init(target: Target, promptTokens: Int) {
        self.target = target
        self.promptTokens = promptTokens
    }
}
