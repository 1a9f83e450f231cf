import Core
import Testing

/// The rules once more, as plainly as they can be written (every call kept in a list, every deadline recomputed), run beside
/// the breaker through long random lives.
@Suite struct BreakerModelTests {
    @Test(arguments: [1, 2] as [UInt64])
    func agreesWithTheModel(seed: UInt64) {
        var life = RandomLife(seed: seed)
        for step in 0..<100_000 {
            if let difference = life.step() {
                Issue.record("seed \(seed), step \(step): \(difference)")
                return
            }
        }
        // A life that never reached these has tested nothing.
        #expect(life.model.opened > 300)
        #expect(life.model.closedByProbes > 100)
        #expect(life.model.openedByShare > 20)
        #expect(life.model.leasesLost > 20)
        #expect(life.model.extended > 20)
    }
}

/// A breaker, its model and their shared fate.
private struct RandomLife {
    var model = BreakerModel()
    private let rig = BreakerRig()
    private var random: SplitMix64
    /// The probe that nobody has heard of yet.
    private var liveProbe: Breaker.Ticket?
    private var inFlight: [(Breaker.Ticket, BreakerModel.Call)] = []
    /// How often the provider fails, in hundredths: changes now and then, so that good and bad times alternate.
    private var badness = 10

    init(seed: UInt64) { random = SplitMix64(state: seed) }

    /// One random act; what the breaker and the model then disagree about, if anything.
    mutating func step() -> String? {
        passTime()
        var difference: String?
        switch random.below(100) {
        case 0..<45: difference = admit()
        case 45..<98: difference = settleOne()
        case 98 where random.below(30) == 0: force()
        default: badness = [0, 10, 45, 55, 100][random.below(5)]
        }
        return difference ?? compare()
    }

    private mutating func passTime() {
        switch random.below(1000) {
        case 0: rig.wait(Double(random.below(1000)))
        case 1..<60: rig.wait(Double(random.below(70)))
        case 60..<500: rig.wait(.milliseconds(random.below(1500)))
        default: break
        }
    }

    private mutating func admit() -> String? {
        let expected = model.admit(now: rig.now)
        switch (rig.admit(), expected) {
        case (.admitted(let ticket), .call(let call)):
            guard ticket.isProbe == call.isProbe else { return "probe or not: \(ticket) \(call)" }
            if ticket.isProbe {
                // Whatever the model says: two probes never run within one lease of one half-open phase.
                if let liveProbe, ticket.transition == nil, rig.now < liveProbe.admittedAt + .seconds(180) {
                    return "two probes at once"
                }
                liveProbe = ticket
            }
            // Some are never heard of again, or much later.
            if random.below(10) > 0 { inFlight.append((ticket, call)) }
            if inFlight.count > 40 { inFlight.remove(at: random.below(40)) }
        case (.refused(let wait), .wait(let expected)) where wait == expected: break
        case (let actual, _): return "admission: \(actual) instead of \(expected)"
        }
        return nil
    }

    private mutating func settleOne() -> String? {
        guard !inFlight.isEmpty else { return nil }
        // Mostly the newest, so that probes are answered; now and then an old one.
        let index = random.below(4) > 0 ? inFlight.count - 1 : random.below(inFlight.count)
        let (ticket, call) = inFlight.remove(at: index)
        if ticket == liveProbe { liveProbe = nil }
        let verdict = randomVerdict()
        let before = rig.phase
        let transitions = rig.settle(ticket, verdict)
        model.settle(call, verdict, now: rig.now)
        guard transitions.map(\.to) == (before == rig.phase ? [] : [rig.phase]) else { return "transitions: \(transitions)" }
        return nil
    }

    private mutating func randomVerdict() -> Breaker.Verdict {
        if random.below(20) == 0 { return random.below(2) == 0 ? .neutral : .fault(.callerMistake, retryAfter: .seconds(500)) }
        if random.below(100) >= badness { return .success }
        let asked: Duration? = random.below(5) == 0 ? .seconds([0, 30, 200, 100_000][random.below(4)]) : nil
        return .fault([.stall, .serverError, .rateLimited][random.below(3)], retryAfter: asked)
    }

    private mutating func force() {
        switch random.below(3) {
        case 0: rig.breaker.forceOpen(reason: "a", now: rig.now)
        case 1: rig.breaker.forceClose(reason: "b", now: rig.now)
        default: rig.breaker.reset(reason: "c", now: rig.now)
        }
        if rig.report.isForcedOpen {
            model.forceOpen()
            // Not for long, or the life would end here.
            rig.wait(5)
            guard compare() == nil else { return }
            rig.breaker.forceClose(reason: "d", now: rig.now)
        }
        model.close()
    }

    private mutating func compare() -> String? {
        guard rig.availability == model.availability(now: rig.now) else {
            return "availability: \(rig.availability) instead of \(model.availability(now: rig.now))"
        }
        // Reports are slow to write, and what is wrong in one stays wrong for a while.
        return random.below(8) == 0 ? compare(rig.report) : nil
    }

    private func compare(_ report: BreakerReport) -> String? {
        guard report.phase == model.phase else { return "phase: \(report.phase) instead of \(model.phase)" }
        let window = model.windowCounts(now: rig.now)
        guard (report.windowCalls, report.windowFaults) == window else {
            return "window: \(report.windowCalls), \(report.windowFaults) instead of \(window)"
        }
        guard report.consecutiveFaults == model.row else { return "row: \(report.consecutiveFaults), not \(model.row)" }
        guard report.transitions.count <= 20, report.lastFaults.count <= 5 else { return "the history is unbounded" }
        guard 0...report.windowCalls ~= report.windowFaults, report.probeSuccesses < 3, report.heldFor >= .zero else {
            return "nonsense: \(report)"
        }
        return nil
    }
}

/// The specification with the default settings, in no hurry.
private struct BreakerModel {
    struct Call {
        let isProbe: Bool
        /// Number of the closed life or of the probe that the call belongs to.
        let number: Int
    }

    enum Answer { case call(Call), wait(Duration) }

    private(set) var phase = Breaker.Phase.closed
    private(set) var row = 0
    private(set) var opened = 0, openedByShare = 0, closedByProbes = 0, leasesLost = 0, extended = 0
    private var isForced = false
    private var number = 0
    private var until: ContinuousClock.Instant?
    private var seconds = 60
    private var successes = 0
    private var probeStart: ContinuousClock.Instant?
    private var calls: [(at: ContinuousClock.Instant, isFault: Bool)] = []
    /// The seconds of the window are counted from the first call in it.
    private var firstCall: ContinuousClock.Instant?

    func availability(now: ContinuousClock.Instant) -> Breaker.Availability {
        if isForced { return .refused(retryAfter: .seconds(60)) }
        switch phase {
        case .closed: return .ready
        case .open:
            guard let until, now < until else { return .probeDue }
            return .refused(retryAfter: until - now)
        case .halfOpen:
            guard let probeStart else { return .probeDue }
            let left = probeStart + .seconds(180) - now
            return left > .zero ? .refused(retryAfter: min(left, .seconds(1))) : .probeDue
        }
    }

    mutating func admit(now: ContinuousClock.Instant) -> Answer {
        switch availability(now: now) {
        case .refused(let wait): return .wait(wait)
        case .ready: return .call(Call(isProbe: false, number: number))
        case .probeDue:
            if phase == .open { successes = 0 }
            if probeStart != nil { leasesLost += 1 }
            phase = .halfOpen
            number += 1
            probeStart = now
            return .call(Call(isProbe: true, number: number))
        }
    }

    mutating func settle(_ call: Call, _ verdict: Breaker.Verdict, now: ContinuousClock.Instant) {
        let isMine = call.number == number
        switch verdict {
        case .neutral, .fault(.callerMistake, _):
            if isMine { probeStart = nil }
        case .success:
            guard isMine || phase != .closed else { return }
            note(isFault: false, now: now)
            if phase == .closed { openIfHalf(0, now) }
            guard phase == .halfOpen, isMine, probeStart != nil else { return }
            probeStart = nil
            successes += 1
            guard successes == 3 else { return }
            closedByProbes += 1
            close()
        case .fault(_, let retryAfter):
            guard isMine || phase != .closed else { return }
            note(isFault: true, now: now)
            let asked = Int(min(retryAfter ?? .zero, .seconds(3600)).components.seconds)
            switch phase {
            case .closed where row >= 5: open(60, asked, now)
            case .closed: openIfHalf(asked, now)
            case .open:
                guard let old = until, old < now + .seconds(asked) else { return }
                until = now + .seconds(asked)
                extended += 1
            case .halfOpen:
                guard isMine, probeStart != nil else { return }
                open(min(300, seconds * 2), asked, now)
            }
        }
    }

    mutating func forceOpen() {
        (phase, isForced, probeStart) = (.open, true, nil)
        number += 1
    }

    mutating func close() {
        (phase, isForced, probeStart, row, calls, firstCall) = (.closed, false, nil, 0, [], nil)
        number += 1
    }

    func windowCounts(now: ContinuousClock.Instant) -> (Int, Int) {
        let current = second(of: now)
        let recent = calls.filter { second(of: $0.at) > current - 60 }
        return (recent.count, recent.filter(\.isFault).count)
    }

    private func second(of time: ContinuousClock.Instant) -> Int64 {
        firstCall.map { (time - $0).components.seconds } ?? 0
    }

    private mutating func note(isFault: Bool, now: ContinuousClock.Instant) {
        if firstCall == nil { firstCall = now }
        row = isFault ? row + 1 : 0
        calls.removeAll { $0.at < now - .seconds(100) }
        calls.append((now, isFault))
    }

    private mutating func openIfHalf(_ asked: Int, _ now: ContinuousClock.Instant) {
        let (all, faults) = windowCounts(now: now)
        guard all >= 10, faults * 2 >= all else { return }
        openedByShare += 1
        open(60, asked, now)
    }

    private mutating func open(_ seconds: Int, _ asked: Int, _ now: ContinuousClock.Instant) {
        (phase, self.seconds, until, probeStart) = (.open, seconds, now + .seconds(max(seconds, asked)), nil)
        number += 1
        opened += 1
    }
}

/// Steele, Lea and Flood's generator: small, and the same everywhere.
private struct SplitMix64 {
    var state: UInt64

    mutating func below(_ limit: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(limit))
    }
}
