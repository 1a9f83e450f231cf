package import Core
package import Logging
import Synchronization

/// The breakers of all deployments, for as long as the process lives.
package final class Breakers: Sendable {
    private let deployments: [Deployment]
    private let states: Mutex<[Breaker]>
    private let now: @Sendable () -> Instant
    private let logger: Logger

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
        if case .admitted(let ticket) = admission, let transition = ticket.transition { log(transition, deployment) }
        return admission
    }

    func settle(
        _ deployment: Deployment, _ ticket: Breaker.Ticket, _ verdict: Breaker.Verdict, requestID: String
    ) {
        let now = now()
        let transitions = states.withLock {
            $0[deployment.index].settle(ticket, verdict, callID: requestID, now: now)
        }
        for transition in transitions { log(transition, deployment) }
    }

    /// How every breaker stands, by deployment.
    package func reports() -> [(deployment: Deployment, report: BreakerReport)] {
        let now = now()
        let reports = states.withLock { $0.map { $0.report(now: now) } }
        return Array(zip(deployments, reports))
    }

    private func log(_ transition: Breaker.Transition, _ deployment: Deployment) {
        logger.notice(
            "breaker",
            metadata: [
                "deployment": "\(deployment.id)", "from": "\(transition.from.rawValue)", "to": "\(transition.to.rawValue)",
                "why": "\(transition.reason.text)",
            ])
    }
}
