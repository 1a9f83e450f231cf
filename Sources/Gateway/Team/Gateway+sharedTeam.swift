import Core
import NIOCore
import Wire

/// Identical teams by one tree of calls.
extension Gateway {
    /// Joins the team that answers this question, or leads it.
    func shared(
        _ asked: TeamAsk, _ fleet: Fleet, _ keeping: AnswerKeeping, _ course: CacheCourse, since started: Instant,
        _ tell: ([TeamEvent]) async throws -> Void
    ) async throws -> TeamAnswer {
        var policy = asked.ask.request.policy
        // How a team is asked for is in the key as far as it matters.
        policy.asksForTeam = false
        for _ in 0..<Self.flightLimit {
            let book = LeaderBook(outcomes)
            let course = course.begun(at: keeping.cache.moment)
            let boarded = keeping.flights.teams.board(
                course.query.address.key, policy: policy, wishes: course.wishes, on: asked.ask.executor,
                isOutdated: { keeping.isOutdated(course, for: asked.ask) }
            ) { flight in
                await call(asked, fleet, keeping, course, book, flight, since: started)
                book.close()
            }
            guard let (seat, isLeader) = boarded else { break }
            let settlement = settlement(for: asked, to: isLeader ? book.request : outcomes, since: started)
            settlement.note { $0.cache = isLeader ? course.note(stored: nil) : .joined }
            if let answer = try await answer(asked, from: seat, isLeader: isLeader, keeping, settlement, tell) { return answer }
            settlement.withdraw()
            if let deadline = policy.deadline, started.duration(to: now()) >= deadline { break }
        }
        return try await made(asked, fleet, .bypassed, to: outcomes, since: started, tell)
    }

    // MARK: In a seat

    /// What comes of waiting; nil where the call ended for a reason that need not be this request's, too.
    private func answer(
        _ asked: TeamAsk, from seat: FlightSeat<TeamCargo>, isLeader: Bool, _ keeping: AnswerKeeping, _ settlement: Settlement,
        _ tell: ([TeamEvent]) async throws -> Void
    ) async throws -> TeamAnswer? {
        do {
            switch try await seat.landing() {
            case .whole(_, let whole):
                return try await given(whole.told(to: asked, isLeader: isLeader), asked, keeping, settlement, tell)
            case .stream:
                guard let whole = try await listen(to: seat, asked, isLeader: isLeader, tell) else { return nil }
                let answer = whole.told(to: asked, isLeader: isLeader)
                settlement.settle(with: answer)
                return answer
            case .failed(let failure, let leader):
                if !isLeader, failure.isOfItsRequest || !failure.error.concerns(asked.ask.request, notOnly: leader) { return nil }
                throw isLeader ? failure : failure.shared
            }
        } catch let error as GatewayError {
            settlement.settle(.failed(error.code))
            throw AnswerFailure(error: error)
        } catch {
            settlement.settle((error as? AnswerFailure).map { .failed($0.error.code) } ?? .callerGone)
            throw error
        }
    }

    /// Tells a stream's events, each member's in the place that it was asked for here. nil where it broke off, and the caller has
    /// nothing of it.
    private func listen(
        to seat: FlightSeat<TeamCargo>, _ asked: TeamAsk, isLeader: Bool, _ tell: ([TeamEvent]) async throws -> Void
    ) async throws -> TeamAnswer? {
        let isStream = asked.ask.request.isStream
        // Whoever has nothing of it yet can begin anew.
        let mayBeginAnew = !isStream && !isLeader
        while true {
            let entries: [FlightLog<TeamCargo.Part>.Entry]
            do { entries = try await seat.read(beat: { if isStream { try await tell([.beat]) } }) } catch {
                if error is GatewayError, mayBeginAnew { return nil }
                throw error
            }
            if entries.isEmpty { break }
            var events: [TeamEvent] = []
            for entry in entries {
                switch entry.part {
                case .events(let told): events += isLeader ? told : told.map { $0.joined(in: asked.names) }
                case .failed(let failure):
                    if mayBeginAnew { return nil }
                    if isStream, !events.isEmpty { try await tell(events) }
                    throw isLeader ? failure : failure.shared
                }
            }
            if isStream { try await tell(events) }
        }
        if let whole = seat.flight.whole { return whole }
        if mayBeginAnew { return nil }
        throw CancellationError()
    }

    // MARK: The calls

    /// What a flight does: asks the remote tier, then the team, and keeps what came.
    private func call(
        _ asked: TeamAsk, _ fleet: Fleet, _ keeping: AnswerKeeping, _ course: CacheCourse, _ book: LeaderBook, _ flight: Flight<TeamCargo>,
        since started: Instant
    ) async {
        if course.wishes.mayRead, let hit = await keeping.cache.look(up: course.query), let answer = kept(hit, asked, since: started) {
            return flight.land(.whole(answer.cache, answer))
        }
        if course.wishes.onlyIfCached { return flight.land(.failed(AnswerFailure(error: .notCached), of: asked.ask.request)) }
        let note = course.note(stored: nil)
        var hasLanded = false
        do {
            let answer = try await made(asked, fleet, note, to: book.call, since: started, keeping: (keeping, course)) { events in
                let told = events.filter { !$0.isBeat }
                if told.count < events.count { flight.beat() }
                guard !told.isEmpty else { return }
                if !hasLanded { flight.land(.stream(note)) }
                hasLanded = true
                await flight.append(.init(part: .events(told), isUsageOnly: false, bytes: told.reduce(0) { $0 + $1.weight }))
            }
            flight.put(answer)
            flight.land(.whole(answer.cache, answer))
        } catch let failure as AnswerFailure {
            flight.land(.failed(failure, of: asked.ask.request))
            await flight.append(.init(part: .failed(failure), isUsageOnly: false, bytes: 0))
        } catch {
            // Everybody left; there is nobody to be told.
        }
    }
}

extension TeamAnswer {
    /// The same for those who joined: in the order that they asked for, and without cost.
    fileprivate func told(to asked: TeamAsk, isLeader: Bool) -> TeamAnswer {
        guard !isLeader else { return self }
        var answer = self
        answer.completion = completion.ordered(as: asked.names)
        guard !cache.isHit else { return answer }
        for place in answer.completion.voices.indices { answer.completion.voices[place].cost = nil }
        answer.receipt = Receipt([
            Receipt.Line(
                kind: .sharedCall, model: TeamRequest.modelName, deployment: TeamRequest.modelName, outcome: "ok", charge: .nothing, saved: cost)
        ])
        (answer.cost, answer.attemptCount, answer.cache) = (.zero, 0, .joined)
        return answer
    }
}

extension TeamEvent {
    fileprivate var isBeat: Bool { if case .beat = self { true } else { false } }

    /// About what it takes to hold it.
    fileprivate var weight: Int {
        switch self {
        case .said(_, _, _, let chunks): chunks.reduce(150) { $0 + $1.size + 150 }
        case .ended(let voice): 600 + voice.choice.readableBytes + voice.text.utf8.count
        case .kept, .opened, .started, .failed, .beat: 300
        }
    }

    /// As a request that joined is told it, which may have named the members in another order.
    fileprivate func joined(in names: [String]) -> TeamEvent {
        func place(_ name: String) -> Int { names.firstIndex(of: name) ?? names.count }
        switch self {
        case .opened: return .opened(.joined)
        case .started(_, let name, let model): return .started(place(name), name: name, model: model)
        case .said(_, let name, let model, let chunks): return .said(place(name), name: name, model: model, chunks)
        case .ended(let voice):
            var voice = voice.moved(to: place(voice.name))
            voice.cost = nil
            return .ended(voice)
        case .kept, .failed, .beat: return self
        }
    }
}
