/// Decides whether a provider's key may be used. A key that the provider refuses is benched, and with it every deployment
/// that is reached by it; the provider's other keys play on. A pure state machine, like ``Breaker``.
///
/// The bench lasts `firstBench`, then one call tries the key: a success lifts the bench, another refusal doubles it up to
/// `longestBench`, anything else proves nothing and the next call tries.
package struct KeyBench: Sendable {
    package typealias Instant = ContinuousClock.Instant

    package static let firstBench: Duration = .seconds(60)
    package static let longestBench: Duration = .seconds(300)
    /// How long a trial may keep the others waiting; one that never reports back is given up after it.
    package static let trialLease: Duration = .seconds(180)

    private enum State {
        /// Calls pass. → `benched` when the key is refused.
        case fit
        /// Calls are refused until `until`; then one at a time passes as a trial, under way since `trialSince`. → `fit` when
        /// a trial succeeds, → `benched` anew when it is refused.
        case benched(until: Instant, length: Duration, trialSince: Instant?)
    }

    private var state = State.fit
    /// Moves on with every change and every trial: a pass of an older epoch decides nothing.
    private var epoch: UInt64 = 0

    package init() {}

    /// The right to make one call with the key. It is given back once, by ``settle``.
    package struct Pass: Sendable, Equatable {
        package let epoch: UInt64

        /// - Parameter epoch: of a fit key, as ``fitEpoch`` said it; any for a call that needs no key.
        package init(epoch: UInt64) { self.epoch = epoch }
    }

    /// What settling a pass changed.
    package enum Change: Sendable, Equatable {
        case benched(Duration)
        case lifted
    }

    /// The epoch of a key that is fit: all that a call with it needs to know. nil for one that is benched.
    package var fitEpoch: UInt64? { if case .fit = state { epoch } else { nil } }

    /// What ``admit`` would say, for planning; changes nothing.
    package func availability(now: Instant) -> Breaker.Availability {
        switch state {
        case .fit: return .ready
        case .benched(let until, _, let trialSince):
            if now < until { return .refused(retryAfter: now.duration(to: until)) }
            guard let trialSince, now < trialSince.advanced(by: Self.trialLease) else { return .probeDue }
            return .refused(retryAfter: Breaker.waitForProbe)
        }
    }

    /// Asked before each call; nil when the key is benched.
    package mutating func admit(now: Instant) -> Pass? {
        if case .refused = availability(now: now) { return nil }
        if case .benched(let until, let length, _) = state {
            epoch += 1
            state = .benched(until: until, length: length, trialSince: now)
        }
        return Pass(epoch: epoch)
    }

    /// Takes a pass back with what the call proved; nil when that changes nothing. Only a refused key is the key's fault.
    package mutating func settle(_ pass: Pass, _ verdict: Breaker.Verdict, now: Instant) -> Change? {
        // Calls that were under way when the key was benched say what is known already.
        guard pass.epoch == epoch else { return nil }
        switch (state, verdict) {
        case (_, .fault(let fault, _)) where fault.meaning.blame == .key:
            return bench(now: now)
        case (.benched, .success):
            epoch += 1
            state = .fit
            return .lifted
        case (.benched(let until, let length, .some), _):
            state = .benched(until: until, length: length, trialSince: nil)
            return nil
        default:
            return nil
        }
    }

    private mutating func bench(now: Instant) -> Change {
        var length = Self.firstBench
        if case .benched(_, let last, _) = state { length = min(last * 2, Self.longestBench) }
        epoch += 1
        state = .benched(until: now.advanced(by: length), length: length, trialSince: nil)
        return .benched(length)
    }
}
