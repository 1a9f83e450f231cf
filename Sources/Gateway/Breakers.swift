package import Core
package import Logging
import Synchronization

/// The breakers of one catalogue's deployments. They outlive the catalogue: the next one's `Breakers` go on with those of the
/// deployments that stay, and a request that began under the old one settles with the same breakers.
package final class Breakers: Sendable {
    private let deployments: [Deployment]
    /// By deployment index.
    private let breakers: [SharedBreaker]
    let now: @Sendable () -> Instant
    let logger: Logger
    private let watchers: BreakerWatchers

    package init(
        catalogue: Catalogue, logger: Logger, now: @escaping @Sendable () -> Instant = { ContinuousClock.now }
    ) {
        deployments = catalogue.deployments
        breakers = catalogue.places.map { SharedBreaker($0, catalogue.policy.breaker) }
        self.now = now
        self.logger = logger
        watchers = BreakerWatchers()
    }

    /// Those of the next catalogue. Deployments that stay at their place keep their breaker, under the new settings.
    init(catalogue: Catalogue, continuing previous: Breakers) {
        let settings = catalogue.policy.breaker
        let known = Dictionary(previous.breakers.map { ($0.place, $0) }) { first, _ in first }
        deployments = catalogue.deployments
        breakers = catalogue.places.map { place in
            guard let breaker = known[place] else { return SharedBreaker(place, settings) }
            breaker.change { $0.adopt(settings) }
            return breaker
        }
        now = previous.now
        logger = previous.logger
        watchers = previous.watchers
    }

    /// What each deployment's breaker would say now, by deployment index; empty while all are closed, which costs no lock.
    func health() -> [Breaker.Availability] {
        guard breakers.contains(where: { !$0.isClosed }) else { return [] }
        let now = now()
        return breakers.map { breaker in breaker.isClosed ? .ready : breaker.change { $0.availability(now: now) } }
    }

    func availability(of deployment: Deployment) -> Breaker.Availability {
        let now = now()
        return breakers[deployment.index].change { $0.availability(now: now) }
    }

    func admit(_ deployment: Deployment) -> Breaker.Admission {
        let now = now()
        let admission = breakers[deployment.index].change { $0.admit(now: now) }
        if case .admitted(let ticket) = admission, let transition = ticket.transition { tell(transition, deployment) }
        return admission
    }

    func settle(
        _ deployment: Deployment, _ ticket: Breaker.Ticket, _ verdict: Breaker.Verdict, requestID: String,
        firstContent: Duration? = nil
    ) {
        let now = now()
        let transitions = breakers[deployment.index].change {
            $0.settle(ticket, verdict, callID: requestID, firstContent: firstContent, now: now)
        }
        for transition in transitions { tell(transition, deployment) }
    }

    /// The last provider faults of a deployment, newest first.
    func recentFaults(of deployment: Deployment) -> [Fault] {
        let now = now()
        return breakers[deployment.index].change { $0.report(now: now).lastFaults.map(\.fault) }
    }

    private func tell(_ transition: Breaker.Transition, _ deployment: Deployment) {
        logger.notice(
            "breaker",
            metadata: [
                "deployment": "\(deployment.id)", "from": "\(transition.from.rawValue)", "to": "\(transition.to.rawValue)",
                "why": "\(transition.reason.text)",
            ])
        watchers.tell(BreakerChange(deployment: deployment, transition: transition))
    }
}

// MARK: - For admins

extension Breakers {
    /// How every breaker stands, by deployment.
    package func reports() -> [(deployment: Deployment, report: BreakerReport)] {
        let now = now()
        // Taken as they are and looked at outside their locks: reports sort, and requests wait for them.
        return zip(deployments, breakers).map { ($0, $1.change { $0 }.report(now: now)) }
    }

    /// Does what an admin asks for, at once.
    @discardableResult
    package func perform(_ act: Breaker.Act, on deployment: Deployment, reason: String) -> BreakerChange {
        let now = now()
        let transition = breakers[deployment.index].change { $0.perform(act, reason: reason, now: now) }
        tell(transition, deployment)
        return BreakerChange(deployment: deployment, transition: transition)
    }

    /// Calls `onChange` for every transition from now on, until the watch is let go of. It runs on the request's own thread:
    /// be quick.
    package func watch(_ onChange: @escaping @Sendable (BreakerChange) -> Void) -> BreakerWatch {
        BreakerWatch(watchers, onChange)
    }
}

/// One deployment's breaker and its lock.
private final class SharedBreaker: Sendable {
    let place: DeploymentPlace
    private let breaker: Mutex<Breaker>
    /// Written under the lock; read without it by plans, which may be a moment late.
    private let closed = Atomic(true)

    init(_ place: DeploymentPlace, _ settings: BreakerSettings) {
        self.place = place
        breaker = Mutex(Breaker(settings: settings))
    }

    var isClosed: Bool { closed.load(ordering: .relaxed) }

    /// The one way to the breaker.
    func change<Result: Sendable>(_ body: (inout Breaker) -> Result) -> Result {
        breaker.withLock { breaker in
            let result = body(&breaker)
            closed.store(breaker.isClosed, ordering: .relaxed)
            return result
        }
    }
}
