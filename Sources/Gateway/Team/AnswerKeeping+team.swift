import Core
import NIOCore
import Wire

/// A team's answer in the cache.
extension AnswerKeeping {
    private static let route = "team"

    /// Where a team's answer lies: wherever the order of the members changes nothing, it is not in the key.
    func course(for asked: TeamAsk, in catalogue: Catalogue) -> CacheCourse? {
        course(
            for: asked.ask, labels: CacheLabels(model: TeamRequest.modelName, route: Self.route),
            subject: CacheSubject(
                route: Self.route, target: asked.description, targetVersion: catalogue.version(of: .anyModel),
                voices: Set(asked.team.members.compactMap { catalogue.agent($0.name).map { CacheSubject.Voice($0) } })),
            leavingOut: .ofTeam)
    }

    /// Keeps a team's answer where the rules allow it; says so in the answer.
    func keep(_ answer: TeamAnswer, _ run: TeamRun, for asked: TeamAsk, on course: CacheCourse) -> TeamAnswer {
        var answer = answer
        let isStored = refusal(of: answer, run, for: asked, on: course) == nil
        answer.cache = course.wishes.mayRead ? .missed(stored: isStored) : .refreshed(stored: isStored)
        return answer
    }

    private func refusal(of answer: TeamAnswer, _ run: TeamRun, for asked: TeamAsk, on course: CacheCourse) -> StoreRefusal? {
        let body = answer.completion.kept
        guard var signals = AnswerSignals(of: body, for: asked.ask.request) else { return refuse(.incomplete) }
        signals.isDegraded = answer.completion.isDegraded
        signals.wasResumed = run.wasResumed
        signals.isFromFallback = run.isFromFallback
        var rule = StoreRule.team
        rule.byteLimit = settings.rule.byteLimit
        if let refusal = rule.refusal(of: signals, bytes: body.readableBytes) { return refuse(refusal) }
        let life = rule.life(
            of: Complexity(of: asked.ask.facts, by: run.fleet.catalogue.complexityModel).tier, confidence: signals.confidence, asked: course.wishes.life)
        let voices = asked.names.filter { run.fleet.catalogue.agent($0) != nil }.map(CacheTag.agent)
        let models = Set(answer.completion.voices.map(\.model)).sorted().map(CacheTag.model)
        let isKept = cache.store(
            CachedAnswer(
                body: body, model: TeamRequest.modelName, deployment: TeamRequest.modelName, usage: answer.completion.usage,
                cost: answer.cost, createdAt: wallClock(), life: life, tags: models + voices + tags(for: asked.ask, on: course),
                seconds: answer.seconds),
            at: course.query.address, session: course.query.session, since: course.moment)
        return isKept ? nil : refuse(.outdated)
    }
}

extension TeamAsk {
    /// All that is asked of the team, in words that are the same for all ways to ask the same.
    fileprivate var description: String {
        // In turn each hears those before it, and a cascade's last one is its judge.
        let members = team.isInTurn || team.combine == .cascade ? names : names.sorted()
        let parts = [
            team.combine.rawValue, team.isInTurn ? "sequential" : "parallel", team.quorum.map(String.init) ?? "",
            team.agreement.name, team.maxCost?.decimalUSD ?? "", ask.request.policy.models?.joined(separator: "\u{1}") ?? "",
            ask.priority.rawValue, members.joined(separator: "\u{1}"),
        ]
        return parts.joined(separator: "\u{0}")
    }
}
