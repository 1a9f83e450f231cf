package import Core

/// The catalogue in force and what is known of its deployments. A request takes the fleet of the moment when it is admitted
/// and keeps it to its end, whatever is reloaded meanwhile; a fleet that no request holds any more is gone.
package final class Fleet: Sendable {
    package let catalogue: Catalogue
    package let breakers: Breakers
    package let keys: KeyBenches
    let loads: Loads
    /// nil while it is off.
    package let hedging: Hedging?
    let prompts: KeptPrompts
    let calls: any ProviderCalls

    init(
        catalogue: Catalogue, breakers: Breakers, keys: KeyBenches, loads: Loads, hedging: Hedging?, prompts: KeptPrompts,
        calls: any ProviderCalls
    ) {
        self.catalogue = catalogue
        self.breakers = breakers
        self.keys = keys
        self.loads = loads
        self.hedging = hedging
        self.prompts = prompts
        self.calls = calls
    }

    /// The fleet that follows this one: what is known of deployments that stay goes on, keys are taken to be fit again.
    func followed(by catalogue: Catalogue, calls: any ProviderCalls) -> Fleet {
        Fleet(
            catalogue: catalogue, breakers: Breakers(catalogue: catalogue, continuing: breakers),
            keys: KeyBenches(catalogue: catalogue, logger: breakers.logger, now: breakers.now),
            loads: Loads(catalogue: catalogue, continuing: loads, now: breakers.now),
            hedging: Hedging(catalogue: catalogue, continuing: hedging, now: breakers.now), prompts: prompts, calls: calls)
    }

    /// How busy the connections to the providers are.
    package var pools: [PoolReport] { calls.pools }

    /// The right to make one call of a deployment; nil when it must not be called now. It is given back once, by ``settle``.
    func admit(_ deployment: Deployment) -> Permit? {
        guard let pass = keys.admit(deployment) else { return nil }
        guard case .admitted(let ticket) = breakers.admit(deployment) else {
            keys.settle(deployment, pass, .neutral)
            return nil
        }
        loads.begin(deployment)
        return Permit(deployment: deployment, ticket: ticket, pass: pass)
    }

    /// Takes a permit back with what the call proved.
    func settle(_ permit: Permit, _ verdict: Breaker.Verdict, requestID: String, firstContent: Duration? = nil) {
        loads.end(permit.deployment)
        keys.settle(permit.deployment, permit.pass, verdict)
        breakers.settle(
            permit.deployment, permit.ticket, verdict, requestID: requestID, firstContent: firstContent)
    }

    struct Permit: Sendable {
        let deployment: Deployment
        fileprivate let ticket: Breaker.Ticket
        fileprivate let pass: KeyBench.Pass
    }
}

/// What a reload changed.
package struct CatalogueChange: Sendable, Equatable {
    package let models: Int
    package let liveModels: Int
    package let agents: Int
    /// Ids of deployments that were not there before, or were at another address.
    package let added: [String]
    package let removed: [String]
    /// The cached answers that nobody will ask for again: of models that are somewhere else now and agents that are told something
    /// else, or that are gone. Their keys have changed, so they only take room.
    let stale: [CacheTag]

    init(from old: Catalogue, to new: Catalogue) {
        models = new.models.count
        liveModels = new.liveModels.count
        agents = new.agents.count
        let (before, after) = (Set(old.places), Set(new.places))
        added = after.subtracting(before).map(\.id).sorted()
        removed = before.subtracting(after).map(\.id).sorted()
        let models = old.models.filter { new.version(of: .model($0.name)) != old.version(of: .model($0.name)) }
        let agents = old.agents.filter { new.agent($0.id)?.promptVersion != $0.promptVersion }
        stale = models.map { .model($0.name) } + agents.map { .agent($0.id) }
    }
}
