import Core
import ServiceLifecycle

/// Probes open breakers and benched keys when their time comes, so that they close without costing a request. It goes through
/// ``Fleet/admit(_:)`` like every call: one probe at a time, and the breaker's own successes close it.
package actor Prober: Service {
    private let gateway: Gateway
    private let interval: Duration
    /// Deployments whose probe proved nothing (the provider found fault with the request itself), and when to probe again.
    private var resting: [String: Instant] = [:]

    /// Probes under way at once.
    static let limit = 4

    /// - Parameter interval: between two looks at the breakers.
    package init(gateway: Gateway, interval: Duration = .seconds(1)) {
        self.gateway = gateway
        self.interval = interval
    }

    /// Looks and probes until graceful shutdown, which ends the probes under way.
    package func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                await self.probeAll()
                try await Task.sleep(for: self.interval)
            }
        }
    }

    /// Probes what is due now, each once.
    func probeAll() async {
        let fleet = gateway.fleet
        guard fleet.catalogue.policy.probe == .auto else { return }
        let due = due(in: fleet)
        await withTaskGroup(of: Probe.Finding.self) { group in
            for (index, probe) in due.enumerated() {
                if index >= Self.limit, let finding = await group.next() { take(finding, fleet) }
                group.addTask { await probe.run() }
            }
            for await finding in group { take(finding, fleet) }
        }
    }

    private func due(in fleet: Fleet) -> [Probe] {
        let health = fleet.breakers.health()
        if health.isEmpty, fleet.keys.areFit { return [] }
        let now = fleet.breakers.now()
        resting = resting.filter { $0.value > now }
        var keysOnTrial: Set<String> = []
        return fleet.catalogue.models.flatMap { model in
            model.deployments.compactMap { deployment in
                guard deployment.isLive, resting[deployment.id] == nil else { return nil }
                let breaker = health.isEmpty ? .ready : health[deployment.index]
                let key = fleet.keys.availability(of: deployment)
                switch (breaker, key) {
                case (.refused, _), (_, .refused), (.ready, .ready): return nil
                case (_, .probeDue) where !keysOnTrial.insert(deployment.access).inserted: return nil
                default: return Probe(model: model, deployment: deployment, fleet: fleet, isKeyOnTrial: key == .probeDue)
                }
            }
        }
    }

    private func take(_ finding: Probe.Finding, _ fleet: Fleet) {
        guard case .nothing(let id) = finding else { return }
        resting[id] = fleet.breakers.now().advanced(by: fleet.catalogue.policy.breaker.openFor)
    }
}
