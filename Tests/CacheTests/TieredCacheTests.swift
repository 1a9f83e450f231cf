import Cache
import Core
import Gateway
import TestKit
import Testing

struct TieredCacheTests {
    private let time = CacheTime()

    private func cache(_ settings: TieredCache.Settings = .init()) -> TieredCache {
        TieredCache(settings, clock: time.clock)
    }

    @Test func givesWhatItKeeps() async throws {
        let cache = cache()
        #expect(await cache.look(up: Fixture.query("k")) == nil)
        cache.store(Fixture.answer(), at: Fixture.address("k"), session: nil)
        time.advance(.seconds(100))
        let hit = try #require(await cache.look(up: Fixture.query("k")))
        #expect(hit.tier == .memory && hit.age == .seconds(100) && hit.remaining == .seconds(200))
        #expect(hit.answer.text == Fixture.answer().text)
    }

    @Test func theSessionsTierIsAskedSecondAndPromotes() async throws {
        let cache = cache()
        cache.store(Fixture.answer(), at: Fixture.address("k"), session: "s")
        time.advance(.seconds(1600))
        #expect(await cache.look(up: Fixture.query("k")) == nil, "no session, no second tier")
        #expect(await cache.look(up: Fixture.query("k", session: "t")) == nil)
        #expect(await cache.look(up: Fixture.query("k", session: "s"))?.tier == .session)

        let promoted = try #require(await cache.look(up: Fixture.query("k")))
        #expect(promoted.tier == .memory && promoted.remaining == .seconds(200), "no longer than the tier it came from")
        time.advance(.seconds(200))
        #expect(await cache.look(up: Fixture.query("k", session: "s")) == nil)
    }

    /// Each reading is from the session's tier first and puts the answer into memory anew.
    @Test func promotionNeverProlongsLife() async {
        let cache = cache()
        cache.store(Fixture.answer(), at: Fixture.address("k"), session: "s")
        var hits = 0
        for _ in 0..<40 {
            time.advance(.seconds(60))
            if await cache.look(up: Fixture.query("k", session: "s")) != nil { hits += 1 }
        }
        #expect(hits == 29, "every minute up to the thirtieth, at which it is gone")
    }

    @Test func theFormerAddressIsGoodToo() async throws {
        let cache = cache()
        cache.store(Fixture.answer("old"), at: Fixture.address("former"), session: "s")
        let hit = await cache.look(up: Fixture.query("new", former: "former"))
        #expect(hit?.answer.text.contains("old") == true)
        time.advance(.seconds(400))
        #expect(await cache.look(up: Fixture.query("new", former: "former", session: "s"))?.tier == .session)
        #expect(await cache.look(up: Fixture.query("new"))?.tier == .memory, "promoted to the present address")
        #expect(cache.report.lookups.total == 3)
    }

    @Test func maximumAgeIsHonoured() async {
        let cache = cache()
        cache.store(Fixture.answer(), at: Fixture.address("k"), session: nil)
        time.advance(.seconds(10))
        #expect(await cache.look(up: Fixture.query("k", maximumAge: .seconds(9))) == nil)
        #expect(await cache.look(up: Fixture.query("k", maximumAge: .seconds(10))) != nil)
        #expect(await cache.look(up: Fixture.query("k", maximumAge: .zero)) == nil)
    }

    @Test func tiersCanBeSwitchedOff() async {
        let none = cache(.init(memory: nil, session: nil))
        none.store(Fixture.answer(), at: Fixture.address("k"), session: "s")
        #expect(await none.look(up: Fixture.query("k", session: "s")) == nil)
        #expect(none.report.memory == nil && none.report.session == nil && none.report.remote == nil)
        #expect(await none.invalidate(.everything) == CacheInvalidationReport())

        let sessionsOnly = cache(.init(memory: nil))
        sessionsOnly.store(Fixture.answer(), at: Fixture.address("k"), session: "s")
        #expect(await sessionsOnly.look(up: Fixture.query("k", session: "s"))?.tier == .session)
    }

    @Test func doesNotKeepWhatIsOver() async {
        let cache = cache()
        cache.store(
            Fixture.answer(createdAt: CacheTime.epoch - 60_000, life: .seconds(60)), at: Fixture.address("k"), session: nil)
        #expect(await cache.look(up: Fixture.query("k")) == nil)
        cache.store(
            Fixture.answer(createdAt: CacheTime.epoch - 59_000, life: .seconds(60)), at: Fixture.address("k"), session: nil)
        #expect(await cache.look(up: Fixture.query("k"))?.remaining == .seconds(1))
    }

    @Test func countsEachLookupOnce() async {
        let cache = cache()
        cache.store(Fixture.answer(), at: Fixture.address("k"), session: "s")
        for key in ["k", "k", "x", "y"] { _ = await cache.look(up: Fixture.query(key, session: "s")) }
        let report = cache.report
        #expect(report.lookups.hits == 2 && report.lookups.misses == 2 && report.lookups.hitRate == 0.5)
        #expect(report.agents == ["dev": report.lookups])
        #expect(report.models == ["m": report.lookups])
        #expect(report.routes == ["chat": report.lookups])
        #expect(report.savedSeconds == 3 && report.saved == Money(picodollars: 5_000_000))
        #expect(report.memory?.hits == 2 && report.memory?.misses == 2)
        #expect(report.session?.hits == 0 && report.session?.misses == 2)
    }

    @Test func namesOfModelsAreBounded() async {
        let cache = cache()
        for number in 0..<1000 { _ = await cache.look(up: Fixture.query("k", model: "m\(number)")) }
        let models = cache.report.models
        #expect(models.count == 257)
        #expect(models["(others)"]?.misses == 744)
        #expect(models.values.reduce(0) { $0 + $1.total } == 1000)
    }

    @Test func invalidatesInBothMemoryTiers() async {
        let cache = cache()
        for number in 0..<4 {
            cache.store(
                Fixture.answer(), at: Fixture.address("k\(number)"), session: number.isMultiple(of: 2) ? "s" : nil)
        }
        #expect(await cache.invalidate(.tag(.agent("dev"))) == CacheInvalidationReport(memory: 4, session: 2))
        #expect(await cache.look(up: Fixture.query("k0", session: "s")) == nil)
    }

    @Test(arguments: [
        CacheInvalidation.tag(.user("ann", of: "acme")), .tag(.agent("dev")), .key("k"), .keys(Glob("?")!), .everything,
    ])
    func whatIsForgottenWhileItIsMadeIsNotKept(which: CacheInvalidation) async {
        let cache = cache()
        let begun = cache.moment
        #expect(!cache.mayBeOutdated("k", tags: [.user("ann", of: "acme")], since: begun))
        _ = await cache.invalidate(which)
        #expect(cache.mayBeOutdated("k", tags: [.user("ann", of: "acme")], since: begun))
        #expect(!cache.store(Fixture.answer(), at: Fixture.address("k"), session: "s", since: begun))
        #expect(cache.recall(Fixture.query("k", session: "s")) == nil)
        #expect(cache.report.memory?.stores == 0 && cache.report.session?.stores == 0)
        #expect(cache.store(Fixture.answer(), at: Fixture.address("k"), session: "s", since: cache.moment))
        // A slow one that began before does not take the fresh one's place.
        #expect(!cache.store(Fixture.answer("old"), at: Fixture.address("k"), session: "s", since: begun))
        #expect(cache.recall(Fixture.query("k"))?.answer.text.contains("hello") == true)
    }

    @Test func whatIsForgottenOfOthersKeepsNothingFromBeingKept() async {
        let cache = cache()
        let begun = cache.moment
        for which in [CacheInvalidation.tag(.user("bob", of: "acme")), .tag(.agent("qa")), .key("l"), .tag(.tenant("acme"))] {
            _ = await cache.invalidate(which)
        }
        #expect(cache.store(Fixture.answer(), at: Fixture.address("k"), session: nil, since: begun))
        #expect(!cache.mayBeOutdated("k", tags: [], since: cache.moment))
        #expect(cache.mayBeOutdated("k", tags: [], since: begun), "the agent that will answer may be this one")
    }

    /// Many tasks at once, with one right answer for each key: whatever comes is right, and the figures add up.
    @Test func manyAtOnceGetTheRightAnswers() async {
        let cache = cache(
            .init(
                memory: .init(entries: 50, bytes: 60_000, life: .seconds(300)),
                session: .init(entries: 80, bytes: 90_000, life: .seconds(600), entriesPerSession: 20)))
        let lookups = await withTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask {
                    var random = SplitMix64(seed: UInt64(task))
                    var lookups = 0
                    for _ in 0..<3000 {
                        let number = Int.random(in: 0..<150, using: &random)
                        let session = "s\(number % 5)"
                        switch Int.random(in: 0..<20, using: &random) {
                        case 0..<8:
                            cache.store(
                                Fixture.answer("answer \(number)."), at: Fixture.address("k\(number)"), session: session)
                        case 8: _ = await cache.invalidate(.key("k\(number)"))
                        case 9: _ = await cache.invalidate(.tag(.agent("dev")))
                        default:
                            lookups += 1
                            let hit = await cache.look(up: Fixture.query("k\(number)", session: session))
                            if let hit { #expect(hit.answer.text.contains("answer \(number).")) }
                        }
                    }
                    return lookups
                }
            }
            return await group.reduce(0, +)
        }
        let report = cache.report
        #expect(report.lookups.total == lookups && report.lookups.hits > 0)
        #expect(report.lookups.hits == (report.memory?.hits ?? 0) + (report.session?.hits ?? 0))
        #expect((report.memory?.bytes ?? .max) <= 60_000 && (report.session?.bytes ?? .max) <= 90_000)
    }
}
