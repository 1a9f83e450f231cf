/// One profile of `agents/`: who answers, and how.
package struct Agent: Sendable, Equatable {
    package let id: String
    package let name: String
    package let role: String
    package let description: String
    /// Words and short phrases that speak for this agent.
    package let keywords: [String]
    /// Requests that this agent should get, for people and for learned routers.
    package let examples: [String]
    /// How strong a model its work usually needs.
    package let tier: Tier
    package let temperature: Double?
    package let maxTokens: Int?
    /// The system prompt; never shown to callers.
    package let prompt: String
    /// About how many tokens its prompt adds to a request.
    package let promptTokens: Int
    /// Names the prompt and the sampling in cache keys.
    package let promptVersion: PromptVersion

    package init(
        id: String, name: String, role: String, description: String, keywords: [String], examples: [String],
        tier: Tier, temperature: Double?, maxTokens: Int?, prompt: String
    ) {
        self.id = id
        self.name = name
        self.role = role
        self.description = description
        self.keywords = keywords
        self.examples = examples
        self.tier = tier
        self.temperature = temperature
        self.maxTokens = maxTokens
        self.prompt = prompt
        promptTokens = TokenEstimate.tokens(in: prompt) + TokenEstimate.perMessage
        promptVersion = PromptVersion(prompt: prompt, temperature: temperature, maxTokens: maxTokens)
    }
}
