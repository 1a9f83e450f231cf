import Core
import Wire

/// Lets a team answer: one task group for all members, each with a plan, breakers, fallbacks and a deadline of its own.
///
/// Every read of a member's stream is a task of the group, and the next one begins when what it brought was told. So a slow reader holds
/// the members up, each with one piece in hand, and whatever ends the group ends their calls.
struct TeamRun {
    typealias Tell = (TeamEvent) async throws -> Void
    private typealias Group = ThrowingTaskGroup<Step, any Error>

    let gateway: Gateway
    let fleet: Fleet
    let ask: Ask
    let team: TeamRequest
    let started: Instant
    let deadline: Instant
    var progress: TeamProgress
    var ceiling: CostCeiling
    /// By place in the team; nil for those that were not asked.
    var members: [TeamMember?]
    var synthesis: TeamMember?
    var voices: [Int: TeamCompletion.Voice] = [:]
    var failures: [(failure: TeamCompletion.Failure, cause: AnswerFailure)] = []
    /// Why no more is waited for, where it is not that enough has come.
    private var stopped: GatewayError?
    /// Streams that are read, by member.
    private var streams: [Int: MemberStream] = [:]
    /// What was not told yet, until the first content; nil behind it.
    private var held: [TeamEvent]? = []
    /// When the reader was last told something.
    var lastTold: Instant
    private(set) var firstContent: Instant?

    /// What a task of the group found.
    private enum Step: Sendable {
        case opened(Int, AnswerHead, MemberStream)
        case whole(Int, AnswerHead, WholeAnswer)
        case part(Int, AnswerStream.Part?)
        case failed(Int, AnswerFailure)
        /// The reader was told nothing for a while, unless that was since.
        case beat(since: Instant)
    }

    /// The whole request's limit, where its caller sets none.
    static let timeLimit: Duration = .seconds(180)

    init(_ asked: TeamAsk, gateway: Gateway, fleet: Fleet) {
        self.gateway = gateway
        self.fleet = fleet
        ask = asked.ask
        team = asked.team
        started = gateway.now()
        deadline = started.advanced(by: asked.ask.request.policy.deadline ?? Self.timeLimit)
        progress = TeamProgress(asked.team)
        ceiling = CostCeiling(asked.team.maxCost)
        members = Array(repeating: nil, count: asked.team.members.count)
        lastTold = started
    }

    // MARK: All members

    /// Asks the members until enough has come.
    ///
    /// - Throws: `CancellationError` when the caller left, or what `tell` throws. All calls have ended then.
    mutating func askMembers(_ tell: Tell) async throws {
        try await withThrowingTaskGroup(of: Step.self) { group in
            defer { group.cancelAll() }
            await start(&group)
            addBeat(to: &group)
            while progress.states.contains(.running), let step = try await group.next() {
                // A call that ended because the caller left is no answer.
                try Task.checkCancellation()
                try await take(step, &group, tell)
                if progress.isSettled { end(&group) } else { await start(&group) }
            }
        }
        streams = [:]
        try Task.checkCancellation()
    }

    /// Cancels whoever is still at work.
    private func end(_ group: inout Group) {
        // Those that enough came without have not failed.
        if stopped == nil { for member in members { member?.book.release() } }
        group.cancelAll()
    }

    /// Starts those that are due.
    private mutating func start(_ group: inout Group) async {
        // One that cannot be asked may make another due.
        while case let due = progress.due, !due.isEmpty {
            let limit = latestEnd(of: due.count)
            for index in due {
                progress.start(index)
                start(index, by: limit, &group)
            }
        }
    }

    private mutating func start(_ index: Int, by limit: Instant, _ group: inout Group) {
        let (member, now) = (team.members[index], gateway.now())
        members[index] = TeamMember(index: index, name: member.name, started: now)
        do throws(AnswerFailure) {
            var request = ask.request
            if team.isInTurn, !voices.isEmpty { request = ask.request.following(fence(voices.keys.sorted())) ?? request }
            let run = try run(request, member.target, for: index, into: members[index]?.book, by: limit)
            group.addTask { try await Self.open(run, of: index) }
        } catch { fail(index, error) }
    }

    private static func open(_ run: AttemptRun, of index: Int) async throws -> Step {
        var run = run
        do throws(AnswerFailure) {
            switch try await run.answer() {
            case .whole(let head, let answer): return .whole(index, head, answer)
            case .stream(let head, let stream): return .opened(index, head, MemberStream(stream))
            }
        } catch { return .failed(index, error) }
    }

    private func read(_ index: Int, _ stream: MemberStream, _ group: inout Group) {
        group.addTask {
            do { return .part(index, try await stream.next()) } catch {
                return .failed(index, AnswerFailure(error: .letGo))
            }
        }
    }

    private func addBeat(to group: inout Group) {
        let (since, sleep) = (lastTold, gateway.heartbeat.sleep)
        group.addTask {
            try? await sleep(since.advanced(by: Heartbeat.interval))
            return .beat(since: since)
        }
    }

    // MARK: What they bring

    private mutating func take(_ step: Step, _ group: inout Group, _ tell: Tell) async throws {
        switch step {
        case .opened(let index, let head, let stream):
            members[index]?.begin(head)
            streams[index] = stream
            try await commit(tell)
            try await self.tell(.started(index, name: team.members[index].name, model: head.model), tell)
            read(index, stream, &group)
        case .whole(let index, let head, let answer):
            members[index]?.begin(head)
            guard let turn = members[index]?.take(answer) else { return }
            try await take(turn, of: index, tell)
        case .part(let index, let part):
            guard let turn = members[index]?.take(part) else { return }
            try await take(turn, of: index, tell)
            if progress.states[index] == .running, let stream = streams[index] { read(index, stream, &group) }
        case .failed(let index, let failure):
            try await failed(index, failure, tell)
        case .beat(let since):
            if since == lastTold { try await self.tell(.beat, tell) }
            if !progress.isSettled { addBeat(to: &group) }
        }
    }

    private mutating func take(_ turn: TeamMember.Turn, of index: Int, _ tell: Tell) async throws {
        switch turn {
        case .silent: break
        case .say(let chunks):
            guard !progress.isSettled else { break }
            try await self.tell(
                .said(index, name: team.members[index].name, model: members[index]?.model ?? "", chunks), tell)
        case .whole(let voice): try await answered(index, voice, tell)
        case .failed(let failure):
            streams.removeValue(forKey: index)?.close()
            try await failed(index, failure, tell)
        }
    }

    private mutating func answered(_ index: Int, _ voice: TeamCompletion.Voice, _ tell: Tell) async throws {
        streams[index] = nil
        settle(index)
        // Enough had come: what it cost is waste.
        guard !progress.isSettled else { return progress.cancel(index) }
        var voice = voice
        voice.cost = members[index]?.book.attempts.cost
        voice.seconds = members[index]?.started.duration(to: gateway.now()).seconds
        voices[index] = voice
        progress.answer(index, voice.text)
        try await self.tell(.ended(voice), tell)
        if ceiling.isBroken { stop(.ceilingBroken(team.maxCost ?? .zero)) }
    }

    private mutating func failed(_ index: Int, _ failure: AnswerFailure, _ tell: Tell) async throws {
        streams[index] = nil
        settle(index)
        if progress.isSettled, stopped == nil { return progress.cancel(index) }
        let failure = fail(index, stopped.map { AnswerFailure(error: $0) } ?? failure)
        try await self.tell(.failed(failure), tell)
        if ceiling.isBroken { stop(.ceilingBroken(team.maxCost ?? .zero)) }
    }

    @discardableResult
    private mutating func fail(_ index: Int, _ cause: AnswerFailure) -> TeamCompletion.Failure {
        progress.fail(index)
        let now = gateway.now()
        let member = members[index] ?? TeamMember(index: index, name: team.members[index].name, started: now)
        let failure = member.failure(cause.error, at: now)
        failures.append((failure, cause))
        return failure
    }

    /// Starts nobody else, and waits for nobody.
    private mutating func stop(_ reason: GatewayError) {
        guard !progress.isSettled else { return }
        stopped = reason
        let waiting = progress.states.indices.filter { progress.states[$0] == .waiting }
        progress.stop()
        for index in waiting { fail(index, AnswerFailure(error: reason)) }
    }

    /// Puts what a call cost in the place of what it was expected to.
    mutating func settle(_ call: Int) {
        guard ceiling.limit != nil else { return }
        let receipt = (call == team.members.count ? synthesis : members[call])?.book.attempts.receipt
        ceiling.settle(call, cost: receipt.flatMap { $0.isComplete ? $0.total : nil })
    }

    // MARK: Telling

    /// The first content is there: what was held back is told.
    mutating func commit(_ tell: Tell) async throws {
        guard let events = held else { return }
        held = nil
        firstContent = gateway.now()
        for event in events { try await self.tell(event, tell) }
    }

    mutating func tell(_ event: TeamEvent, _ tell: Tell) async throws {
        if held != nil {
            // There is nobody to be told yet; the next beat is due an interval later all the same.
            if case .beat = event { lastTold = gateway.now() } else { held?.append(event) }
            return
        }
        try await tell(event)
        lastTold = gateway.now()
    }
}

// MARK: One call

extension TeamRun {
    /// The attempts for one call of the team, planned, and its expected cost set aside.
    mutating func run(
        _ request: ChatRequest, _ target: RequestFacts.Target, for call: Int, into book: MemberBook?, by limit: Instant
    ) throws(AnswerFailure) -> AttemptRun {
        var request = request
        request.policy.maxCost = ceiling.left
        var own = Ask(
            requestID: ask.requestID, request: request, target: target,
            priority: call == team.members.count ? synthesisPriority : ask.priority, caller: ask.caller, cache: ask.cache,
            executor: ask.executor)
        let book = book ?? MemberBook()
        own.member = Ask.Membership(latestEnd: limit, book: book)
        let run = try gateway.run(own, by: nil, fleet, sink: book, keepsUsage: false, since: gateway.now())
        guard ceiling.limit == nil || ceiling.reserve(run.plan.greatestCost, for: call) else {
            run.settlement.withdraw()
            throw AnswerFailure(error: .ceilingBroken(team.maxCost ?? .zero))
        }
        return run
    }

    /// Whoever judges the members' answers should not be weaker than they are.
    var synthesisPriority: RequestFacts.Priority { ask.priority == .premium ? .premium : .high }

    /// When members that start now end at the latest: so early that who comes after them has time, too.
    private func latestEnd(of count: Int) -> Instant {
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
    /// A member that was let go of, or whose caller left.
    static let letGo = GatewayError(.callerGone, .client, "Its answer was not needed any more.")

    static func ceilingBroken(_ limit: Money) -> GatewayError {
        GatewayError(
            .costLimit, .client, "It would have cost more than 'quintet.max_cost' (\(limit.decimalUSD) USD) leaves.",
            param: "quintet.max_cost")
    }
}
