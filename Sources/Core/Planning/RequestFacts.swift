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

    /// A prompt's beginning that was sent before.
    package struct WarmPrompt: Sendable, Equatable {
        package let model: String
        package let tokens: Int

        package init(model: String, tokens: Int) {
            self.model = model
            self.tokens = tokens
        }
    }

    package var target: Target
    package var priority: Priority = .normal
    /// The last user message, for routing and complexity. Empty where neither is asked for.
    package var text: String = ""
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
