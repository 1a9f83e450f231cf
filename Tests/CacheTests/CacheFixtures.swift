import Cache
import Core
import Crypto
import Gateway
import NIOCore
import TestKit

/// Both clocks of a cache, moved by hand.
struct CacheTime: Sendable {
    let manual = ManualTime()
    private let start: Instant
    /// What the wall clock shows at the start.
    static let epoch: Int64 = 1_800_000_000_000

    init() { start = manual.now }

    var now: Instant { manual.now }
    var wall: Int64 {
        let (seconds, attoseconds) = (manual.now - start).components
        return Self.epoch + seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
    var clock: CacheClock { CacheClock(now: { self.now }, wall: { self.wall }) }

    func advance(_ step: Duration) { manual.advance(by: step) }
}

enum Fixture {
    static let key = SealingKey(secretID: 7, key: SymmetricKey(data: [UInt8](repeating: 1, count: 32)))
    static let otherKey = SealingKey(secretID: 7, key: SymmetricKey(data: [UInt8](repeating: 2, count: 32)))
    static let remoteSettings = RemoteSettings(secret: SymmetricKey(data: [UInt8](repeating: 3, count: 32)))

    static func address(_ key: String, sealing: SealingKey = key) -> CacheAddress {
        CacheAddress(key: key, sealing: sealing)
    }

    static func query(
        _ key: String, former: String? = nil, session: String? = nil, maximumAge: Duration? = nil,
        sealing: SealingKey = key, model: String = "m"
    ) -> CacheQuery {
        CacheQuery(
            address: address(key, sealing: sealing), former: former.map { address($0) }, session: session,
            maximumAge: maximumAge, labels: CacheLabels(agent: "dev", model: model, route: "chat"))
    }

    static func answer(
        _ text: String = "hello", createdAt: Int64 = CacheTime.epoch, life: Duration = .seconds(3600),
        tags: [CacheTag] = [.agent("dev"), .user("ann", of: "acme")]
    ) -> CachedAnswer {
        CachedAnswer(
            body: ByteBuffer(string: #"{"choices":[{"message":{"content":"\#(text)"}}]}"#), model: "m", deployment: "p/m",
            usage: Usage(
                promptTokens: 100, completionTokens: 20, cachedPromptTokens: 60, cacheWriteTokens: 7, longCacheWriteTokens: 6,
                promptAudioTokens: 5, promptImageTokens: 4, reasoningTokens: 3, completionAudioTokens: 2),
            cost: Money(picodollars: 2_500_000), createdAt: createdAt, life: life, tags: tags, seconds: 1.5)
    }

    static func resident(_ answer: CachedAnswer, at time: CacheTime) -> Resident {
        Resident(answer: answer, born: time.now, freshUntil: time.now + answer.life)
    }
}

extension TieredCache {
    /// Keeps an answer that is made now.
    func store(_ answer: CachedAnswer, at address: CacheAddress, session: String?) {
        _ = store(answer, at: address, session: session, since: moment)
    }
}

extension CachedAnswer {
    /// The body as text.
    var text: String { String(buffer: body) }
}
