import Core
import Wire

/// How a call of the team is planned.
extension TeamRun {
    /// The attempts for one call, planned, and its expected cost set aside.
    mutating func run(
        _ request: ChatRequest, _ target: RequestFacts.Target, for call: Int, into book: MemberBook, by limit: Instant
    ) throws(AnswerFailure) -> AttemptRun {
        var request = request
        request.policy.maxCost = ceiling.left
        var own = Ask(
            requestID: ask.requestID, request: request, target: target,
            priority: call == synthesisIndex ? synthesisPriority : ask.priority, caller: ask.caller, cache: ask.cache,
            executor: ask.executor)
        own.member = Ask.Membership(latestEnd: limit, book: book)
        let run: AttemptRun
        do { run = try gateway.run(own, by: nil, fleet, sink: book, keepsUsage: false, since: gateway.now()) } catch {
            throw within(error)
        }
        guard ceiling.limit == nil || ceiling.reserve(run.plan.greatestCost, for: call) else {
            run.settlement.withdraw()
            throw AnswerFailure(error: ceilingBroken)
        }
        return run
    }

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
            throw within(AnswerFailure(error))
        }
        guard ceiling.reserve(plan.greatestCost, for: synthesisIndex) else {
            throw AnswerFailure(error: ceilingBroken)
        }
    }

    /// Tokens of an answer that the last call reads.
    private static let typicalAnswer = 500

    /// A call that is too dear is told by the team's limit, of which its own is what is left.
    private func within(_ failure: AnswerFailure) -> AnswerFailure {
        failure.error.code == .costLimit && ceiling.limit != nil ? AnswerFailure(error: ceilingBroken) : failure
    }

    var ceilingBroken: GatewayError {
        let (field, limit) = (team.maxCostField, (team.maxCost ?? .zero).decimalUSD)
        return GatewayError(.costLimit, .client, "It would have cost more than '\(field)' (\(limit) USD) leaves.", param: field)
    }

    /// Whoever judges the members' answers should not be weaker than they are.
    var synthesisPriority: RequestFacts.Priority { ask.priority == .premium ? .premium : .high }

    /// When members that start now end at the latest: so early that who comes after them has time, too.
    func latestEnd(of count: Int) -> Instant {
        let now = gateway.now()
        let left = now.duration(to: deadline)
        let later = progress.states.count { $0 == .waiting } - count
        let share: Double =
            if team.isInTurn { 1 / Double(later + 1 + (team.combine == .synthesis ? 1 : 0)) }
            else if team.combine == .synthesis { 2 / 3 }
            else if later > 0 { 1 / 2 }
            else { 1 }
        return share < 1 ? now.advanced(by: left * share) : deadline
    }

    /// These members' answers, as others are shown them.
    func fence(_ answered: [Int]) -> AnswerFence {
        AnswerFence(
            answered.compactMap { index in
                voices[index].map { voice in
                    .init(name: voice.name, role: fleet.catalogue.agent(voice.name)?.role, text: voice.text)
                }
            })
    }
}

extension Plan {
    /// What the dearest of its attempts is expected to cost; nil where a price is unknown.
    var greatestCost: Money? {
        var greatest = Money.zero
        for attempt in attempts {
            guard let cost = forecast.cost(on: attempt.model) else { return nil }
            greatest = max(greatest, cost)
        }
        return greatest
    }
}

extension GatewayError {
    static let noSynthesis = GatewayError(.internalError, .gateway, "The answers could not be put together.")
}
