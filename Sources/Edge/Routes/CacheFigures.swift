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
                $0.store(report.remote ?? CacheReport.Remote())
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
                $0.reasons(flights?.refusedStores)
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
            let remote = report.remote ?? CacheReport.Remote()
            // The fallbacks are lookups that went on without the store because it failed.
            $0.counts(["redisHits": remote.hits, "redisMisses": remote.misses, "fallbackCount": remote.failures])
        }
    }

    private mutating func members(_ lookups: CacheReport.Lookups, hits: StaticString, misses: StaticString) {
        counts([hits: lookups.hits, misses: lookups.misses])
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

    /// The remote store itself.
    fileprivate mutating func store(_ remote: CacheReport.Remote) {
        let condition = remote.condition
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
            $0.key("usedBytes")
            $0.integer(orNull: remote.memory?.used)
            $0.key("limitBytes")
            $0.integer(orNull: remote.memory?.limit)
            $0.key("evictions")
            $0.integer(orNull: remote.memory?.evictions)
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
            $0.counts([
                "hits": tier.hits, "misses": tier.misses, "stores": tier.stores, "refused": tier.refused,
                "evictions": tier.evictions, "expired": tier.expired, "invalidated": tier.invalidated,
                "entries": tier.entries, "entryLimit": tier.entryLimit, "bytes": tier.bytes, "byteLimit": tier.byteLimit,
            ])
        }
    }

    private mutating func remote(_ tier: CacheReport.Remote?) {
        guard let tier else { return null() }
        object {
            $0.counts([
                "hits": tier.hits, "misses": tier.misses, "stores": tier.stores, "refused": tier.refused,
                "lostStores": tier.lostStores, "failures": tier.failures, "unreadable": tier.unreadable,
                "expired": tier.expired, "invalidated": tier.invalidated,
                "pendingInvalidations": tier.pendingInvalidations, "queued": tier.queued, "queuedBytes": tier.queuedBytes,
                "subscriptions": tier.subscriptions, "plainBytes": tier.plainBytes, "sealedBytes": tier.sealedBytes,
            ])
            $0.key("compressionRatio")
            if let ratio = tier.compressionRatio { $0.number(ratio) } else { $0.null() }
        }
    }

    fileprivate mutating func flights(_ flights: FlightReport?) {
        guard let flights else { return null() }
        object { $0.counts(["joins": flights.joins, "running": flights.running]) }
    }

    fileprivate mutating func reasons(_ reasons: [String: Int]?) {
        guard let reasons else { return null() }
        object {
            for (reason, count) in reasons.sorted(by: { $0.key < $1.key }) {
                $0.key(dynamic: reason)
                $0.integer(count)
            }
        }
    }

    /// Members of the object that is being written.
    private mutating func counts(_ members: KeyValuePairs<StaticString, Int>) {
        for (name, count) in members {
            key(name)
            integer(count)
        }
    }
}
