package import Core

/// The catalogue in force and what is known of its deployments. A request takes the fleet of the moment when it is admitted
/// and keeps it to its end, whatever is reloaded meanwhile; a fleet that no request holds any more is gone.
package final class Fleet: Sendable {
    package let catalogue: Catalogue
    package let breakers: Breakers
    let loads: Loads
    let calls: any ProviderCalls

    init(catalogue: Catalogue, breakers: Breakers, loads: Loads, calls: any ProviderCalls) {
        self.catalogue = catalogue
        self.breakers = breakers
        self.loads = loads
        self.calls = calls
    }

    /// The right to make one call of a deployment; nil when it must not be called now. It is given back once, by ``settle``.
    func admit(_ deployment: Deployment) -> Permit? {
        guard case .admitted(let ticket) = breakers.admit(deployment) else { return nil }
        loads.begin(deployment)
        return Permit(deployment: deployment, ticket: ticket)
    }

    /// Takes a permit back with what the call proved.
    func settle(_ permit: Permit, _ verdict: Breaker.Verdict, requestID: String) {
        loads.end(permit.deployment)
        breakers.settle(permit.deployment, permit.ticket, verdict, requestID: requestID)
    }

    struct Permit: Sendable {
        let deployment: Deployment
        fileprivate let ticket: Breaker.Ticket
    }
}
