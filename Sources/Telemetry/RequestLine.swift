import Core
import Gateway

/// A request in the log.
enum RequestLine {
    static func level(of outcome: Outcome) -> RequestLog.Level {
        switch outcome.ending {
        case .complete: outcome.metFailures ? .troubles : .all
        case .callerGone: .all
        case .failed(let code): code.isCallersMistake ? .all : .failures
        }
    }

    static func append(_ outcome: Outcome, time: String, to text: inout String) {
        LogLine.begin(time, outcome.isFailed ? "warning" : "info", ending(of: outcome), to: &text)
        append("id", outcome.requestID, to: &text)
        if let agent = outcome.agent { append("agent", agent, to: &text) }
        if let model = outcome.model ?? outcome.attempts.last?.model { append("model", model, to: &text) }
        switch outcome.cache {
        case .hit(let tier, _, _): append("cache", "hit(\(tier.rawValue))", to: &text)
        case .joined: append("cache", "joined", to: &text)
        case .off, .refreshed, .bypassed, .missed: break
        }
        if let asked = outcome.asked { append(asked, to: &text) }
        for attempt in outcome.attempts {
            append(key(of: attempt), attempt.deployment, to: &text)
            text += ":"
            text += attempt.result
        }
        for resumption in outcome.resumptions { append("resumed", "\(resumption.model):\(resumption.by.rawValue)", to: &text) }
        append("seconds", rounded(outcome.seconds), to: &text)
        if let first = outcome.firstContentSeconds { append("first_content", rounded(first), to: &text) }
        if let usage = outcome.usage {
            append("tokens", "\(usage.promptTokens)+\(usage.completionTokens)", to: &text)
            if usage.cachedPromptTokens > 0 { append("cached", "\(usage.cachedPromptTokens)", to: &text) }
        }
        appendCost(of: outcome, to: &text)
        text += "\n"
    }

    private static func key(of attempt: AttemptRecord) -> String {
        switch attempt.kind {
        case .hedge: "hedge"
        case .waste: "waste"
        case .answer, .failedAttempt, .resumedPart, .cacheHit, .sharedCall, .synthesis: "attempt"
        }
    }

    /// What `quintet route price` chooses another model by.
    private static func append(_ asked: Outcome.Asked, to text: inout String) {
        append("asked", asked.target.name, to: &text)
        if let complexity = asked.complexity {
            append("complexity", rounded(complexity.score), to: &text)
            if !complexity.isJudged { append("judged", "no", to: &text) }
        }
        if !asked.needs.isEmpty { append("needs", asked.needs.codes.joined(separator: ","), to: &text) }
    }

    private static func appendCost(of outcome: Outcome, to text: inout String) {
        if let cost = outcome.cost {
            // A request for which nothing was used has no cost to tell.
            if cost > .zero || outcome.usage != nil { append("usd", cost.decimalUSD, to: &text) }
        } else {
            let known = outcome.attempts.receipt.total
            if known > .zero { append("usd_estimated", known.decimalUSD, to: &text) }
        }
    }

    private static func append(_ key: String, _ value: String, to text: inout String) { LogLine.append(key, value, to: &text) }

    private static func ending(of outcome: Outcome) -> String {
        switch outcome.ending {
        case .complete: outcome.metFailures ? "answered after failures" : "answered"
        case .callerGone: "caller left"
        case .failed(let code): "\(code.isCallersMistake ? "refused" : "failed"): \(code.rawValue)"
        }
    }

    /// Milliseconds are as fine as anybody reads.
    private static func rounded(_ seconds: Double) -> String { "\((seconds * 1000).rounded() / 1000)" }
}

extension Outcome {
    /// Not every attempt that does not answer has failed: one may have been late, and cancelled.
    fileprivate var metFailures: Bool { attempts.contains { $0.fault.map { $0 != .notNeeded } ?? false } }
    fileprivate var isFailed: Bool { if case .failed(let code) = ending { !code.isCallersMistake } else { false } }
}
