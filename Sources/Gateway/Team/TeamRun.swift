import Core
import Wire

/// Lets a team answer: one task group for its calls, each with a plan, breakers, fallbacks and a deadline of its own.
///
/// Each call is read by a task that puts what it brings on the floor. The run picks up what lies there, and tells it all at once. So a
/// slow reader holds the members up, each with a piece on the floor and one in hand, and whatever ends the group ends their calls.
struct TeamRun {
    typealias Tell = ([TeamEvent]) async throws -> Void
    typealias Group = ThrowingDiscardingTaskGroup<any Error>

    let gateway: Gateway
    let fleet: Fleet
    let ask: Ask
    let team: TeamRequest
    let started: Instant
    let deadline: Instant
    var progress: TeamProgress
    var ceiling: CostCeiling
    /// By place in the team, the synthesis last; nil for those that were not made.
    var calls: [TeamCall?]
    var voices: [Int: TeamCompletion.Voice] = [:]
    var failures: [(failure: TeamCompletion.Failure, cause: AnswerFailure)] = []
    /// Where calls put down what they bring; those behind the members have one of their own.
    private var floor = TeamFloor()
    /// Calls whose end was not heard yet.
    private var underWay = 0
    /// Why no more is waited for, where it is not that enough has come.
    private var stopped: GatewayError?
    /// What happened, and was not told yet.
    private var untold: [TeamEvent] = []
    /// When the reader was last told something, or would have been.
    private var lastTold: Instant
    private(set) var firstContent: Instant?

    /// The whole request's limit, where its caller sets none.
    static let timeLimit: Duration = .seconds(180)

    /// - Parameter started: when the request came: its time counts from there.
    init(_ asked: TeamAsk, gateway: Gateway, fleet: Fleet, since started: Instant) {
        self.gateway = gateway
        self.fleet = fleet
        ask = asked.ask
        team = asked.team
        self.started = started
        deadline = started.advanced(by: asked.ask.request.policy.deadline ?? Self.timeLimit)
        progress = TeamProgress(asked.team)
        ceiling = CostCeiling(asked.team.maxCost)
        calls = Array(repeating: nil, count: asked.team.members.count + 1)
        lastTold = started
    }

    /// The place of the last call, which makes one answer of several.
    var synthesisIndex: Int { team.members.count }

    func name(of call: Int) -> String { call == synthesisIndex ? TeamRequest.synthesisName : team.members[call].name }

    // MARK: The calls

    /// Asks the members until enough has come, and lets one answer be made of theirs where the team wants that.
    ///
    /// - Throws: `CancellationError` when the caller left, or what `tell` throws. All calls have ended then.
    mutating func gather(_ tell: Tell) async throws {
        try await listen(tell) { run, group in run.startDue(&group) }
        if case .synthesis(let answered) = progress.conclusion {
            try await listen(tell) { run, group in run.startSynthesis(of: answered, &group) }
        }
    }

    /// Begins calls, and hears them until the last has ended.
    private mutating func listen(_ tell: Tell, _ begin: (inout TeamRun, inout Group) -> Void) async throws {
        let floor = TeamFloor()
        self.floor = floor
        try await withThrowingDiscardingTaskGroup { group in
            defer {
                group.cancelAll()
                floor.close()
            }
            begin(&self, &group)
            addBeat(to: &group)
            try await flush(tell)
            while underWay > 0 {
                let pieces = await floor.take()
                // A call that ended because the caller left is no answer.
                try Task.checkCancellation()
                for piece in pieces { hear(piece, &group) }
                try await flush(tell)
            }
        }
    }

    /// Starts the members that are due.
    private mutating func startDue(_ group: inout Group) {
        // One that cannot be asked may make another due.
        while case let due = progress.due, !due.isEmpty {
            let limit = latestEnd(of: due.count)
            for index in due {
                progress.start(index)
                var request = ask.request
                if team.isInTurn, !voices.isEmpty { request = request.following(fence(voices.keys.sorted())) ?? request }
                start(index, request, team.members[index].target, by: limit, &group)
            }
        }
    }

    /// Starts the call that makes one answer of these.
    private mutating func startSynthesis(of answered: [Int], _ group: inout Group) {
        ceiling.settle(synthesisIndex, cost: .zero)
        let missing = failures.map { (name: $0.failure.name, reason: $0.failure.code) }
        if let request = ask.request.synthesising(fence(answered), failed: missing) {
            start(synthesisIndex, request, .anyModel, by: deadline, &group)
        } else {
            fail(synthesisIndex, AnswerFailure(error: .noSynthesis))
        }
    }

    private mutating func start(
        _ index: Int, _ request: ChatRequest, _ target: RequestFacts.Target, by limit: Instant, _ group: inout Group
    ) {
        let call = TeamCall(name(of: index), started: gateway.now())
        calls[index] = call
        do throws(AnswerFailure) {
            let run = try run(request, target, for: index, into: call.book, by: limit)
            underWay += 1
            let speaker = speaker(index)
            group.addTask { await speaker.open(run) }
        } catch { fail(index, error) }
    }

    private func speaker(_ index: Int) -> TeamSpeaker { TeamSpeaker(call: index, name: name(of: index), floor: floor) }

    private func addBeat(to group: inout Group) {
        let (floor, since, sleep) = (floor, lastTold, gateway.heartbeat.sleep)
        group.addTask {
            try? await sleep(since.advanced(by: Heartbeat.interval))
            await floor.put(.beat(since: since), by: nil)
        }
    }

    // MARK: What they bring

    private mutating func hear(_ piece: TeamFloor.Piece, _ group: inout Group) {
        guard let index = piece.call else {
            if case .beat(let since) = piece.news { beat(since: since, &group) }
            return
        }
        hear(piece.news, from: index, &group)
        guard piece.news.isEnd else { return }
        underWay -= 1
        guard index != synthesisIndex else { return }
        if progress.isSettled { end(&group) } else { startDue(&group) }
    }

    private mutating func hear(_ news: TeamNews, from index: Int, _ group: inout Group) {
        switch news {
        case .opened(let head, let stream):
            calls[index]?.open(head)
            if firstContent == nil { firstContent = gateway.now() }
            say(.started(index, name: name(of: index), model: head.model))
            let speaker = speaker(index)
            group.addTask { await speaker.read(stream, from: head.model) }
        case .said(let chunks):
            guard index == synthesisIndex || !progress.isSettled else { return }
            say(.said(index, name: name(of: index), model: calls[index]?.model ?? "", chunks))
        case .resumed(let resumption): calls[index]?.resume(resumption)
        case .ended(let voice): answered(index, voice)
        case .whole(let head, let voice):
            calls[index]?.open(head)
            answered(index, voice)
        case .failed(let failure): failed(index, failure)
        case .beat: break
        }
    }

    private mutating func answered(_ index: Int, _ voice: TeamCompletion.Voice) {
        settle(index)
        // Enough had come: what it cost is waste.
        if index != synthesisIndex, progress.isSettled { return progress.cancel(index) }
        var voice = voice
        voice.cost = calls[index]?.book.attempts.cost
        voice.seconds = calls[index]?.started.duration(to: gateway.now()).seconds
        voices[index] = voice
        say(.ended(voice))
        guard index != synthesisIndex else { return }
        progress.answer(index, voice.text)
        if ceiling.isBroken { stop(ceilingBroken) }
    }

    private mutating func failed(_ index: Int, _ failure: AnswerFailure) {
        settle(index)
        guard index != synthesisIndex else { return fail(index, failure) }
        if progress.isSettled, stopped == nil { return progress.cancel(index) }
        fail(index, stopped.map { AnswerFailure(error: $0) } ?? failure)
        if ceiling.isBroken { stop(ceilingBroken) }
    }

    private mutating func fail(_ index: Int, _ cause: AnswerFailure) {
        if index != synthesisIndex { progress.fail(index) }
        let now = gateway.now()
        let call = calls[index] ?? TeamCall(name(of: index), started: now)
        let failure = call.failure(cause.error, at: now)
        failures.append((failure, cause))
        say(.failed(failure))
    }

    /// Starts nobody else, and waits for nobody.
    private mutating func stop(_ reason: GatewayError) {
        guard !progress.isSettled else { return }
        stopped = reason
        let waiting = progress.states.indices.filter { progress.states[$0] == .waiting }
        progress.stop()
        for index in waiting { fail(index, AnswerFailure(error: reason)) }
    }

    /// Cancels whoever is still at work.
    private func end(_ group: inout Group) {
        // Those that enough came without have not failed.
        if stopped == nil { for call in calls { call?.book.release() } }
        group.cancelAll()
    }

    /// Puts what a call cost in the place of what it was expected to.
    private mutating func settle(_ index: Int) {
        guard ceiling.limit != nil else { return }
        let receipt = calls[index]?.book.attempts.receipt
        ceiling.settle(index, cost: receipt.flatMap { $0.isComplete ? $0.total : nil })
    }

    // MARK: Telling

    private mutating func say(_ event: TeamEvent) {
        untold.append(event)
        lastTold = gateway.now()
    }

    private mutating func beat(since: Instant, _ group: inout Group) {
        // In a group that was cancelled no beat waits.
        guard !group.isCancelled else { return }
        // Before the first content there is nobody to be told; the next one is due an interval later all the same.
        if since == lastTold { if firstContent == nil { lastTold = gateway.now() } else { say(.beat) } }
        addBeat(to: &group)
    }

    /// Tells what happened. Until the first content is there, all is held back: the request can still fail as a whole.
    private mutating func flush(_ tell: Tell) async throws {
        guard firstContent != nil, !untold.isEmpty else { return }
        defer { untold = [] }
        try await tell(untold)
    }
}
