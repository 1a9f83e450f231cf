import Core
import NIOCore
import Wire

/// Answering with the cache before the attempts, and identical requests by one call.
extension Gateway {
    /// An answer out of memory, if one is there: without suspending.
    func recalled(_ ask: Ask, by route: Planner.Route, _ keeping: AnswerKeeping, _ course: CacheCourse) -> Answer? {
        guard course.wishes.mayRead, let hit = keeping.cache.recall(course.query) else { return nil }
        let settlement = settlement(for: ask, route, since: now())
        return given(hit, ask, by: route, keeping, settlement)
    }

    /// An answer out of any tier, if one is there: a lookup that nobody else shares.
    func lookedUp(_ ask: Ask, by route: Planner.Route, _ keeping: AnswerKeeping, _ course: CacheCourse) async -> Answer? {
        let started = now()
        guard course.wishes.mayRead, let hit = await keeping.cache.look(up: course.query) else { return nil }
        return given(hit, ask, by: route, keeping, settlement(for: ask, route, since: started))
    }

    /// Joins the call for this request, or leads it.
    func shared(
        _ ask: Ask, by route: Planner.Route, _ fleet: Fleet, _ keeping: AnswerKeeping, _ course: CacheCourse
    ) async throws(AnswerFailure) -> Answer {
        let started = now()
        for _ in 0..<Self.flightLimit {
            let book = LeaderBook(outcomes)
            let course = course.begun(at: keeping.cache.moment)
            let boarded = keeping.flights.answers.board(
                course.query.address.key, policy: ask.request.policy, wishes: course.wishes, on: ask.executor,
                isOutdated: { keeping.isOutdated(course, for: ask) }
            ) { flight in
                await call(ask, by: route, fleet, keeping, course, book, flight, since: started)
                book.close()
            }
            guard let (seat, isLeader) = boarded else { break }
            let settlement = settlement(for: ask, route, since: started, sink: isLeader ? book.request : outcomes)
            if let answer = try await answer(ask, from: seat, isLeader: isLeader, keeping, settlement) { return answer }
            if let deadline = ask.request.policy.deadline, started.duration(to: now()) >= deadline { break }
        }
        return try await alone(ask, by: route, fleet, .bypassed, since: started)
    }

    /// How often a request whose flight ended for another's sake begins anew before it goes alone. Its deadline does not.
    static let flightLimit = 3

    // MARK: In a seat

    /// What comes of waiting; nil where the call ended for a reason that need not be this request's, too.
    private func answer(
        _ ask: Ask, from seat: FlightSeat<AnswerCargo>, isLeader: Bool, _ keeping: AnswerKeeping, _ settlement: Settlement
    ) async throws(AnswerFailure) -> Answer? {
        do {
            switch try await seat.landing() {
            case .whole(var head, var whole):
                if !isLeader, !head.cache.isHit {
                    head.cache = .joined
                    whole = whole.shared(by: head)
                }
                return given(whole, head, ask, keeping, settlement)
            case .stream(var head):
                if !isLeader { head.cache = .joined }
                settlement.note {
                    $0.cache = head.cache
                    $0.model = head.model
                }
                if ask.request.isStream {
                    return .stream(
                        head,
                        AnswerStream(
                            SeatStream(seat, head, wantsUsage: ask.request.wantsUsage, settlement: settlement, isLeader: isLeader)))
                }
                return try await gathered(from: seat, head, settlement)
            case .failed(let failure, let leader):
                if !isLeader, !failure.error.concerns(ask.request, notOnly: leader) { return withdrawn(settlement) }
                settlement.settle(.failed(failure.error.code))
                throw isLeader ? failure : failure.shared
            }
        } catch let failure as AnswerFailure {
            throw failure
        } catch {
            settlement.settle(.callerGone)
            throw AnswerFailure(error: GatewayError(.callerGone, .client, "The caller hung up."))
        }
    }

    /// The request goes on elsewhere, and its outcome with it.
    private func withdrawn(_ settlement: Settlement) -> Answer? {
        settlement.withdraw()
        return nil
    }

    /// Waits for the whole of a stream; nil where it broke off, which a caller who has nothing of it need not suffer.
    private func gathered(from seat: FlightSeat<AnswerCargo>, _ head: AnswerHead, _ settlement: Settlement) async throws -> Answer? {
        do { while try await !seat.read(beat: {}).isEmpty {} } catch is GatewayError { return withdrawn(settlement) }
        guard let whole = seat.flight.whole else { return withdrawn(settlement) }
        settlement.note { $0.usage = whole.usage }
        settlement.settle(.complete)
        return .whole(head, whole.shared(by: head))
    }

    // MARK: What is there

    private func given(
        _ hit: CacheHit, _ ask: Ask, by route: Planner.Route, _ keeping: AnswerKeeping, _ settlement: Settlement
    ) -> Answer {
        let (head, whole) = hit.told(by: route)
        return given(whole, head, ask, keeping, settlement)
    }

    /// A whole answer in the form that was asked for.
    private func given(
        _ whole: WholeAnswer, _ head: AnswerHead, _ ask: Ask, _ keeping: AnswerKeeping, _ settlement: Settlement
    ) -> Answer {
        settlement.note {
            $0.cache = head.cache
            $0.model = head.model
            $0.usage = whole.usage
            $0.cost = whole.cost
        }
        if ask.request.isStream,
            let replay = ReplayStream(
                whole, withUsage: ask.request.wantsUsage, pace: ReplayPace(keeping.settings.pace), settlement: settlement)
        {
            return .stream(head, AnswerStream(replay))
        }
        settlement.settle(.complete)
        return .whole(head, whole)
    }

    // MARK: The call

    /// What a flight does: asks the remote tier, then the providers, and keeps what came.
    private func call(
        _ ask: Ask, by route: Planner.Route, _ fleet: Fleet, _ keeping: AnswerKeeping, _ course: CacheCourse, _ book: LeaderBook,
        _ flight: Flight<AnswerCargo>, since arrival: Instant
    ) async {
        if course.wishes.mayRead, let hit = await keeping.cache.look(up: course.query) {
            let (head, whole) = hit.told(by: route)
            return flight.land(.whole(head, whole))
        }
        if course.wishes.onlyIfCached { return flight.land(.failed(AnswerFailure(error: .notCached), of: ask.request)) }
        let started = now()
        do throws(AnswerFailure) {
            var run = try run(ask, by: route, fleet, sink: book.call, keepsUsage: true, since: arrival)
            switch try await run.answer() {
            case .whole(var head, let whole):
                let refusal = keeping.keep(
                    whole, head, wasResumed: false, seconds: started.duration(to: now()).seconds, for: ask, on: course,
                    by: fleet.catalogue.complexityModel)
                head.cache = course.note(stored: refusal == nil)
                flight.land(.whole(head, whole))
            case .stream(var head, let stream):
                head.cache = course.note(stored: nil)
                flight.land(.stream(head))
                await relay(stream, head, since: started, ask, keeping, course, by: fleet.catalogue.complexityModel, to: flight)
            }
        } catch {
            keeping.refuse(.broken)
            flight.land(.failed(error, of: ask.request))
        }
    }

    /// Hands a stream's parts to the seats, and keeps the answer that they make.
    private func relay(
        _ stream: AttemptStream, _ head: AnswerHead, since started: Instant, _ ask: Ask, _ keeping: AnswerKeeping,
        _ course: CacheCourse, by model: ComplexityModel, to flight: Flight<AnswerCargo>
    ) async {
        var stream = stream
        var wasResumed = false
        do {
            while let part = try await stream.next(beat: { flight.beat() }) {
                switch part {
                case .events(let events):
                    for entry in FlightLog<AnswerStream.Part>.Entry.entries(of: events) { await flight.append(entry) }
                case .resumed:
                    wasResumed = true
                    await flight.append(FlightLog<AnswerStream.Part>.Entry(part: part, isUsageOnly: false, bytes: 0))
                case .done(let end):
                    if let chunks = flight.chunks, let body = AnswerAssembly.completion(of: chunks.map(\.data)) {
                        let whole = WholeAnswer(body: body, usage: end.usage, attempts: end.attempts)
                        flight.put(whole)
                        _ = keeping.keep(
                            whole, head, wasResumed: wasResumed, seconds: started.duration(to: now()).seconds, for: ask,
                            on: course, by: model)
                    } else {
                        keeping.refuse(flight.chunks == nil ? .tooLarge : .incomplete)
                    }
                    await flight.append(FlightLog<AnswerStream.Part>.Entry(part: part, isUsageOnly: false, bytes: 0))
                case .failed:
                    keeping.refuse(.broken)
                    await flight.append(FlightLog<AnswerStream.Part>.Entry(part: part, isUsageOnly: false, bytes: 0))
                }
            }
        } catch { keeping.refuse(.broken) }
    }
}

extension StoreRefusal {
    /// Why a call of this task brought no answer: a flight's task is cancelled when its last seat is left.
    static var broken: StoreRefusal { Task.isCancelled ? .left : .failed }
}

extension CacheCourse {
    func begun(at moment: CacheMoment) -> CacheCourse {
        var course = self
        course.moment = moment
        return course
    }

    func note(stored: Bool?) -> CacheNote { wishes.mayRead ? .missed(stored: stored) : .refreshed(stored: stored) }
}

extension CacheHit {
    fileprivate func told(by route: Planner.Route) -> (AnswerHead, WholeAnswer) {
        let head = AnswerHead(
            model: answer.model, deployment: answer.deployment, agent: route.agent, routing: route.routing, complexity: nil,
            reason: nil, failedAttempts: [], cache: .hit(tier, age: age, remaining: remaining))
        let line = Receipt.Line.cacheHit(model: answer.model, deployment: answer.deployment, saved: answer.cost)
        return (head, WholeAnswer(body: answer.body, usage: answer.usage, withoutCall: line))
    }
}

extension FlightLog<AnswerStream.Part>.Entry {
    /// The events as one entry, those apart that are nothing but the usage.
    fileprivate static func entries(of events: [SSEEvent]) -> [Self] {
        var entries: [Self] = []
        var batch: [SSEEvent] = []
        func close() {
            guard !batch.isEmpty else { return }
            entries.append(.init(part: .events(batch), isUsageOnly: false, bytes: batch.reduce(0) { $0 + $1.weight }))
            batch = []
        }
        for event in events {
            if ProviderAnswer.isUsageOnly(event.data) {
                close()
                entries.append(.init(part: .events([event]), isUsageOnly: true, bytes: event.weight))
            } else {
                batch.append(event)
            }
        }
        close()
        return entries
    }
}

extension SSEEvent {
    /// About what it takes to hold it.
    fileprivate var weight: Int { data.readableBytes + 160 }
}

extension GatewayError {
    /// Whether a failure that a leader's request met would have met this one, too. Patience and leaving are the leader's own. A
    /// request that is refused for what it says may say it in a field that the key leaves out; the same body says the same.
    func concerns(_ request: ChatRequest, notOnly leader: ChatRequest?) -> Bool {
        switch code {
        case .deadline, .callerGone: false
        case _ where source == .client, .providerRefused: request.document.bytes == leader?.document.bytes
        default: true
        }
    }

    /// `only-if-cached`, and it is not (RFC 9111 §5.2.1.7).
    static let notCached = GatewayError(
        .notCached, .client, "The answer is not in the cache, and the request says only-if-cached. Send it without.")
}
