extension AgentRouter {
    /// Where a message goes, and why.
    package struct Routing: Sendable, Equatable {
        /// What decided.
        package enum Basis: Sendable, Equatable {
            /// The message names the agent.
            case wish
            /// What the message says.
            case message
            /// What was said before in the conversation.
            case conversation
            /// No agent stood out, so the default one answers.
            case fallback
        }

        package struct RunnerUp: Sendable, Equatable {
            /// Its id.
            package let agent: String
            package let confidence: Double
        }

        /// Position in the catalogue's agents.
        package let agentIndex: Int
        /// The probability, 0…1, that this agent is the right one; 1 for a wish.
        package let confidence: Double
        package private(set) var basis: Basis
        /// The likeliest of the others; nil for a wish and where there is no other.
        package var runnerUp: RunnerUp?
        /// The words that spoke for it, the strongest first; at most five.
        package var evidence: [String] = []
        /// The ids of the agents that the message asks for together, in its order; empty where it asks for one.
        package var proposal: [String] = []

        package var isDefault: Bool { basis == .fallback }

        /// The routing of a message that follows in the same conversation and says nothing itself.
        var followed: Self {
            var routing = self
            routing.basis = .conversation
            routing.proposal = []
            return routing
        }

        package init(agentIndex: Int, confidence: Double, basis: Basis, proposal: [String] = []) {
            self.agentIndex = agentIndex
            self.confidence = confidence
            self.basis = basis
            self.proposal = proposal
        }

        /// Why this agent, in words.
        package func explanation(_ agent: Agent) -> String {
            let percent = "\(Int((confidence * 100).rounded())) %"
            var text =
                switch basis {
                case .wish: "agent \(agent.id) was asked for by name"
                case .fallback: "no agent stood out: the default agent \(agent.id) (\(percent))"
                case .conversation: "agent \(agent.id) as before in the conversation (\(percent))"
                case .message where evidence.isEmpty: "agent \(agent.id) (\(percent))"
                case .message: "agent \(agent.id) (\(percent)) for \(evidence.joined(separator: ", "))"
                }
            if !proposal.isEmpty { text += "; a team would be \(proposal.joined(separator: " + "))" }
            return text
        }
    }
}
