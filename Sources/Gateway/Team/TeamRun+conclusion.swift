import Core
import Wire

/// What is made of the members' answers.
extension TeamRun {
    /// The team's answer, once all calls have ended.
    ///
    /// - Throws: ``AnswerFailure`` where there is none.
    func conclude(id: String, created: Int) throws(AnswerFailure) -> TeamCompletion {
        var (answer, votes, isDegraded) = (0, Int?.none, progress.isDegraded)
        switch progress.conclusion {
        case .nobody: throw nobody
        case .answers(let answered): answer = answered.first ?? 0
        case .one(let member, let count): (answer, votes) = (member, count)
        case .synthesis(let answered):
            // Without one the members' answers stand.
            let isMade = voices[synthesisIndex] != nil
            answer = isMade ? synthesisIndex : answered.first ?? 0
            isDegraded = isDegraded || !isMade
        }
        let all = voices.keys.sorted().compactMap { voices[$0] }
        return TeamCompletion(
            id: id, created: created, combine: team.combine, voices: all, answer: answer, votes: votes,
            failures: failures.map(\.failure), isDegraded: isDegraded, usage: all.compactMap(\.usage).sum)
    }

    // MARK: No answer

    /// Every member failed. What is the caller's own mistake is told as it is; else 503 where all are resting, and 502.
    private var nobody: AnswerFailure {
        let causes = failures.map(\.cause)
        guard var first = causes.first else { return AnswerFailure(error: GatewayError(.internalError, .gateway, "Nobody was asked.")) }
        if causes.allSatisfy({ $0.error.source == .client && $0.error.code != .callerGone }) {
            first.receipt = receipt
            return first
        }
        let isResting = causes.allSatisfy { [.providersResting, .noProvider, .modelOff].contains($0.error.code) }
        let told = failures.map { "\($0.failure.name): \($0.failure.reason.prefix(300))" }.joined(separator: " ")
        var error = GatewayError(
            isResting ? .providersResting : .providersFailed, .provider, "No member of the team could answer. \(told)")
        error.isRetryable = true
        error.retryAfter = isResting ? causes.compactMap(\.error.retryAfter).min() : nil
        var failure = AnswerFailure(error: error)
        failure.isOfItsRequest = causes.contains { $0.error.code == .deadline || $0.error.source == .client }
        failure.attempts = attempts
        failure.receipt = receipt
        failure.tried = Array(causes.flatMap(\.tried).prefix(20))
        return failure
    }

    // MARK: What it cost

    var attempts: [AttemptRecord] { calls.flatMap { $0?.book.attempts ?? [] } }

    /// A line for each attempt of each member, in the team's order, and of the synthesis.
    var receipt: Receipt {
        Receipt(
            calls.enumerated().flatMap { index, call -> [Receipt.Line] in
                guard let call else { return [] }
                return call.book.attempts.map { attempt in
                    var line = Receipt.Line(
                        kind: kind(of: attempt, by: index), model: attempt.model, deployment: attempt.deployment, outcome: attempt.result,
                        charge: attempt.charge)
                    line.member = call.name
                    return line
                }
            })
    }

    private func kind(of attempt: AttemptRecord, by call: Int) -> Receipt.Kind {
        guard attempt.kind == .answer || attempt.kind == .resumedPart else { return attempt.kind }
        if call == synthesisIndex { return attempt.kind == .answer ? .synthesis : attempt.kind }
        // A whole answer that came too late.
        return progress.states[call] == .cancelled ? .waste : attempt.kind
    }

    /// Not all that a cache could give again: another model answered than the plan's first one, or two made one answer.
    var isFromFallback: Bool { answering.contains(where: \.isFromFallback) }
    var wasResumed: Bool { answering.contains(where: \.wasResumed) }

    private var answering: [TeamCall] { voices.keys.compactMap { calls[$0] } }
}

extension [Usage] {
    /// What several calls used together; nil for none.
    var sum: Usage? {
        guard !isEmpty else { return nil }
        func sum(_ part: (Usage) -> Int) -> Int { reduce(0) { $0 + Swift.min(part($1), 1 << 40) } }
        return Usage(
            promptTokens: sum(\.promptTokens), completionTokens: sum(\.completionTokens),
            cachedPromptTokens: sum(\.cachedPromptTokens), cacheWriteTokens: sum(\.cacheWriteTokens),
            longCacheWriteTokens: sum(\.longCacheWriteTokens), promptAudioTokens: sum(\.promptAudioTokens),
            promptImageTokens: sum(\.promptImageTokens), reasoningTokens: sum(\.reasoningTokens),
            completionAudioTokens: sum(\.completionAudioTokens))
    }
}
