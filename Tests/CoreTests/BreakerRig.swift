import Core

/// A breaker and the hand that moves its time.
final class BreakerRig {
    typealias Ticket = Breaker.Ticket

    var breaker: Breaker
    private let start = ContinuousClock.now
    private var passed = Duration.zero

    init(_ settings: BreakerSettings = .init()) { breaker = Breaker(settings: settings) }

    var now: ContinuousClock.Instant { start.advanced(by: passed) }
    var report: BreakerReport { breaker.report(now: now) }
    var phase: Breaker.Phase { report.phase }
    var availability: Breaker.Availability { breaker.availability(now: now) }

    func wait(_ duration: Duration) { passed += duration }
    func wait(_ seconds: Double) { passed += .seconds(seconds) }

    func admit() -> Breaker.Admission { breaker.admit(now: now) }

    /// The ticket of a call; nil if it was refused.
    func ticket() -> Ticket? {
        guard case .admitted(let ticket) = admit() else { return nil }
        return ticket
    }

    func tickets(_ count: Int) -> [Ticket] { (0..<count).compactMap { _ in ticket() } }

    @discardableResult
    func settle(_ ticket: Ticket, _ verdict: Breaker.Verdict) -> [Breaker.Transition] {
        breaker.settle(ticket, verdict, now: now)
    }

    @discardableResult
    func fail(_ ticket: Ticket, _ fault: Fault = .serverError, retryAfter: Duration? = nil) -> [Breaker.Transition] {
        settle(ticket, .fault(fault, retryAfter: retryAfter))
    }

    /// A whole call with this end; false if it was refused.
    @discardableResult
    func call(_ verdict: Breaker.Verdict) -> Bool {
        guard let ticket = ticket() else { return false }
        settle(ticket, verdict)
        return true
    }

    /// Calls that fail one after another.
    func faults(_ count: Int, _ fault: Fault = .serverError, retryAfter: Duration? = nil) {
        for _ in 0..<count { call(.fault(fault, retryAfter: retryAfter)) }
    }

    func successes(_ count: Int) {
        for _ in 0..<count { call(.success) }
    }

    /// Opened by five faults, at this moment.
    static func open(_ settings: BreakerSettings = .init()) -> BreakerRig {
        let rig = BreakerRig(settings)
        rig.faults(settings.consecutiveFaults)
        return rig
    }

    /// Opened, and its wait is over.
    static func waitedOut(_ settings: BreakerSettings = .init()) -> BreakerRig {
        let rig = open(settings)
        rig.wait(settings.openFor)
        return rig
    }
}
