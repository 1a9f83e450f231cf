/// Remembers which deployment read a conversation last: its provider may have the prompt in its cache, which makes the next
/// turn cheaper there.
///
/// What is remembered is bounded twice: an entry lives as long as providers keep a prompt, and of more conversations than
/// `capacity` the older half is forgotten.
package struct WarmPrompts: Sendable {
    package typealias Instant = ContinuousClock.Instant

    /// Providers keep no shorter prompt.
    package static let leastTokens = 1024
    /// How long most providers keep a prompt.
    static let life: Duration = .seconds(300)

    private struct Entry {
        let prompt: RequestFacts.WarmPrompt
        let end: Instant
    }

    private let capacity: Int
    private var recent: [UInt64: Entry] = [:]
    private var older: [UInt64: Entry] = [:]

    package init(capacity: Int = 16_384) { self.capacity = max(2, capacity) }

    /// The conversations that are remembered, those whose time is over included.
    package var count: Int { recent.count + older.count }

    /// A turn of the conversation was answered, and its provider has this much of it now.
    package mutating func note(_ prompt: RequestFacts.WarmPrompt, of conversation: UInt64, now: Instant) {
        guard prompt.tokens >= Self.leastTokens else { return }
        older[conversation] = nil
        if recent[conversation] == nil, recent.count >= capacity / 2 {
            older = recent
            recent = [:]
        }
        recent[conversation] = Entry(prompt: prompt, end: now.advanced(by: Self.life))
    }

    /// What a provider has of the conversation; nil for an unknown one and where its time is over.
    package func prompt(of conversation: UInt64, now: Instant) -> RequestFacts.WarmPrompt? {
        guard let entry = recent[conversation] ?? older[conversation], now < entry.end else { return nil }
        return entry.prompt
    }
}
