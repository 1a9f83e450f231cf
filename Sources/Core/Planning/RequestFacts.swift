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

    package var target: Target
    package var priority: Priority = .normal
    /// The last user message, for routing and complexity. Empty where neither is asked for.
    package var text: String = ""
    /// Tokens of the whole prompt, estimated.
    package var promptTokens: Int
    /// The caller's limit for the answer.
    package var outputTokenLimit: Int?
    package var messageCount: Int = 1
    /// Whether the answer is wanted as it arrives.
    package var isStream = false
    package var needs: Abilities = []
    /// nil where the client does not say.
    package var requestClass: RequestClass?
    /// nil where the caller does not say.
    package var reasoningEffort: ReasoningEffort?

    package init(target: Target, promptTokens: Int) {
        self.target = target
        self.promptTokens = promptTokens
    }
}
