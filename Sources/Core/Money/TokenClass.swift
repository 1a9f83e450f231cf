/// Tokens that a provider may price apart. Every token of a call belongs to exactly one class.
package enum TokenClass: String, Sendable, CaseIterable {
    /// Read anew, as text.
    case prompt
    /// Read from the provider's cache.
    case cacheRead = "cache_read"
    /// Written to the provider's cache for five minutes, or for as long as it keeps things by itself.
    case cacheWrite = "cache_write_5m"
    /// Written to the provider's cache for an hour.
    case longCacheWrite = "cache_write_1h"
    case promptAudio = "prompt_audio"
    case promptImage = "prompt_image"
    /// Written as text: content, tool calls, and predictions that were not used.
    case completion
    case reasoning
    case completionAudio = "completion_audio"
}
