import Core
import Synchronization

/// The conversations that providers have in their caches, as far as their answers tell. It outlives the catalogue.
final class KeptPrompts: Sendable {
    private let prompts = Mutex(WarmPrompts())
    private let now: @Sendable () -> Instant

    init(now: @escaping @Sendable () -> Instant) { self.now = now }

    func prompt(of conversation: UInt64) -> RequestFacts.WarmPrompt? {
        let now = now()
        return prompts.withLock { $0.prompt(of: conversation, now: now) }
    }

    /// A deployment answered a turn.
    ///
    /// - Parameter api: OpenAI's providers keep every long prompt. Anthropic's keep what the request marks, and tell how much.
    func note(_ usage: Usage, of conversation: UInt64, by attempt: Plan.Attempt, api: Provider.API) {
        let told = usage.cachedPromptTokens + usage.cacheWriteTokens + usage.longCacheWriteTokens
        let tokens = api == .openai ? usage.promptTokens : told
        let prompt = RequestFacts.WarmPrompt(model: attempt.model.name, deployment: attempt.deployment.id, tokens: tokens)
        let now = now()
        prompts.withLock { $0.note(prompt, of: conversation, now: now) }
    }
}
