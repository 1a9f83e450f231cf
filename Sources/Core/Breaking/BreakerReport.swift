// What a breaker says and is told: answers to a call, verdicts, transitions and the report.

extension Breaker {
    /// Where it stands; the raw values are the names that admins see.
    package enum Phase: String, Sendable, CaseIterable {
        case closed
        case open
        case halfOpen = "half_open"
    }

    /// The answer to a call that wants to be made.
    package enum Admission: Sendable, Equatable {
        /// Make the call, then settle the ticket.
        case admitted(Ticket)
        /// Don't. Open: exactly what is left of the wait. Forced open: the usual open time, as no end is known. Half-open with
        /// a probe under way: at most `waitForProbe`.
        case refused(retryAfter: Duration)
    }

    /// What an admission would be now.
    package enum Availability: Sendable, Equatable {
        /// Calls pass.
        case ready
        /// The next call, and only that one, passes as a probe.
        case probeDue
        /// Calls are refused; the times are those of `Admission.refused`.
        case refused(retryAfter: Duration)
    }

    /// The right to make one call. It is given back once, by `settle`; one that never is costs its probe lease at most.
    package struct Ticket: Sendable, Equatable {
        let epoch: UInt64
        /// The call decides whether a half-open breaker closes or opens again.
        package let isProbe: Bool
        /// When the call was admitted.
        package let admittedAt: Instant
        /// The transition that admitting this call was: open → half-open for the first probe, else nil. For logs and metrics, as
        /// the result of `settle` is.
        package let transition: Transition?
    }

    /// What a finished call proved.
    package enum Verdict: Sendable, Equatable {
        /// The provider answered as it should.
        case success
        /// The call failed; `retryAfter` is the wait the provider asked for, if it did. Faults that are not the provider's
        /// (`Fault.meaning`) count as `neutral`.
        case fault(Fault, retryAfter: Duration?)
        /// The provider is neither praised nor blamed: a cancelled call, a caller's mistake. Only the probe slot is freed.
        case neutral
    }

    /// Why the breaker is as it is.
    package enum Reason: Sendable, Equatable {
        case fresh
        case consecutiveFaults(Int, last: Fault)
        case faultShare(faults: Int, calls: Int, window: Duration)
        case waitOver
        case probeFailed(Fault)
        case probesSucceeded(Int)
        case forcedOpen(String)
        case forcedClosed(String)
        case reset(String)

        /// The reason in an admin's words.
        package var text: String {
            switch self {
            case .fresh: "nothing has happened yet"
            case .consecutiveFaults(let count, let last): "\(count) provider faults in a row, the last: \(last.words)"
            case .faultShare(let faults, let calls, let window): "\(faults) of \(calls) calls failed within \(window)"
            case .waitOver: "the wait is over: probing"
            case .probeFailed(let fault): "a probe failed: \(fault.words)"
            case .probesSucceeded(let count): "probes that succeeded: \(count)"
            case .forcedOpen(let reason): "forced open: \(reason)"
            case .forcedClosed(let reason): "forced closed: \(reason)"
            case .reset(let reason): "reset: \(reason)"
            }
        }
    }

    /// A change of phase, or an admin's act (which may leave the phase as it was).
    package struct Transition: Sendable, Equatable {
        package let from: Phase
        package let to: Phase
        package let reason: Reason
        package let at: Instant
    }
}

/// How one breaker stands at one moment, with ages instead of instants, which mean nothing outside the process.
package struct BreakerReport: Sendable, Equatable {
    /// One provider fault.
    package struct FaultEntry: Sendable, Equatable {
        package let fault: Fault
        /// How long ago the call ended.
        package let ago: Duration
        /// The request's id, where the caller gave one.
        package let callID: String?
        /// How long the call took.
        package let elapsed: Duration
    }

    /// One change of phase or admin's act.
    package struct TransitionEntry: Sendable, Equatable {
        package let from: Breaker.Phase
        package let to: Breaker.Phase
        package let why: String
        package let ago: Duration
    }

    /// How long streams took to their first content.
    package struct Percentiles: Sendable, Equatable {
        /// How many streams these are of: the last ones.
        package let count: Int
        package let p50: Duration
        package let p95: Duration
    }

    /// An open breaker whose wait is over stays open, with a `nextProbeIn` of zero, until a call comes to probe with.
    package let phase: Breaker.Phase
    /// The reason of the last transition, in words.
    package let why: String
    /// How long it has been in this phase; at first, since the first call.
    package let heldFor: Duration
    /// An admin holds it open: only an admin ends that.
    package internal(set) var isForcedOpen = false
    /// Provider faults since the last success.
    package let consecutiveFaults: Int
    /// Calls in the window that succeeded or met a provider fault.
    package let windowCalls: Int
    /// Those that met a provider fault.
    package let windowFaults: Int
    /// Calls that succeeded or met a provider fault, since the start or the last reset.
    package let totalCalls: Int
    /// Those that met a provider fault.
    package let totalFaults: Int
    /// nil until a stream has reached its first content.
    package let firstContent: Percentiles?
    /// Until the next call may probe: zero when it may now; nil when closed, forced open, or while a probe is under way.
    package internal(set) var nextProbeIn: Duration?
    /// Age of the probe under way; nil without one.
    package internal(set) var probeRunningFor: Duration?
    /// Probes that have succeeded in this half-open phase.
    package internal(set) var probeSuccesses = 0
    /// How often it has opened, by faults or by an admin.
    package let openedCount: Int
    /// The last five provider faults, newest first.
    package let lastFaults: [FaultEntry]
    /// The last twenty transitions, newest first.
    package let transitions: [TransitionEntry]

    /// The share of the window's calls that succeeded, 0–1; nil without calls, when there is nothing to tell.
    package var successRate: Double? {
        windowCalls == 0 ? nil : Double(windowCalls - windowFaults) / Double(windowCalls)
    }
}

extension Breaker {
    /// How it stands, for admins; changes nothing.
    package func report(now: Instant) -> BreakerReport {
        let now = notBeforeLatest(now)
        let (calls, faultsInWindow) = window.counts(now: now)
        var report = BreakerReport(
            phase: phase, why: why.text, heldFor: (since ?? now).duration(to: now),
            consecutiveFaults: consecutiveFaults, windowCalls: calls, windowFaults: faultsInWindow, totalCalls: totals.calls,
            totalFaults: totals.faults, firstContent: firstContents.percentiles, openedCount: openedCount,
            lastFaults: faults.newestFirst.map {
                .init(fault: $0.fault, ago: $0.at.duration(to: now), callID: $0.callID, elapsed: $0.elapsed)
            },
            transitions: history.newestFirst.map {
                .init(from: $0.from, to: $0.to, why: $0.reason.text, ago: $0.at.duration(to: now))
            })
        switch state {
        case .closed:
            break
        case .forcedOpen:
            report.isForcedOpen = true
        case .open(let until, _):
            report.nextProbeIn = max(now.duration(to: until), .zero)
        case .halfOpen(_, let successes, let probeSince):
            report.probeSuccesses = successes
            report.probeRunningFor = probeSince.map { $0.duration(to: now) }
            report.nextProbeIn = availability(now: now) == .probeDue ? .zero : nil
        }
        return report
    }
}

/// A provider fault as the breaker keeps it.
struct FaultRecord: Sendable {
    let fault: Fault
    let at: Breaker.Instant
    let callID: String?
    let elapsed: Duration
}

/// The last few of something.
struct Recent<Element: Sendable>: Sendable {
    private let limit: Int
    private var oldestFirst: [Element] = []

    init(limit: Int) { self.limit = limit }

    var newestFirst: ReversedCollection<[Element]> { oldestFirst.reversed() }

    mutating func append(_ element: Element) {
        if oldestFirst.count == limit { oldestFirst.removeFirst() }
        oldestFirst.append(element)
    }

    mutating func removeAll() { oldestFirst.removeAll() }
}
