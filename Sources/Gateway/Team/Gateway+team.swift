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

    /// Lets a team answer, from the cache if it is there.
    ///
    /// - Parameter tell: gets what happens meanwhile, all that happened at once; while it takes its time, so do the members. An answer
    ///   out of the cache is told as well where a stream is asked for.
    /// - Throws: ``AnswerFailure``, `CancellationError` when the caller's task is cancelled, or what `tell` throws. All calls have
    ///   ended then.
    package func answer(_ asked: TeamAsk, tell: ([TeamEvent]) async throws -> Void) async throws -> TeamAnswer {
        let (fleet, ask) = (fleet, asked.ask)
        guard let keeping else { return try await made(asked, fleet, .off, tell) }
        guard let course = keeping.course(for: asked, in: fleet.catalogue) else { return try await made(asked, fleet, .bypassed, tell) }
        if course.wishes.mayRead {
            let started = now()
            var hit = keeping.cache.recall(course.query)
            if hit == nil { hit = await keeping.cache.look(up: course.query) }
            if let hit, let completion = TeamCompletion(kept: hit.answer.body, members: asked.names) {
                return try await given(completion, hit, asked, ReplayPace(keeping.settings.pace), since: started, tell)
            }
        }
        if ask.cache.onlyIfCached { throw AnswerFailure(error: .notCached) }
        if course.wishes.noStore {
            keeping.refuse(.noStore)
            return try await made(asked, fleet, .bypassed, tell)
        }
        return try await made(asked, fleet, course.wishes.mayRead ? .missed(stored: nil) : .refreshed(stored: nil), tell, (keeping, course))
    }

    /// An answer by calls of its own.
    private func made(
        _ asked: TeamAsk, _ fleet: Fleet, _ note: CacheNote, _ tell: ([TeamEvent]) async throws -> Void,
        _ cache: (keeping: AnswerKeeping, course: CacheCourse)? = nil
    ) async throws -> TeamAnswer {
        let settlement = settlement(for: asked)
        var run = TeamRun(asked, gateway: self, fleet: fleet)
        do {
            try run.reserveSynthesis()
            try await run.gather(tell)
            let completion = try run.conclude(id: "chatcmpl-\(asked.ask.requestID)", created: asked.created)
            let (attempts, seconds) = (run.attempts, settlement.seconds)
            settlement.note {
                $0.attempts = attempts
                $0.usage = completion.usage
                $0.cache = note
                $0.firstContentSeconds = run.firstContent.map { run.started.duration(to: $0).seconds }
            }
            settlement.settle(.complete)
            let answer = TeamAnswer(
                completion: completion, receipt: run.receipt, cost: attempts.cost, attemptCount: attempts.count, seconds: seconds, cache: note)
            return cache.map { $0.keeping.keep(answer, run, for: asked, on: $0.course) } ?? answer
        } catch {
            let (attempts, failure) = (run.attempts, error as? AnswerFailure)
            settlement.note {
                $0.attempts = attempts
                $0.cache = note
            }
            cache?.keeping.refuse(.failed)
            settlement.settle(failure.map { .failed($0.error.code) } ?? .callerGone)
            throw error
        }
    }

    /// A kept answer in the form that was asked for.
    private func given(
        _ completion: TeamCompletion, _ hit: CacheHit, _ asked: TeamAsk, _ pace: ReplayPace?, since started: Instant,
        _ tell: ([TeamEvent]) async throws -> Void
    ) async throws -> TeamAnswer {
        let settlement = settlement(for: asked)
        let note = CacheNote.hit(hit.tier, age: hit.age, remaining: hit.remaining)
        settlement.note {
            $0.cache = note
            $0.usage = completion.usage
            $0.cost = .zero
        }
        let line = Receipt.Line.cacheHit(model: hit.answer.model, deployment: hit.answer.deployment, saved: hit.answer.cost)
        let answer = TeamAnswer(
            completion: completion, receipt: Receipt([line]), cost: .zero, attemptCount: 0,
            seconds: started.duration(to: now()).seconds, cache: note)
        if asked.ask.request.isStream {
            do {
                try await tell([.kept(answer)])
                try await TeamReplay(completion, members: asked.names.count, pace: pace).run(tell)
            } catch {
                settlement.settle(.callerGone)
                throw error
            }
        }
        settlement.settle(.complete)
        return answer
    }

    /// The account of a team's request.
    private func settlement(for asked: TeamAsk) -> Settlement {
        let settlement = Settlement(
            requestID: asked.ask.requestID, isStream: asked.ask.request.isStream, sink: outcomes, since: now(), now: now)
        settlement.note { $0.agent = "\(TeamRequest.modelName)/\(asked.names.joined(separator: "+"))" }
        return settlement
    }
}
