import Cache
import Core
import Foundation
import Gateway
import Logging
import Settings
import ServiceLifecycle

/// What the cache consists of, in the order in which its services are to start: each uses those before it.
struct CachingParts {
    let keeping: AnswerKeeping
    let services: [any Service]

    /// - Throws: ``StateFileError`` where a file of the state directory cannot be used; nil where the cache is off.
    static func make(_ settings: ServerSettings, logger: Logger) throws -> CachingParts? {
        let cache = settings.cache
        guard cache.use != .off else { return nil }
        let clock = CacheClock.system
        let master = try MasterSecret.load(given: settings.cacheSecret?.reveal(), stateDirectory: settings.stateDirectory)
        let file = SaltFile(stateDirectory: settings.stateDirectory)
        let secrets = TenantSecrets(master: master, records: try file.read(), now: clock.wall)
        let keeper = SaltKeeper(secrets, file: file, logger: logger)
        let redis = try settings.redis.map { address in
            try RedisStore(RedisSettings(address: address)) { Self.tell($0, of: address, logger) }
        }
        let tiers = TieredCache(
            cache.tiers, remote: redis.map { ($0, RemoteSettings(secret: master.replicaKey(for: "quintet remote tier 1"))) },
            clock: clock)
        let flights = Flights()
        let keeping = AnswerKeeping(
            cache: tiers, secrets: secrets, flights: flights, settings: cache.keeping, wallClock: clock.wall, saveSecrets: { try await keeper.save() })
        let shared: [any Service] = redis.map { [$0, SaltExchange(secrets, store: $0, master: master)] } ?? []
        return CachingParts(keeping: keeping, services: shared + [keeper, tiers, flights])
    }

    /// Reads the files of the state directory that ``make(_:logger:)`` would read, and makes none.
    static func check(_ settings: ServerSettings) throws(StateFileError) {
        guard settings.cache.use != .off else { return }
        _ = try MasterSecret.find(given: settings.cacheSecret?.reveal(), stateDirectory: settings.stateDirectory)
        _ = try SaltFile(stateDirectory: settings.stateDirectory).read()
    }

    /// One line whenever Redis comes, goes, or takes no writes.
    private static func tell(_ condition: RemoteCondition, of address: RedisAddress, _ logger: Logger) {
        switch condition {
        case .off: break
        case .connected: logger.notice("Redis is connected", metadata: ["at": "\(address)"])
        case .readOnly(let why): logger.warning("Redis takes no writes, the cache only reads from it", metadata: ["at": "\(address)", "why": "\(why)"])
        case .away(let why): logger.warning("Redis is away, the cache goes on without it", metadata: ["at": "\(address)", "why": "\(why)"])
        }
    }
}

extension CacheSettings {
    fileprivate var tiers: TieredCache.Settings {
        TieredCache.Settings(
            memory: entries > 0 ? .init(entries: entries, bytes: bytes, life: .seconds(seconds)) : nil,
            session: sessionEntries > 0
                ? .init(entries: sessionEntries, bytes: bytes / 2, life: .seconds(1800), entriesPerSession: 100) : nil)
    }

    fileprivate var keeping: AnswerKeeping.Settings {
        var keeping = AnswerKeeping.Settings()
        keeping.use =
            switch use {
            case .on: .on
            case .asked: .asked
            case .off: .off
            }
        keeping.sharing =
            switch scope {
            case .tenant: .tenant
            case .user: .user
            case .session: .session
            }
        keeping.pace = tokensPerSecond
        return keeping
    }
}
