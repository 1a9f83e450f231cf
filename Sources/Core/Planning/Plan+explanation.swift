extension Plan {
    /// Why this agent and this model, in words; without a reason the answer is out of the cache.
    package static func explanation(
        agent: Agent?, routing: AgentRouter.Routing?, complexity: Complexity?, model: String, reason: Reason?
    ) -> String {
        var parts: [String] = []
        if let agent, let routing { parts.append(routing.explanation(agent)) }
        if let complexity {
            let signals = complexity.signals.isEmpty ? "" : " (\(complexity.signals.joined(separator: ", ")))"
            parts.append("\(complexity.tier.rawValue) request\(signals)")
        }
        parts.append("\(model): \(reason?.rawValue ?? "answered before, out of the cache")")
        return parts.joined(separator: "; ")
    }
}
