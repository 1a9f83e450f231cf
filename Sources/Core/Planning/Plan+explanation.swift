extension Plan {
    /// Why this agent and this model, in words.
    package static func explanation(
        agent: Agent?, routing: AgentRouter.Routing?, complexity: Complexity?, model: Model, reason: Reason
    ) -> String {
        var parts: [String] = []
        if let agent, let routing { parts.append(routing.explanation(agent)) }
        if let complexity {
            let signals = complexity.signals.isEmpty ? "" : " (\(complexity.signals.joined(separator: ", ")))"
            parts.append("\(complexity.tier.rawValue) request\(signals)")
        }
        parts.append("\(model.name): \(reason.rawValue)")
        return parts.joined(separator: "; ")
    }
}
