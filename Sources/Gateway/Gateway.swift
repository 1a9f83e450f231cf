package import Core
import NIOCore
import Synchronization
import Wire

/// The one path of every request: plan, attempt, commit, stream, settle.
package struct Gateway: Sendable {
    private let fleets: CurrentFleet
    package let outcomes: any OutcomeSink
    /// Passed when the gateway stops and waits no longer.
    package let cutoff = Cutoff()
    let now: @Sendable () -> Instant
    /// 0..<1: spreads load and retries.
    let random: @Sendable () -> Double
    let heartbeat: Heartbeat
    /// nil where there is no cache.
    package let keeping: AnswerKeeping?

    package init(
        catalogue: Catalogue, breakers: Breakers, calls: any ProviderCalls, outcomes: any OutcomeSink,
        now: @escaping @Sendable () -> Instant = { ContinuousClock.now },
        random: @escaping @Sendable () -> Double = { Spread.next() }, heartbeat: Heartbeat = Heartbeat(),
        keeping: AnswerKeeping? = nil
    ) {
        fleets = CurrentFleet(
            Fleet(
                catalogue: catalogue, breakers: breakers,
                keys: KeyBenches(catalogue: catalogue, logger: breakers.logger, now: now),
                loads: Loads(catalogue: catalogue, now: now), hedging: Hedging(catalogue: catalogue, now: now),
                prompts: KeptPrompts(now: now), calls: calls))
        self.outcomes = CutoffSink(sink: outcomes, cutoff: cutoff)
        self.now = now
        self.random = random
        self.heartbeat = heartbeat
        self.keeping = keeping
    }

    /// What is in force now. Take it once where several things of it belong together.
    package var fleet: Fleet { fleets.now }
    package var catalogue: Catalogue { fleet.catalogue }
    package var breakers: Breakers { fleet.breakers }
    /// How busy the connections to the providers are.
    package var pools: [PoolReport] { fleet.calls.pools }

    /// Puts another catalogue in force. Requests that have begun end under the old one.
    ///
    /// - Parameter calls: the way to its providers.
    package func adopt(_ catalogue: Catalogue, calls: any ProviderCalls) -> CatalogueChange {
        let old = fleet
        fleets.put(old.followed(by: catalogue, calls: calls))
        return CatalogueChange(from: old.catalogue, to: catalogue)
    }

    /// Forgets the cached answers that a change has made useless, in all tiers; behind ``adopt(_:calls:)``.
    package func forgetStale(after change: CatalogueChange) async {
        guard let keeping else { return }
        for tag in change.stale { _ = await keeping.cache.invalidate(.tag(tag)) }
    }

    /// Answers a request: returns when the answer is whole, or when a stream has its first content.
    ///
    /// Cancelling the task ends every call made for it that nobody else waits for.
    package func answer(_ ask: Ask) async throws(AnswerFailure) -> Answer {
        let fleet = fleet
        guard let keeping else { return try await alone(ask, by: nil, fleet, .off) }
        let route: Planner.Route
        do { route = try planner(fleet, isHealthKnown: false).route(ask.facts) } catch { throw refusal(ask, error, to: outcomes) }
        guard let course = keeping.course(for: ask, by: route, in: fleet.catalogue) else {
            return try await alone(ask, by: route, fleet, .bypassed)
        }
        // What is to be kept nowhere is shared with nobody.
        if course.wishes.noStore {
            if let answer = await lookedUp(ask, by: route, keeping, course) { return answer }
            keeping.refuse(.noStore)
            return try await alone(ask, by: route, fleet, .bypassed)
        }
        if let answer = recalled(ask, by: route, keeping, course) { return answer }
        return try await shared(ask, by: route, fleet, keeping, course)
    }

    /// Answers a request by a call of its own.
    ///
    /// - Parameter arrival: from when on its deadline counts; nil for now.
    func alone(
        _ ask: Ask, by route: Planner.Route?, _ fleet: Fleet, _ note: CacheNote, since arrival: Instant? = nil
    ) async throws(AnswerFailure) -> Answer {
        if ask.cache.onlyIfCached { throw AnswerFailure(error: .notCached) }
        var run = try run(ask, by: route, fleet, sink: outcomes, keepsUsage: false, since: arrival ?? now())
        switch try await run.answer() {
        case .whole(var head, let whole):
            head.cache = note
            return .whole(head, whole)
        case .stream(var head, let stream):
            head.cache = note
            return .stream(head, AnswerStream(stream))
        }
    }

    /// The attempts for a request, planned.
    func run(
        _ ask: Ask, by route: Planner.Route?, _ fleet: Fleet, sink: any OutcomeSink, keepsUsage: Bool, since arrival: Instant
    ) throws(AnswerFailure) -> AttemptRun {
        let plan: Plan
        do throws(PlanFailure) {
            let planner = planner(fleet, isHealthKnown: true)
            var facts = ask.facts
            facts.warmPrompt = ask.conversation.flatMap { fleet.prompts.prompt(of: $0) }
            if let route { plan = try planner.plan(facts, by: route) } else { plan = try planner.plan(facts) }
        } catch { throw refusal(ask, error, to: sink) }
        let settlement = Settlement(requestID: ask.requestID, isStream: ask.request.isStream, sink: sink, since: arrival, now: now)
        settlement.note {
            $0.agent = plan.agent?.id
            $0.asked = .init(target: ask.target, needs: ask.request.needs, complexity: plan.complexity)
        }
        return AttemptRun(
            AttemptRun.Assignment(
                ask: ask, plan: plan, fleet: fleet, settlement: settlement, now: now, random: random, heartbeat: heartbeat,
                keepsUsage: keepsUsage))
    }

    /// A request that no attempt is made for, which has its outcome all the same.
    private func refusal(_ ask: Ask, _ error: PlanFailure, to sink: any OutcomeSink) -> AnswerFailure {
        let failure = AnswerFailure(error)
        var outcome = Outcome(requestID: ask.requestID, isStream: ask.request.isStream)
        outcome.ending = .failed(failure.error.code)
        sink.record(outcome)
        return failure
    }

    func planner(_ fleet: Fleet, isHealthKnown: Bool) -> Planner {
        guard isHealthKnown else { return Planner(catalogue: fleet.catalogue, health: [], spread: 0) }
        return Planner(
            catalogue: fleet.catalogue, health: fleet.breakers.health(), benched: fleet.keys.benched(), spread: random(),
            measures: fleet.loads)
    }

    /// The account of a request that makes no call of its own.
    func settlement(
        for ask: Ask, _ route: Planner.Route, since arrival: Instant, sink: (any OutcomeSink)? = nil
    ) -> Settlement {
        let settlement = Settlement(
            requestID: ask.requestID, isStream: ask.request.isStream, sink: sink ?? outcomes, since: arrival, now: now)
        settlement.note {
            $0.agent = route.agent?.id
            $0.cost = .zero
        }
        return settlement
    }
}

/// The place of the fleet in force.
private final class CurrentFleet: Sendable {
    private let fleet: Mutex<Fleet>

    init(_ fleet: Fleet) { self.fleet = Mutex(fleet) }

    var now: Fleet { fleet.withLock { $0 } }

    func put(_ next: Fleet) {
        // The old one may end here, which must not happen under the lock.
        let old = fleet.withLock { fleet in
            defer { fleet = next }
            return fleet
        }
        withExtendedLifetime(old) {}
    }
}

/// Numbers that spread load and retries. They need to be even, not secret, so they cost no system call.
private enum Spread {
    private static let state = Atomic(UInt64.random(in: 0...UInt64.max))

    /// 0..<1, by SplitMix64 (Steele, Lea, Flood 2014), whose state is a plain counter and so can be shared.
    static func next() -> Double {
        var bits = state.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return Double((bits ^ (bits >> 31)) >> 11) / Double(1 << 53)
    }
}
