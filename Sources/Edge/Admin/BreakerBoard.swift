import Core
import Foundation
import Gateway

/// Everything that the breaker page tells, at one moment: what JSON, HTML and the feed are made of.
struct BreakerBoard: Sendable {
    /// A deployment that can be called, and how its breaker stands.
    struct Entry: Sendable {
        let deployment: Deployment
        /// The name that callers use.
        let model: String
        let report: BreakerReport
    }

    /// A deployment that cannot be called, and how to change that.
    struct Off: Sendable {
        let deployment: Deployment
        let model: String
        let mend: String
    }

    /// A provider, its ways in, and how busy they are.
    struct Connections: Sendable {
        let provider: Provider
        let accesses: [Access]
        /// All of them together; nil for a provider that is off.
        var pool: PoolReport? { PoolReport(sumOf: accesses.compactMap(\.pool)) }
    }

    /// A way in to a provider: with one of its keys, or without any.
    struct Access: Sendable {
        let access: Provider.Access
        /// Until the provider's refusal of its key is tried again; nil for a key in use.
        let benchedFor: Duration?
        let pool: PoolReport?
    }

    let time: Date
    /// In the order of the deployments.
    let entries: [Entry]
    let off: [Off]
    let connections: [Connections]
    let settings: BreakerSettings
    /// nil while it is off.
    let hedging: HedgeReport?

    init(_ gateway: Gateway, time: Date) {
        let fleet = gateway.fleet
        let catalogue = fleet.catalogue
        let models = Dictionary(
            catalogue.models.flatMap { model in model.deployments.map { ($0.id, model.name) } }) { first, _ in first }
        let pools = Dictionary(fleet.pools.map { ($0.access, $0) }) { first, _ in first }
        let keys = Dictionary(fleet.keys.reports().map { ($0.access, $0) }) { first, _ in first }
        let reports = fleet.breakers.reports()
        self.init(
            time: time,
            entries: reports.filter(\.deployment.isLive).map {
                Entry(deployment: $0.deployment, model: models[$0.deployment.id] ?? "", report: $0.report)
            },
            off: reports.filter { !$0.deployment.isLive }.map {
                Off(
                    deployment: $0.deployment, model: models[$0.deployment.id] ?? "",
                    mend: catalogue.provider($0.deployment.provider)?.mend ?? "")
            },
            connections: catalogue.providers.map { provider in
                Connections(
                    provider: provider,
                    accesses: provider.accesses.map {
                        Access(access: $0, benchedFor: keys[$0.id]?.benchedFor, pool: pools[$0.id])
                    })
            },
            settings: catalogue.policy.breaker, hedging: fleet.hedging?.report)
    }

    init(
        time: Date, entries: [Entry], off: [Off], connections: [Connections], settings: BreakerSettings, hedging: HedgeReport? = nil
    ) {
        self.time = time
        self.entries = entries
        self.off = off
        self.connections = connections
        self.settings = settings
        self.hedging = hedging
    }

    func count(_ phase: Breaker.Phase) -> Int { entries.count { $0.report.phase == phase } }

    /// nil for one that is off.
    func entry(of deployment: Deployment) -> Entry? { entries.first { $0.deployment.id == deployment.id } }

    /// Those that refuse calls, the one that is asked again first before the others; those that only an admin ends, last.
    var resting: [Entry] {
        entries.filter { $0.report.phase == .open }
            .sorted { ($0.report.nextProbeIn ?? .seconds(1 << 40)) < ($1.report.nextProbeIn ?? .seconds(1 << 40)) }
    }

    /// Those that a filter takes, trouble first.
    func shown(by filter: BreakerFilter) -> [Entry] {
        let order: [Breaker.Phase] = [.open, .halfOpen, .closed]
        let taken = entries.filter(filter.takes)
        return order.flatMap { phase in taken.filter { $0.report.phase == phase } }
    }

    /// The moment that was so long ago; a negative age lies ahead.
    func moment(_ ago: Duration) -> Date { time.addingTimeInterval(-ago.seconds) }
}

extension Provider {
    /// What to do so that it is on.
    fileprivate var mend: String {
        switch state {
        case .on: ""
        case .off(let mend): mend
        }
    }
}

extension PoolReport {
    /// Several ways in as one; nil for none.
    fileprivate init?(sumOf pools: [PoolReport]) {
        guard let first = pools.first else { return nil }
        self.init(
            access: first.access, inUse: pools.reduce(0) { $0 + $1.inUse }, idle: pools.reduce(0) { $0 + $1.idle },
            waiting: pools.reduce(0) { $0 + $1.waiting }, limit: pools.reduce(0) { $0 + $1.limit })
    }
}
