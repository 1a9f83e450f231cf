package import Core
import NIOCore
package import Wire

/// Answering by a team.
extension Gateway {
    /// The team that a request asks for; nil where one is to answer.
    ///
    /// - Throws: an error that names the field which cannot be used.
    package func team(for chat: ChatRequest) throws(GatewayError) -> TeamRequest? {
        guard let wishes = try chat.teamWishes() ?? proposal(for: chat) else { return nil }
        return try team(wishes, for: chat)
    }

    /// The team that the router proposes for `auto`, where the policy wants that.
    private func proposal(for chat: ChatRequest) -> TeamWishes? {
        let catalogue = catalogue
        guard catalogue.policy.makesTeams, chat.model == "auto", chat.choiceCount == 1, !chat.needs.contains(.tools) else { return nil }
        let facts = Ask(requestID: "", request: chat, target: .auto).facts
        guard let agents = catalogue.router.route(facts.text, after: facts.earlierTexts)?.proposal, agents.count > 1 else { return nil }
        var wishes = TeamWishes()
        wishes.agents = Array(agents.prefix(TeamRequest.memberLimit))
        wishes.maxCost = chat.policy.maxCost
        return wishes
    }

    /// The team of these wishes, checked.
    package func team(_ wishes: TeamWishes, for chat: ChatRequest) throws(GatewayError) -> TeamRequest {
        try wishes.team(in: catalogue, for: Ask(requestID: "", request: chat, target: .auto).facts)
    }

    /// Lets a team answer, from the cache if it is there, and identical requests at once by one tree of calls.
    ///
    /// - Parameter tell: gets what happens meanwhile, all that happened at once; while it takes its time, so do the members. Where a
    ///   stream is asked for, it is told all that makes the answer.
    /// - Throws: ``AnswerFailure``, `CancellationError` when the caller's task is cancelled, or what `tell` throws. All calls that
    ///   nobody else waits for end then.
    package func answer(_ asked: TeamAsk, tell: ([TeamEvent]) async throws -> Void) async throws -> TeamAnswer {
        let (fleet, started) = (fleet, now())
        guard let keeping else { return try await made(asked, fleet, .off, to: outcomes, since: started, tell) }
        guard let course = keeping.course(for: asked, in: fleet.catalogue) else {
            return try await made(asked, fleet, .bypassed, to: outcomes, since: started, tell)
        }
        if course.wishes.mayRead {
            var hit = keeping.cache.recall(course.query)
            // What is to be kept nowhere is shared with nobody.
            if hit == nil, course.wishes.noStore { hit = await keeping.cache.look(up: course.query) }
            if let hit, let answer = kept(hit, asked, since: started) {
                return try await given(answer, asked, keeping, settlement(for: asked, to: outcomes, since: started), tell)
            }
        }
        guard course.wishes.noStore else { return try await shared(asked, fleet, keeping, course, since: started, tell) }
        keeping.refuse(.noStore)
        return try await made(asked, fleet, .bypassed, to: outcomes, since: started, tell)
    }

    /// An answer by calls of its own.
    func made(
        _ asked: TeamAsk, _ fleet: Fleet, _ note: CacheNote, to sink: any OutcomeSink, since started: Instant,
        keeping: (cache: AnswerKeeping, course: CacheCourse)? = nil, _ tell: ([TeamEvent]) async throws -> Void
    ) async throws -> TeamAnswer {
        if asked.ask.cache.onlyIfCached { throw AnswerFailure(error: .notCached) }
        let settlement = settlement(for: asked, to: sink, since: started)
        var run = TeamRun(asked, gateway: self, fleet: fleet, since: started)
        var isOpen = false
        do {
            try run.reserveSynthesis()
            try await run.gather { events in
                try await tell(isOpen ? events : [.opened(note)] + events)
                isOpen = true
            }
            let completion = try run.conclude(id: "chatcmpl-\(asked.ask.requestID)", created: asked.created)
            let (attempts, seconds) = (run.attempts, settlement.seconds)
            settlement.note {
                $0.attempts = attempts
                $0.firstContentSeconds = run.firstContent.map { run.started.duration(to: $0).seconds }
            }
            let answer = TeamAnswer(
                completion: completion, receipt: run.receipt, cost: attempts.cost, attemptCount: attempts.count, seconds: seconds, cache: note)
            settlement.settle(with: answer)
            return keeping.map { $0.cache.keep(answer, run, for: asked, on: $0.course) } ?? answer
        } catch {
            let (attempts, failure) = (run.attempts, error as? AnswerFailure)
            settlement.note {
                $0.attempts = attempts
                $0.cache = note
            }
            keeping?.cache.refuse(.broken)
            settlement.settle(failure.map { .failed($0.error.code) } ?? .callerGone)
            throw error
        }
    }

    // MARK: What is there

    /// What the cache kept; nil for what is no team's answer.
    func kept(_ hit: CacheHit, _ asked: TeamAsk, since started: Instant) -> TeamAnswer? {
        guard let completion = TeamCompletion(kept: hit.answer.body, members: asked.names) else { return nil }
        let line = Receipt.Line.cacheHit(model: hit.answer.model, deployment: hit.answer.deployment, saved: hit.answer.cost)
        return TeamAnswer(
            completion: completion, receipt: Receipt([line]), cost: .zero, attemptCount: 0,
            seconds: started.duration(to: now()).seconds, cache: .hit(hit.tier, age: hit.age, remaining: hit.remaining))
    }

    /// A whole answer in the form that was asked for.
    func given(
        _ answer: TeamAnswer, _ asked: TeamAsk, _ keeping: AnswerKeeping, _ settlement: Settlement, _ tell: ([TeamEvent]) async throws -> Void
    ) async throws -> TeamAnswer {
        if asked.ask.request.isStream {
            do {
                try await tell([.kept(answer)])
                let pace = ReplayPace(keeping.settings.pace)
                try await TeamReplay(answer.completion, members: asked.names.count, pace: pace).run(tell)
            } catch {
                settlement.settle(.callerGone)
                throw error
            }
        }
        settlement.settle(with: answer)
        return answer
    }

    /// The account of a team's request.
    func settlement(for asked: TeamAsk, to sink: any OutcomeSink, since started: Instant) -> Settlement {
        let settlement = Settlement(
            requestID: asked.ask.requestID, isStream: asked.ask.request.isStream, sink: sink, since: started, now: now)
        settlement.note { $0.agent = "\(TeamRequest.modelName)/\(asked.names.joined(separator: "+"))" }
        return settlement
    }
}

extension Settlement {
    /// The request has its answer.
    func settle(with answer: TeamAnswer) {
        note {
            $0.cache = answer.cache
            $0.usage = answer.completion.usage
            guard answer.attemptCount == 0 else { return }
            $0.model = answer.completion.answering?.model
            $0.cost = .zero
        }
        settle(.complete)
    }
}
