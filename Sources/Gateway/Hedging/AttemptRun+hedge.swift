import Core
import Wire

/// A second attempt beside one that is late. It comes out of the plan, counts for its limit, and whichever has the first content
/// first gives the answer; the other is cancelled at once.
extension AttemptRun {
    /// An attempt that runs beside the plan's own.
    private struct Hedge: Sendable {
        let call: AttemptCall
        /// How the plan goes on should it win.
        let course: AttemptCourse
    }

    /// Members of a team are not hedged: the others may well be enough, and what they may cost is set aside one by one.
    var mayHedge: Bool { ask.member == nil }

    /// Waits for what a call delivers, and hedges it where that is due.
    mutating func reach(_ call: consuming AttemptCall, _ aim: Aim) async throws -> Delivery {
        var call = call
        guard let due = hedgeDue(call, aim) else { return try await call.delivery() }
        if let delivery = try await call.delivery(before: due) { return delivery }
        guard let hedge = try startHedge(beside: call.attempt.planned) else { return try await call.delivery() }
        return try await race(call, hedge)
    }

    /// When the call's first content is later than its deployment's usually is; nil where it will not be hedged.
    private func hedgeDue(_ call: AttemptCall, _ aim: Aim) -> Instant? {
        guard let hedging = fleet.hedging, mayHedge, hedge == nil, !aim.isContinuation, course.hasAlternative,
            let usual = hedging.usual(of: call.attempt.planned.deployment, isStream: ask.request.isStream)
        else { return nil }
        let due = now().advanced(by: usual)
        return due < call.limit ? due : nil
    }

    /// Starts the plan's next attempt that can be, as far as hedges may be started at all.
    private mutating func startHedge(beside first: Plan.Attempt) throws -> Hedge? {
        let alternatives = course.alternatives
        guard let hedging = fleet.hedging, let choice = choice(among: alternatives, beside: first), hedging.begin() else { return nil }
        let planned = alternatives[alternatives.startIndex + choice]
        guard let permit = fleet.admit(planned.deployment) else {
            hedging.takeBack()
            return nil
        }
        hedge = .lost
        let attempt = open(planned, for: .answer, as: .hedge, permit)
        let ifItWins = course.hedge(with: choice)
        do {
            return Hedge(call: try begin(attempt, .answer, isHedge: true), course: ifItWins)
        } catch let failure as AttemptFailure {
            note(failure, of: attempt)
            return nil
        }
    }

    private func choice(among alternatives: ArraySlice<Plan.Attempt>, beside first: Plan.Attempt) -> Int? {
        HedgeRule.choice(
            among: alternatives, beside: first, limit: ask.request.policy.maxCost, cost: { plan.forecast.cost(on: $0) },
            isWell: { fleet.breakers.availability(of: $0) == .ready && fleet.keys.availability(of: $0) == .ready })
    }

    // MARK: The race

    /// How one of the two ended.
    private enum Finish: Sendable {
        case delivered(Delivery, isHedge: Bool)
        case failed(AttemptFailure, isHedge: Bool)
        /// The other one has answered, or the caller has left.
        case cancelled
    }

    /// Waits for the first of both that delivers. A failure of one leaves the other running, unless nobody would answer differently.
    ///
    /// - Throws: when neither did, the first call's failure, behind which the plan goes on as ever.
    private mutating func race(_ first: AttemptCall, _ second: Hedge) async throws -> Delivery {
        var winner: (delivery: Delivery, isHedge: Bool)?
        var failure: AttemptFailure?
        await withTaskGroup(of: Finish.self) { group in
            group.addTask { await Self.finish(first, isHedge: false) }
            group.addTask { await Self.finish(second.call, isHedge: true) }
            for await finish in group where winner == nil {
                switch finish {
                case .delivered(let delivery, let isHedge):
                    winner = (delivery, isHedge)
                    group.cancelAll()
                case .failed(let failed, let isHedge):
                    note(failed, of: isHedge ? second.call.attempt : first.attempt)
                    if isHedge { continue }
                    failure = failed
                    if failed.fault.meaning.remedy == .giveUp { group.cancelAll() }
                case .cancelled: break
                }
            }
        }
        guard let winner else {
            try Task.checkCancellation()
            fleet.hedging?.countWaste(second.call.attempt.lose())
            throw failure ?? CancellationError()
        }
        fleet.hedging?.countWaste((winner.isHedge ? first.attempt : second.call.attempt).lose())
        if winner.isHedge {
            hedge = .won
            course = second.course
            fleet.hedging?.countWin()
        }
        return winner.delivery
    }

    private static func finish(_ call: AttemptCall, isHedge: Bool) async -> Finish {
        var call = call
        do {
            return .delivered(try await call.delivery(), isHedge: isHedge)
        } catch let failure as AttemptFailure {
            return .failed(failure, isHedge: isHedge)
        } catch {
            return .cancelled
        }
    }
}
