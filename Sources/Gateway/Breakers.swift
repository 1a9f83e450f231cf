package import Core
package import Logging
import Synchronization

/// The breakers of all deployments, for as long as the process lives.
package final class Breakers: Sendable {
    private let deployments: [Deployment]
    private let states: Mutex<[Breaker]>
    private let now: @Sendable () -> Instant
    private let logger: Logger
    private let watchers = BreakerWatchers()

    package init(
        catalogue: Catalogue, logger: Logger, now: @escaping @Sendable () -> Instant = { ContinuousClock.now }
    ) {
        deployments = catalogue.deployments
        states = Mutex(deployments.map { _ in Breaker(settings: catalogue.policy.breaker) })
        self.now = now
        self.logger = logger
    }

    /// What each deployment's breaker would say now, by deployment index.
    func health() -> [Breaker.Availability] {
        let now = now()
        return states.withLock { $0.map { $0.availability(now: now) } }
    }

    func availability(of deployment: Deployment) -> Breaker.Availability {
        let now = now()
        return states.withLock { $0[deployment.index].availability(now: now) }
    }

    func admit(_ deployment: Deployment) -> Breaker.Admission {
        let now = now()
        let admission = states.withLock { $0[deployment.index].admit(now: now) }
        if case .admitted(let ticket) = admission, let transition = ticket.transition { tell(transition, deployment) }
        return admission
    }

    func settle(
        _ deployment: Deployment, _ ticket: Breaker.Ticket, _ verdict: Breaker.Verdict, requestID: String,
        firstContent: Duration? = nil
    ) {
        let now = now()
        let transitions = states.withLock {
            $0[deployment.index].settle(ticket, verdict, callID: requestID, firstContent: firstContent, now: now)
        }
        for transition in transitions { tell(transition, deployment) }
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
        // Taken as they are and looked at outside the lock: reports sort, and requests wait for it.
        let states = states.withLock { $0 }
        return Array(zip(deployments, states.map { $0.report(now: now) }))
    }

    /// Does what an admin asks for, at once.
    @discardableResult
    package func perform(_ act: Breaker.Act, on deployment: Deployment, reason: String) -> BreakerChange {
        let now = now()
        let transition = states.withLock { $0[deployment.index].perform(act, reason: reason, now: now) }
        tell(transition, deployment)
        return BreakerChange(deployment: deployment, transition: transition)
    }

    /// Calls `onChange` for every transition from now on, until the watch is let go of. It runs on the request's own thread:
    /// be quick.
    package func watch(_ onChange: @escaping @Sendable (BreakerChange) -> Void) -> BreakerWatch {
        BreakerWatch(watchers, onChange)
    }
}
