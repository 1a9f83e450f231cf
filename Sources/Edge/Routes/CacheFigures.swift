import Core
import Gateway
import NIOCore
import Wire

/// What `GET /api/cache/stats` says.
struct CacheFigures: Sendable {
    let report: CacheReport
    /// nil where nobody counts them.
    let flights: FlightReport?

    var json: ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                $0.key("type")
                $0.string(type)
                $0.key("l1MemorySize")
                $0.integer(report.memory?.entries ?? 0)
                $0.key("stats")
                $0.totals(report)
                $0.key("redisHealthy")
                $0.bool(report.remote?.condition.isHealthy ?? false)
                $0.key("redis")
                $0.condition(report.remote?.condition ?? .off)
                $0.key("tiers")
                $0.tiers(report)
                $0.key("agents")
                $0.lookups(report.agents)
                $0.key("models")
                $0.lookups(report.models)
                $0.key("routes")
                $0.lookups(report.routes)
                $0.key("saved")
                $0.object {
                    $0.key("seconds")
                    $0.number(report.savedSeconds)
                    $0.key("usd")
                    $0.number(report.saved.usd)
                }
                $0.key("flights")
                $0.flights(flights)
                $0.key("refusedStores")
                $0.counts(flights?.refusedStores)
            }
        }
    }

    /// By the tiers that are on.
    private var type: String {
        switch (report.memory != nil || report.session != nil, report.remote != nil) {
        case (true, true): "HYBRID_CACHE"
        case (true, false): "MEMORY"
        case (false, true): "REDIS"
        case (false, false): "NONE"
        }
    }
}

extension RemoteCondition {
    /// Whether it answers and takes writes.
    fileprivate var isHealthy: Bool { if case .connected = self { true } else { false } }
}

extension CacheReport.Lookups {
    /// `73.50%`.
    fileprivate var percentage: String {
        let hundredths = Int((hitRate * 10_000).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)%"
    }
}

extension JSONWriter {
    fileprivate mutating func totals(_ report: CacheReport) {
        object {
            $0.members(report.lookups, hits: "totalHits", misses: "totalMisses")
            $0.key("redisHits")
            $0.integer(report.remote?.hits ?? 0)
            $0.key("redisMisses")
            $0.integer(report.remote?.misses ?? 0)
            // Lookups that went on without the store because it failed.
            $0.key("fallbackCount")
            $0.integer(report.remote?.failures ?? 0)
        }
    }

    private mutating func members(_ lookups: CacheReport.Lookups, hits: StaticString, misses: StaticString) {
        key(hits)
        integer(lookups.hits)
        key(misses)
        integer(lookups.misses)
        key("hitRate")
        string(lookups.percentage)
        key("hitRatio")
        number(lookups.hitRate)
    }

    fileprivate mutating func lookups(_ names: [String: CacheReport.Lookups]) {
        object {
            for (name, lookups) in names.sorted(by: { $0.key < $1.key }) {
                $0.key(dynamic: name)
                $0.object { $0.members(lookups, hits: "hits", misses: "misses") }
            }
        }
    }

    fileprivate mutating func condition(_ condition: RemoteCondition) {
        let (state, why): (String, String?) =
            switch condition {
            case .off: ("off", nil)
            case .connected: ("connected", nil)
            case .readOnly(let why): ("readOnly", why)
            case .away(let why): ("away", why)
            }
        object {
            $0.key("state")
            $0.string(state)
            $0.key("why")
            $0.string(orNull: why)
            $0.key("pingMs")
            if case .connected(let ping?) = condition { $0.number(ping / .milliseconds(1)) } else { $0.null() }
        }
    }

    fileprivate mutating func tiers(_ report: CacheReport) {
        object {
            $0.key("L1")
            $0.memory(report.memory)
            $0.key("L2")
            $0.memory(report.session)
            $0.key("L3")
            $0.remote(report.remote)
        }
    }

    private mutating func memory(_ tier: CacheReport.Memory?) {
        guard let tier else { return null() }
        object {
            $0.key("hits")
            $0.integer(tier.hits)
            $0.key("misses")
            $0.integer(tier.misses)
            $0.key("stores")
            $0.integer(tier.stores)
            $0.key("refused")
            $0.integer(tier.refused)
            $0.key("evictions")
            $0.integer(tier.evictions)
            $0.key("expired")
            $0.integer(tier.expired)
            $0.key("invalidated")
            $0.integer(tier.invalidated)
            $0.key("entries")
            $0.integer(tier.entries)
            $0.key("entryLimit")
            $0.integer(tier.entryLimit)
            $0.key("bytes")
            $0.integer(tier.bytes)
            $0.key("byteLimit")
            $0.integer(tier.byteLimit)
        }
    }

    private mutating func remote(_ tier: CacheReport.Remote?) {
        guard let tier else { return null() }
        object {
            $0.key("hits")
            $0.integer(tier.hits)
            $0.key("misses")
            $0.integer(tier.misses)
            $0.key("stores")
            $0.integer(tier.stores)
            $0.key("refused")
            $0.integer(tier.refused)
            $0.key("lostStores")
            $0.integer(tier.lostStores)
            $0.key("failures")
            $0.integer(tier.failures)
            $0.key("unreadable")
            $0.integer(tier.unreadable)
            $0.key("expired")
            $0.integer(tier.expired)
            $0.key("invalidated")
            $0.integer(tier.invalidated)
            $0.key("pendingInvalidations")
            $0.integer(tier.pendingInvalidations)
            $0.key("queued")
            $0.integer(tier.queued)
            $0.key("queuedBytes")
            $0.integer(tier.queuedBytes)
            $0.key("subscriptions")
            $0.integer(tier.subscriptions)
            $0.key("plainBytes")
            $0.integer(tier.plainBytes)
            $0.key("sealedBytes")
            $0.integer(tier.sealedBytes)
            $0.key("compressionRatio")
            if let ratio = tier.compressionRatio { $0.number(ratio) } else { $0.null() }
        }
    }

    fileprivate mutating func flights(_ flights: FlightReport?) {
        guard let flights else { return null() }
        object {
            $0.key("joins")
            $0.integer(flights.joins)
            $0.key("running")
            $0.integer(flights.running)
        }
    }

    fileprivate mutating func counts(_ counts: [String: Int]?) {
        guard let counts else { return null() }
        object {
            for (name, count) in counts.sorted(by: { $0.key < $1.key }) {
                $0.key(dynamic: name)
                $0.integer(count)
            }
        }
    }
}
