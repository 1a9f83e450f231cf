import Foundation

/// The line under an answer: who gave it, what it cost, how long it took.
enum AnswerFootnote {
    static func text(model: String?, agent: String? = nil, facts: ChatAnswer.Facts, cache: String? = nil) -> String {
        var parts: [String] = []
        if let model { parts.append(agent.map { "\($0) on \(model)" } ?? model) }
        if let cost = facts.costUSD {
            parts.append("USD " + dollars(cost))
        } else if let tokens = facts.tokens {
            parts.append("\(tokens) tokens")
        }
        if let first = facts.firstWord { parts.append("first word \(seconds(first))") }
        if let end = facts.end { parts.append("total \(seconds(end))") }
        if let cache, cache != "bypass" { parts.append("cache \(cache)") }
        return parts.joined(separator: " · ")
    }

    /// Six places at most, since answers cost little.
    private static func dollars(_ value: Double) -> String {
        var text = String(format: "%.6f", value)
        while text.hasSuffix("0"), !text.hasSuffix(".00") { text.removeLast() }
        return text
    }

    private static func seconds(_ time: Duration) -> String { String(format: "%.1f s", time / .seconds(1)) }
}
