import Core
import Wire

/// What is made of the members' answers.
extension TeamRun {
    /// Sets aside what the last call will cost, before any member spends it.
    mutating func reserveSynthesis() throws(AnswerFailure) {
        guard let limit = ceiling.limit, team.combine == .synthesis else { return }
        var facts = ask.facts
        facts.target = .anyModel
        facts.priority = synthesisPriority
        facts.maxCost = limit
        facts.promptTokens += team.members.count * min(facts.outputTokenLimit ?? .max, Self.typicalAnswer)
        let plan: Plan
        do throws(PlanFailure) { plan = try gateway.planner(fleet, isHealthKnown: true).plan(facts) } catch {
            throw AnswerFailure(error)
        }
        guard ceiling.reserve(plan.greatestCost, for: team.members.count) else {
            throw AnswerFailure(error: .ceilingBroken(limit))
        }
    }

    /// Tokens of an answer that the last call reads.
    private static let typicalAnswer = 500

    /// The team's answer, once the members are through.
    ///
    /// - Throws: ``AnswerFailure`` where there is none, `CancellationError`, or what `tell` throws.
    mutating func conclude(id: String, created: Int, _ tell: Tell) async throws -> TeamCompletion {
        var (answer, votes): (Int, Int?)
        var isDegraded = progress.isDegraded
        switch progress.conclusion {
        case .nobody: throw nobody
        case .answers(let answered): (answer, votes) = (answered.first ?? 0, nil)
        case .one(let member, let count): (answer, votes) = (member, count)
        case .synthesis(let answered):
            (answer, votes) = (answered.first ?? 0, nil)
            if let voice = try await synthesise(answered, tell) {
                voices[voice.index] = voice
                answer = voice.index
            } else {
                isDegraded = true
            }
        }
        let all = voices.keys.sorted().compactMap { voices[$0] }
        return TeamCompletion(
            id: id, created: created, combine: team.combine, voices: all, answer: answer, votes: votes,
            failures: failures.map(\.failure), isDegraded: isDegraded, usage: all.compactMap(\.usage).sum)
    }

    // MARK: The last call

    /// One answer of several; nil where the call fails, which the failures tell.
    private mutating func synthesise(_ answered: [Int], _ tell: Tell) async throws -> TeamCompletion.Voice? {
        let index = team.members.count
        ceiling.settle(index, cost: .zero)
        synthesis = TeamMember(index: index, name: TeamRequest.synthesisName, started: gateway.now())
        do {
            let missing = failures.map { (name: $0.failure.name, reason: $0.failure.code) }
            guard let request = ask.request.synthesising(fence(answered), failed: missing) else {
                throw AnswerFailure(error: GatewayError(.internalError, .gateway, "The answers could not be put together."))
            }
            let run = try run(request, .anyModel, for: index, into: synthesis?.book, by: deadline)
            var voice = try await listen(to: run, tell)
            voice.cost = synthesis?.book.attempts.cost
            voice.seconds = synthesis?.started.duration(to: gateway.now()).seconds
            settle(index)
            try await self.tell(.ended(voice), tell)
            return voice
        } catch let failure as AnswerFailure {
            try Task.checkCancellation()
            settle(index)
            guard let told = synthesis?.failure(failure.error, at: gateway.now()) else { return nil }
            failures.append((told, failure))
            try await self.tell(.failed(told), tell)
            return nil
        }
    }

    private mutating func listen(to run: AttemptRun, _ tell: Tell) async throws -> TeamCompletion.Voice {
        let next = lastTold.advanced(by: Heartbeat.interval)
        let result = try await gateway.heartbeat.during(next: next, { try await tell(.beat) }) {
            var run = run
            return try await run.answer()
        }
        switch result {
        case .whole(let head, let answer):
            synthesis?.begin(head)
            return try whole(synthesis?.take(answer))
        case .stream(let head, var stream):
            synthesis?.begin(head)
            try await self.tell(.started(team.members.count, name: TeamRequest.synthesisName, model: head.model), tell)
            while true {
                let part = try await stream.next(beat: { try await tell(.beat) })
                switch synthesis?.take(part) {
                case .say(let chunks):
                    try await self.tell(
                        .said(team.members.count, name: TeamRequest.synthesisName, model: synthesis?.model ?? "", chunks), tell)
                case .silent: break
                case let turn: return try whole(turn)
                }
            }
        }
    }

    private func whole(_ turn: TeamMember.Turn?) throws(AnswerFailure) -> TeamCompletion.Voice {
        switch turn {
        case .whole(let voice): return voice
        case .failed(let failure): throw failure
        case .say, .silent, nil:
            throw AnswerFailure(error: GatewayError(.internalError, .gateway, "The synthesis ended without an end."))
        }
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
        failure.attempts = attempts
        failure.receipt = receipt
        failure.tried = Array(causes.flatMap(\.tried).prefix(20))
        return failure
    }

    // MARK: What it cost

    /// All calls, the synthesis last, and whether they were in vain.
    private var calls: [(member: TeamMember, isWaste: Bool)] {
        let asked = members.compactMap(\.self).map { (member: $0, isWaste: progress.states[$0.index] == .cancelled) }
        return asked + (synthesis.map { [(member: $0, isWaste: false)] } ?? [])
    }

    var attempts: [AttemptRecord] { calls.flatMap { $0.member.book.attempts } }

    /// A line for each attempt of each member, in the team's order, and of the synthesis.
    var receipt: Receipt {
        Receipt(
            calls.flatMap { call in
                call.member.book.attempts.map { attempt in
                    var line = Receipt.Line(
                        kind: kind(of: attempt, by: call.member, isWaste: call.isWaste), model: attempt.model, deployment: attempt.deployment,
                        outcome: attempt.result, charge: attempt.charge)
                    line.member = call.member.name
                    return line
                }
            })
    }

    private func kind(of attempt: AttemptRecord, by member: TeamMember, isWaste: Bool) -> Receipt.Kind {
        guard attempt.kind == .answer || attempt.kind == .resumedPart else { return attempt.kind }
        // A whole answer that came too late.
        if isWaste { return .waste }
        return member.index == team.members.count && attempt.kind == .answer ? .synthesis : attempt.kind
    }

    /// Not all that a cache could give again: another model answered than the plan's first one, or two made one answer.
    var isFromFallback: Bool { answering.contains(where: \.isFromFallback) }
    var wasResumed: Bool { answering.contains(where: \.wasResumed) }

    private var answering: [TeamMember] { calls.map(\.member).filter { voices[$0.index] != nil } }
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
