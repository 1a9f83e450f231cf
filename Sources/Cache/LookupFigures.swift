import Core
import Gateway

/// Lookups by their outcome: in all, and by agent, model and route class. Each kind has a bounded number of names.
struct LookupFigures {
    private var lookups = CacheReport.Lookups()
    private var agents: [String: CacheReport.Lookups] = [:]
    private var models: [String: CacheReport.Lookups] = [:]
    private var routes: [String: CacheReport.Lookups] = [:]
    private var savedSeconds: Double = 0
    private var saved = Money.zero

    /// Most names of a kind; models are named by callers.
    static let nameLimit = 256
    /// What further names are counted under.
    static let others = "(others)"

    /// Counts one lookup.
    mutating func count(_ labels: CacheLabels, hit: CachedAnswer?) {
        let isHit = hit != nil
        lookups.count(isHit)
        if let agent = labels.agent { Self.count(isHit, agent, &agents) }
        Self.count(isHit, labels.model, &models)
        Self.count(isHit, labels.route, &routes)
        if let hit {
            savedSeconds += hit.seconds
            saved = saved + (hit.cost ?? .zero)
        }
    }

    private static func count(_ isHit: Bool, _ name: String, _ names: inout [String: CacheReport.Lookups]) {
        if names[name]?.count(isHit) != nil { return }
        let name = names.count < nameLimit ? name : others
        names[name, default: .init()].count(isHit)
    }

    func write(to report: inout CacheReport) {
        report.lookups = lookups
        report.agents = agents
        report.models = models
        report.routes = routes
        report.savedSeconds = savedSeconds
        report.saved = saved
    }
}

extension CacheReport.Lookups {
    fileprivate mutating func count(_ isHit: Bool) {
        if isHit { hits += 1 } else { misses += 1 }
    }
}
