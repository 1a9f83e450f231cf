/// When a breaker opens, how long it waits, and what closes it. The defaults are the gateway's.
package struct BreakerSettings: Sendable, Equatable {
    /// Provider faults in a row that open it.
    package let consecutiveFaults: Int
    /// How far back the share of faults looks.
    package let window: Duration
    /// Calls in the window below which the share says nothing.
    package let windowMinimum: Int
    /// The share of faults in the window, 0–1, that opens it.
    package let windowFaultShare: Double
    /// How long it stays open at first.
    package let openFor: Duration
    /// The longest that failed probes can double it to.
    package let openForMax: Duration
    /// Successful probes that close it.
    package let successesToClose: Int
    /// How long a probe may keep the only slot; a probe that never reports back is given up after it.
    package let probeLease: Duration
    /// The longest `Retry-After` that is heeded: a hostile provider must not park its deployment for ever.
    package let retryAfterMax: Duration

    /// Values that no breaker can work with become the nearest that one can, so that it never traps or waits for ever; telling
    /// the admin about them is for whoever reads the configuration.
    package init(
        consecutiveFaults: Int = 5, window: Duration = .seconds(60), windowMinimum: Int = 10, windowFaultShare: Double = 0.5,
        openFor: Duration = .seconds(60), openForMax: Duration = .seconds(300), successesToClose: Int = 3,
        probeLease: Duration = .seconds(180), retryAfterMax: Duration = .seconds(3600)
    ) {
        self.consecutiveFaults = max(consecutiveFaults, 1)
        self.window = Self.workable(window)
        self.windowMinimum = max(windowMinimum, 1)
        // A share that is no number compares false and would never open it.
        self.windowFaultShare = windowFaultShare.isNaN ? 1 : windowFaultShare
        self.openFor = Self.workable(openFor)
        self.openForMax = max(Self.workable(openForMax), self.openFor)
        self.successesToClose = max(successesToClose, 1)
        self.probeLease = Self.workable(probeLease)
        self.retryAfterMax = min(max(retryAfterMax, .zero), .seconds(86_400))
    }

    private static func workable(_ duration: Duration) -> Duration { min(max(duration, .milliseconds(1)), .seconds(86_400)) }
}

/// Decides whether a deployment may be called, from what its calls came to. A pure state machine: it has no clock, lock or
/// task of its own; times are passed in, and whoever shares it guards it.
///
/// It opens at `consecutiveFaults` provider faults in a row, or at `windowFaultShare` of at least `windowMinimum` calls in the
/// window. It stays open for `openFor`, or as long as the fault's `Retry-After` asks, whichever ends later. Then it is
/// half-open: one probe at a time, `successesToClose` successes close it, and a failed probe opens it again for twice as long.
///
/// Times may arrive slightly out of order, because callers read the clock before they hold the lock: an earlier time counts as
/// the latest one seen.
package struct Breaker: Sendable {
    /// The clock that every time here is of.
    package typealias Instant = ContinuousClock.Instant

    /// How long a call is told to wait while a probe is under way: nobody knows when the probe ends, and most end soon.
    package static let waitForProbe: Duration = .seconds(1)

    enum State: Sendable {
        /// Calls pass. → `open` when faults reach a limit, → `forcedOpen` by an admin.
        case closed
        /// Calls are refused until `until`; `backoff` is what doubles when a probe fails. → `halfOpen` when a call is admitted
        /// after `until`; an admin can force it anywhere.
        case open(until: Instant, backoff: Duration)
        /// Calls are refused until an admin closes or resets it. → `closed`.
        case forcedOpen
        /// One probe at a time, under way since `probeSince`. → `closed` after enough `successes`, → `open` when a probe fails;
        /// an admin can force it anywhere.
        case halfOpen(backoff: Duration, successes: Int, probeSince: Instant?)
    }

    private var settings: BreakerSettings
    private(set) var state = State.closed
    private(set) var window: BreakerWindow
    private(set) var consecutiveFaults = 0
    /// Moves on with every change of state and every probe, and never back: a ticket of an older epoch decides nothing.
    private var epoch: UInt64 = 0
    private(set) var openedCount = 0
    /// When the present phase began; nil before the first call.
    private(set) var since: Instant?
    private var latest: Instant?
    private(set) var why = Reason.fresh
    private(set) var faults = Recent<FaultRecord>(limit: 5)
    private(set) var history = Recent<Transition>(limit: 20)
    /// Calls that succeeded or met a provider fault since the start or the last reset, and those that met a fault.
    private(set) var totals = (calls: 0, faults: 0)
    private(set) var firstContents = RecentTimes()

    /// A closed breaker that has seen nothing.
    package init(settings: BreakerSettings = .init()) {
        self.settings = settings
        window = BreakerWindow(length: settings.window)
    }
}

// MARK: - Other settings

extension Breaker {
    /// Whether calls simply pass.
    package var isClosed: Bool { if case .closed = state { true } else { false } }

    /// Goes on under these settings. A wait that has begun stays as long as it is; a window of another length begins anew.
    package mutating func adopt(_ settings: BreakerSettings) {
        if settings.window != self.settings.window { window = BreakerWindow(length: settings.window) }
        self.settings = settings
    }
}

// MARK: - Before a call

extension Breaker {
    /// Asked before each call. An admitted call owes its ticket to `settle`, exactly once, however the call ends.
    package mutating func admit(now: Instant) -> Admission {
        let now = observe(now)
        switch availability(now: now) {
        case .refused(let retryAfter): return .refused(retryAfter: retryAfter)
        case .ready: return .admitted(Ticket(epoch: epoch, isProbe: false, admittedAt: now, transition: nil))
        case .probeDue: return .admitted(startProbe(now: now))
        }
    }

    /// What `admit` would say, for planning; changes nothing.
    package func availability(now: Instant) -> Availability {
        let now = notBeforeLatest(now)
        switch state {
        case .closed: return .ready
        // No end is known; the usual open time is as good a moment to ask again as any.
        case .forcedOpen: return .refused(retryAfter: settings.openFor)
        case .open(let until, _): return now < until ? .refused(retryAfter: now.duration(to: until)) : .probeDue
        case .halfOpen(_, _, nil): return .probeDue
        case .halfOpen(_, _, let probeSince?):
            let leaseEnd = probeSince.advanced(by: settings.probeLease)
            guard now < leaseEnd else { return .probeDue }
            return .refused(retryAfter: min(Self.waitForProbe, now.duration(to: leaseEnd)))
        }
    }

    private mutating func startProbe(now: Instant) -> Ticket {
        var transition: Transition?
        switch state {
        case .open(_, let backoff):
            transition = move(to: .halfOpen(backoff: backoff, successes: 0, probeSince: now), because: .waitOver, now: now)
        case .halfOpen(let backoff, let successes, _):
            // The new epoch takes the slot from a probe that outlived its lease.
            epoch += 1
            state = .halfOpen(backoff: backoff, successes: successes, probeSince: now)
        case .closed, .forcedOpen:
            break  // `availability` never finds a probe due here.
        }
        return Ticket(epoch: epoch, isProbe: true, admittedAt: now, transition: transition)
    }
}

// MARK: - After a call

extension Breaker {
    /// Takes a ticket back with what the call proved, and says which transitions that caused (none or one).
    ///
    /// Calls admitted before the last change of state decide nothing: late successes do not close it, late faults do not
    /// re-open it. They show in the window and the faults while it is open or half-open; once it has closed, which forgives
    /// what was before, only in the faults. A late fault's longer `Retry-After` still extends the time an open breaker waits.
    ///
    /// `callID` (the request's id) and `elapsed` (since the ticket was given, if nil) are for the list of faults;
    /// `firstContent`, how long a stream took to its first content, is for admins and decides nothing.
    package mutating func settle(
        _ ticket: Ticket, _ verdict: Verdict, callID: String? = nil, elapsed: Duration? = nil,
        firstContent: Duration? = nil, now: Instant
    ) -> [Transition] {
        let now = observe(now)
        if let firstContent { firstContents.record(firstContent) }
        switch verdict {
        case .success:
            totals.calls += 1
            return settleSuccess(ticket, now: now)
        case .fault(let fault, let retryAfter) where fault.meaning.countsForBreaker:
            totals.calls += 1
            totals.faults += 1
            let elapsed = elapsed ?? ticket.admittedAt.duration(to: now)
            faults.append(FaultRecord(fault: fault, at: now, callID: callID.map(bounded), elapsed: elapsed))
            return settleFault(ticket, fault, retryAfter: heeded(retryAfter), now: now)
        case .neutral, .fault:
            if let (backoff, successes) = probe(of: ticket) {
                state = .halfOpen(backoff: backoff, successes: successes, probeSince: nil)
            }
            return []
        }
    }

    private mutating func settleSuccess(_ ticket: Ticket, now: Instant) -> [Transition] {
        count(ticket, isFault: false, now: now)
        if case .closed = state { return openIfShareReached(retryAfter: .zero, now: now) }
        guard let (backoff, before) = probe(of: ticket) else { return [] }
        let successes = before + 1
        guard successes < settings.successesToClose else { return [close(because: .probesSucceeded(successes), now: now)] }
        state = .halfOpen(backoff: backoff, successes: successes, probeSince: nil)
        return []
    }

    private mutating func settleFault(_ ticket: Ticket, _ fault: Fault, retryAfter: Duration, now: Instant) -> [Transition] {
        count(ticket, isFault: true, now: now)
        switch state {
        case .closed:
            guard consecutiveFaults >= settings.consecutiveFaults else {
                return openIfShareReached(retryAfter: retryAfter, now: now)
            }
            let reason = Reason.consecutiveFaults(consecutiveFaults, last: fault)
            return [open(for: settings.openFor, retryAfter: retryAfter, because: reason, now: now)]
        case .open(let until, let backoff):
            state = .open(until: max(until, now.advanced(by: retryAfter)), backoff: backoff)
            return []
        case .forcedOpen:
            return []
        case .halfOpen:
            guard let (backoff, _) = probe(of: ticket) else { return [] }
            let doubled = min(backoff * 2, settings.openForMax)
            return [open(for: doubled, retryAfter: retryAfter, because: .probeFailed(fault), now: now)]
        }
    }

    /// What is known of the half-open phase if this ticket holds its probe slot; nil for every other ticket. A new epoch
    /// begins with each probe, so the epoch tells the holder from a probe that lost its lease.
    private func probe(of ticket: Ticket) -> (backoff: Duration, successes: Int)? {
        guard case .halfOpen(let backoff, let successes, .some) = state, ticket.epoch == epoch else { return nil }
        return (backoff, successes)
    }

    private mutating func count(_ ticket: Ticket, isFault: Bool, now: Instant) {
        if case .closed = state, ticket.epoch != epoch { return }
        window.record(isFault: isFault, now: now)
        consecutiveFaults = isFault ? consecutiveFaults + 1 : 0
    }

    /// Checked after successes too: one of them can be the call that makes the window large enough to judge.
    private mutating func openIfShareReached(retryAfter: Duration, now: Instant) -> [Transition] {
        let (calls, faults) = window.counts(now: now)
        guard calls >= settings.windowMinimum, faults > 0,
            Double(faults) >= settings.windowFaultShare * Double(calls)
        else { return [] }
        let reason = Reason.faultShare(faults: faults, calls: calls, window: settings.window)
        return [open(for: settings.openFor, retryAfter: retryAfter, because: reason, now: now)]
    }

    /// As long as the provider may make us wait, however much it asks for.
    private func heeded(_ retryAfter: Duration?) -> Duration {
        min(max(retryAfter ?? .zero, .zero), settings.retryAfterMax)
    }
}

// MARK: - An admin's hand

extension Breaker {
    /// What an admin can do to it; the raw values are the names in paths and in the audit log.
    package enum Act: String, Sendable, CaseIterable { case open, close, reset }

    /// Does what an admin asks for.
    package mutating func perform(_ act: Act, reason: String, now: Instant) -> Transition {
        switch act {
        case .open: forceOpen(reason: reason, now: now)
        case .close: forceClose(reason: reason, now: now)
        case .reset: reset(reason: reason, now: now)
        }
    }

    /// Refuses every call until `forceClose` or `reset`: nothing else ends it.
    @discardableResult
    package mutating func forceOpen(reason: String, now: Instant) -> Transition {
        move(to: .forcedOpen, because: .forcedOpen(bounded(reason)), now: observe(now))
    }

    /// Closes it with clean counts; later faults can open it again. Calls in flight no longer count.
    @discardableResult
    package mutating func forceClose(reason: String, now: Instant) -> Transition {
        close(because: .forcedClosed(bounded(reason)), now: observe(now))
    }

    /// Closes it and also forgets the faults, the totals, the times and how often it opened. The transitions stay, so that what
    /// admins did can be read.
    @discardableResult
    package mutating func reset(reason: String, now: Instant) -> Transition {
        faults.removeAll()
        totals = (0, 0)
        firstContents.removeAll()
        openedCount = 0
        return close(because: .reset(bounded(reason)), now: observe(now))
    }
}

// MARK: - Changes of state

extension Breaker {
    var phase: Phase {
        switch state {
        case .closed: .closed
        case .open, .forcedOpen: .open
        case .halfOpen: .halfOpen
        }
    }

    private mutating func open(
        for backoff: Duration, retryAfter: Duration, because reason: Reason, now: Instant
    ) -> Transition {
        move(to: .open(until: now.advanced(by: max(backoff, retryAfter)), backoff: backoff), because: reason, now: now)
    }

    private mutating func close(because reason: Reason, now: Instant) -> Transition {
        window.clear()
        consecutiveFaults = 0
        return move(to: .closed, because: reason, now: now)
    }

    /// The one way from state to state. An admin's act is written down even when it leaves the phase as it was.
    private mutating func move(to next: State, because reason: Reason, now: Instant) -> Transition {
        let from = phase
        state = next
        epoch += 1
        if from != .open, phase == .open { openedCount += 1 }
        if from != phase { since = now }
        why = reason
        let transition = Transition(from: from, to: phase, reason: reason, at: now)
        history.append(transition)
        return transition
    }

    private mutating func observe(_ now: Instant) -> Instant {
        let now = notBeforeLatest(now)
        latest = now
        if since == nil { since = now }
        return now
    }

    func notBeforeLatest(_ now: Instant) -> Instant { latest.map { max($0, now) } ?? now }

    /// Admins' reasons and callers' ids come from outside and are kept; 200 code points say enough.
    private func bounded(_ text: String) -> String { String(String.UnicodeScalarView(text.unicodeScalars.prefix(200))) }
}
