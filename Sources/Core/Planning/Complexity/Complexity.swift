/// How much a stronger model is worth on a request.
package struct Complexity: Sendable, Equatable {
    /// 0…1.
    package let score: Double
    /// The signals that raised it, in words.
    package let signals: [String]

    package var tier: Tier { score < 0.35 ? .simple : score < 0.65 ? .medium : .complex }

    /// Reads observable signals of the request. A heuristic, and known to be one: length alone says little about
    /// difficulty, so it weighs little; asking for reasoning, design or proof weighs more.
    package init(of facts: RequestFacts) {
        var score = 0.2
        var signals: [String] = []
        func raise(_ amount: Double, _ signal: String) {
            score += amount
            signals.append(signal)
        }
        let words = Set(Self.words(of: String(decoding: facts.text.utf8.prefix(16_384), as: UTF8.self)))
        let demanding = words.intersection(Self.demandingWords).count
        if demanding > 0 { raise(min(0.4, 0.15 * Double(demanding)), "demanding words") }
        if facts.text.contains("```") || facts.text.contains("\n    ") { raise(0.1, "code") }
        if facts.promptTokens > 8000 {
            raise(0.2, "very long prompt")
        } else if facts.promptTokens > 1500 {
            raise(0.1, "long prompt")
        }
        if facts.needs.contains(.tools) { raise(0.2, "tools") }
        if facts.messageCount > 8 { raise(0.1, "long conversation") }
        if words.count < 8, signals.isEmpty { raise(-0.1, "short question") }
        self.score = min(1, max(0, score))
        self.signals = signals
    }

    /// Runs of letters and digits, in lower case.
    private static func words(of text: String) -> [Substring] {
        text.lowercased().split { !($0.isLetter || $0.isNumber) }
    }

    /// Words that ask for several steps of thought, in the forms in which people write them.
    private static let demandingWords: Set<Substring> = [
        "algorithm", "analyse", "analysis", "analyze", "architecture", "compare", "complexity", "concurrency",
        "consistency", "debug", "derive", "design", "distributed", "evaluate", "explain", "formal", "implement",
        "invariant", "migrate", "migration", "optimise", "optimize", "plan", "proof", "prove", "race", "reason",
        "refactor", "scalability", "scalable", "security", "strategy", "theorem", "tradeoff", "tradeoffs", "why",
    ]
}
