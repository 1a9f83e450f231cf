/// How much a stronger model is worth on a request.
package struct Complexity: Sendable, Equatable {
    /// 0…1: about the share of requests on which a stronger model is worth less.
    package let score: Double
    /// What decided, in words, the strongest first; at most five.
    package let signals: [String]
    /// Whether the request was judged by what is in it. Otherwise it was not to be judged, and `score` is final.
    package let isJudged: Bool

    package init(score: Double, signals: [String], isJudged: Bool) {
        self.score = score
        self.signals = signals
        self.isJudged = isJudged
    }

    /// Scores from here on are medium.
    package static let mediumFrom = 0.35
    /// Scores from here on are complex.
    package static let complexFrom = 0.65

    package var tier: Tier { score < Self.mediumFrom ? .simple : score < Self.complexFrom ? .medium : .complex }
}

extension Complexity {
    /// What the client says of the request comes first; then requests with tools and of agents, which one wrong step spoils,
    /// are taken for complex; then its text and its conversation are judged.
    ///
    /// - Parameter judgesTools: whether requests with tools and of agents are judged like others.
    package init(of facts: RequestFacts, by model: ComplexityModel, judgesTools: Bool = false) {
        if let before = facts.complexity {
            self = before
            return
        }
        let opinion: Opinion
        switch facts.requestClass {
        case .auxiliary: opinion = Opinion(0.1, ["an auxiliary request, says the client"])
        case .compaction: opinion = Opinion(0.5, ["a compaction, says the client"])
        case .main, .subagent, .workflow, nil: opinion = Opinion(facts, model, judgesTools: judgesTools)
        }
        let effort = facts.reasoningEffort
        let score = effort?.bounds.clamp(opinion.score) ?? opinion.score
        let isBounded = score != opinion.score
        self.init(
            score: score,
            signals: isBounded ? ["reasoning effort \(effort?.rawValue ?? "")"] + opinion.signals.prefix(4) : opinion.signals,
            isJudged: opinion.isJudged && !isBounded)
    }

    /// A score before the reasoning effort.
    private struct Opinion {
        let score: Double
        let signals: [String]
        let isJudged: Bool

        init(_ score: Double, _ signals: [String], isJudged: Bool = false) {
            self.score = score
            self.signals = signals
            self.isJudged = isJudged
        }

        init(_ facts: RequestFacts, _ model: ComplexityModel, judgesTools: Bool) {
            let isAgentic = facts.requestClass != nil
            if !judgesTools, isAgentic || facts.needs.contains(.tools) {
                self.init(1, [isAgentic ? "a step of an agent: not judged" : "tools: not judged"])
                return
            }
            let prompt = PromptSignals(of: facts.text)
            let conversation = ConversationSignals(facts, asking: prompt)
            var level = model.level(prompt)
            var words = conversation.words
            // "And for the other case?" is about as hard as what it follows.
            let before = facts.earlierTexts.map { model.level(PromptSignals(of: $0)) }.max() ?? level
            if before > level {
                if before > level + 0.5 { words.append("harder questions before") }
                level += (before - level) / 2
            }
            self.init(
                ComplexityModel.score(ofLevel: level + conversation.level), words + model.strongest(prompt), isJudged: true)
        }
    }
}

/// What the conversation around a prompt adds to its level. Judgement, not learnt: the benchmarks have single questions only.
struct ConversationSignals {
    private(set) var level = 0.0
    /// At most two.
    private(set) var words: [String] = []

    /// - Parameter prompt: the signals of the last message.
    init(_ facts: RequestFacts, asking prompt: PromptSignals) {
        if facts.needs.contains(.tools) || facts.requestClass != nil { add(0.5, "tools") }
        let turns = Double(max(0, facts.messageCount - 2))
        if turns > 0 { add(0.5 * turns / (turns + 8), turns > 6 ? "a long conversation" : nil) }
        let context = Double(max(0, facts.promptTokens - 1000))
        if context > 0 { add(0.6 * context / (context + 8000), context > 4000 ? "a long context" : nil) }
        if let limit = facts.outputTokenLimit {
            if limit <= 64 { add(-0.4, "a short answer wanted") }
            if limit >= 4096 { add(0.2, nil) }
        }
        // "Write 2,000 words" orders them; "a book of 300 pages" does not.
        if prompt[.task] > 0, let length = RequestedLength.tokens(in: facts.text) {
            if length >= 1000 { add(0.4, "a long answer wanted") }
            if length <= 64 { add(-0.2, "a short answer wanted") }
        }
    }

    private mutating func add(_ amount: Double, _ word: String?) {
        level += amount
        if let word, words.count < 2 { words.append(word) }
    }
}

extension ComplexityModel {
    /// The words of the three signals that raise the level most, of those that raise it noticeably.
    fileprivate func strongest(_ signals: PromptSignals) -> [String] {
        var left = contributions(signals)
        var words: [String] = []
        for _ in 0..<3 {
            let most = left.max()
            guard most > spread / 8, let lane = left.indices.first(where: { left[$0] == most }),
                let signal = PromptSignal(rawValue: lane)
            else { break }
            words.append(signal.words)
            left[signal.lane] = 0
        }
        return words
    }
}

extension RequestFacts.ReasoningEffort {
    /// What the scores of requests with this effort are held to.
    fileprivate var bounds: ClosedRange<Double> {
        switch self {
        case .none, .minimal: 0...0.3
        case .low: 0...0.5
        case .medium: 0...1
        case .high: Complexity.complexFrom...1
        case .xhigh, .max: 0.9...1
        }
    }
}

extension ClosedRange<Double> {
    fileprivate func clamp(_ value: Double) -> Double { Swift.min(Swift.max(value, lowerBound), upperBound) }
}
