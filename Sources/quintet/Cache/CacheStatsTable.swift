import Foundation
import Wire

/// The cache's figures for people: the whole, then the tiers, then who asked.
struct CacheStatsTable {
    let lines: [String]

    /// nil for what is not the answer of `GET /api/cache/stats`.
    init?(_ figures: JSONValue) {
        guard let type = figures["type"]?.string, let stats = figures["stats"], let tiers = figures["tiers"] else { return nil }
        var lines = [
            "cache    \(type), \(Self.redis(figures["redis"]))",
            "lookups  \(Self.lookups(stats))",
            "saved    \(Self.saved(figures["saved"]))",
        ]
        if let flights = figures["flights"], !flights.isNull {
            lines.append("flights  \(Self.count(flights["joins"])) joined a call that ran, \(Self.count(flights["running"])) run now")
        }
        if let reasons = figures["refusedStores"], !reasons.isEmpty {
            let words = reasons.children.map { "\(Self.count($0)) \($0.key ?? "")" }
            lines.append("not kept \(words.joined(separator: ", "))")
        }
        lines += ["", "the tiers"] + Self.tiers(tiers)
        for (title, member) in [("by agent", figures["agents"]), ("by model", figures["models"]), ("by route", figures["routes"])] {
            guard let member, !member.isEmpty else { continue }
            lines += [""] + Self.names(member, title)
        }
        self.lines = lines.map(\.harmless)
    }

    private static func redis(_ redis: JSONValue?) -> String {
        let why = redis?["why"]?.string.map { ": \($0)" } ?? ""
        switch redis?["state"]?.string {
        case "connected":
            let ping = redis?["pingMs"]?.double.map { "ping \(decimal($0, 1)) ms" }
            let notes = [ping, redis.flatMap(memory)].compactMap(\.self)
            return "Redis connected" + (notes.isEmpty ? "" : " (\(notes.joined(separator: ", ")))")
        case "readOnly": return "Redis takes no writes\(why)"
        case "away": return "Redis is away\(why)"
        default: return "without Redis"
        }
    }

    private static func memory(of redis: JSONValue) -> String? {
        guard let used = redis["usedBytes"], !used.isNull else { return nil }
        let limit = redis["limitBytes"].flatMap { $0.isNull ? nil : " of \(size($0))" } ?? ""
        return "\(size(used))\(limit) used, \(redis["evictions"]?.int ?? 0) evicted"
    }

    private static func lookups(_ stats: JSONValue) -> String {
        let (hits, misses) = (stats["totalHits"]?.int ?? 0, stats["totalMisses"]?.int ?? 0)
        return "\(hits + misses): \(hits) hits, \(misses) misses (\(stats["hitRate"]?.string ?? "?"))"
    }

    private static func saved(_ saved: JSONValue?) -> String {
        "USD \(decimal(saved?["usd"]?.double ?? 0, 6)), \(decimal(saved?["seconds"]?.double ?? 0, 1)) s of waiting"
    }

    /// Columns that a tier does not have stay empty.
    private static func tiers(_ tiers: JSONValue) -> [String] {
        var table = TextTable([
            "tier", "hits", "misses", "stores", "refused", "evicted", "expired", "forgotten", "entries", "size", "compressed",
        ])
        for tier in tiers.children {
            let name = tier.key ?? ""
            guard !tier.isNull else {
                table.add([name, "off"])
                continue
            }
            let limit = tier["entryLimit"]?.int.map { "/\($0)" } ?? ""
            table.add([
                name, count(tier["hits"]), count(tier["misses"]), count(tier["stores"]), count(tier["refused"]),
                count(tier["evictions"]), count(tier["expired"]), count(tier["invalidated"]), count(tier["entries"]) + limit,
                size(tier["bytes"] ?? tier["sealedBytes"]),
                tier["compressionRatio"]?.double.map { "\(decimal($0, 1))×" } ?? "",
            ])
        }
        return table.lines
    }

    private static func names(_ names: JSONValue, _ title: String) -> [String] {
        var table = TextTable([title, "hits", "misses", "rate"])
        for name in names.children {
            table.add([
                (name.key ?? "").fitted(to: 40), count(name["hits"]), count(name["misses"]), name["hitRate"]?.string ?? "",
            ])
        }
        return table.lines
    }

    private static func count(_ value: JSONValue?) -> String { value?.int.map(String.init) ?? "" }

    private static func size(_ bytes: JSONValue?) -> String {
        guard let bytes = bytes?.int else { return "" }
        if bytes < 1 << 10 { return "\(bytes) B" }
        return bytes < 1 << 20 ? "\(decimal(Double(bytes) / 1024, 1)) KiB" : "\(decimal(Double(bytes) / 1_048_576, 1)) MiB"
    }

    private static func decimal(_ value: Double, _ places: Int) -> String { String(format: "%.\(places)f", value) }
}
