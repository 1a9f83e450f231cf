import Gateway
import TestKit
import Testing

@testable import Cache

struct MemoryTierTests {
    private let time = CacheTime()

    private func tier(entries: Int = 100, bytes: Int = 1 << 20, perSession: Int = .max) -> MemoryTier {
        MemoryTier(limits: .init(entries: entries, bytes: bytes, life: .seconds(300), entriesPerSession: perSession))
    }

    private func store(_ answer: CachedAnswer, for key: String, session: String? = nil, in tier: MemoryTier) {
        tier.store(Fixture.resident(answer, at: time), for: key, session: session, now: time.now)
    }

    @Test func readingDoesNotProlongLife() {
        let tier = tier()
        store(Fixture.answer(), for: "k", in: tier)
        for _ in 0..<299 {
            time.advance(.seconds(1))
            #expect(tier.find("k", now: time.now) != nil)
        }
        time.advance(.milliseconds(999))
        #expect(tier.find("k", now: time.now) != nil)
        time.advance(.milliseconds(1))
        #expect(tier.find("k", now: time.now) == nil)
        #expect(tier.report.expired == 1)
        #expect(tier.report.hits == 300 && tier.report.misses == 1)
    }

    @Test func anAnswersOwnLifeEndsFirst() {
        let tier = tier()
        store(Fixture.answer(life: .seconds(60)), for: "k", in: tier)
        time.advance(.seconds(60) - .nanoseconds(1))
        #expect(tier.find("k", now: time.now)?.freshUntil == time.now + .nanoseconds(1))
        time.advance(.nanoseconds(1))
        #expect(tier.find("k", now: time.now) == nil)
    }

    @Test func sessionsAreApart() {
        let tier = tier()
        store(Fixture.answer("one"), for: "k", session: "s1", in: tier)
        store(Fixture.answer("two"), for: "k", session: "s2", in: tier)
        #expect(tier.find("k", session: "s1", now: time.now)?.answer.text.contains("one") == true)
        #expect(tier.find("k", session: "s2", now: time.now)?.answer.text.contains("two") == true)
        #expect(tier.find("k", session: "s3", now: time.now) == nil)
        tier.remove("k")
        #expect(tier.report.entries == 2, "that was of no session")
        tier.remove("k", session: "s1")
        #expect(tier.find("k", session: "s1", now: time.now) == nil && tier.report.entries == 1)
        store(Fixture.answer("one"), for: "k", session: "s1", in: tier)
        store(Fixture.answer("one"), for: "k", in: tier)
        store(Fixture.answer("one"), for: "l", session: "s1", in: tier)
        #expect(tier.invalidate(.key("k")) == 3 && tier.keyCount == 1)
    }

    /// A key is found without looking at the others: that would take minutes for so many.
    @Test(.timeLimit(.minutes(1))) func aKeyIsForgottenInNoTime() {
        let tier = tier(entries: 20_000, bytes: 1 << 30)
        for number in 0..<20_000 { store(Fixture.answer(tags: []), for: "k\(number)", session: "s\(number % 200)", in: tier) }
        for number in 0..<20_000 { #expect(tier.invalidate(.key("k\(number)")) == 1) }
        #expect(tier.keyCount == 0 && tier.report.entries == 0)
    }

    @Test func aSessionsQuotaIsItsOwn() {
        let tier = tier(perSession: 3)
        store(Fixture.answer(), for: "other", session: "s2", in: tier)
        for number in 0..<10 { store(Fixture.answer(), for: "k\(number)", session: "s1", in: tier) }
        #expect(tier.report.entries == 4)
        #expect(tier.report.evictions == 7)
        #expect(tier.find("other", session: "s2", now: time.now) != nil)
        #expect(tier.find("k6", session: "s1", now: time.now) == nil)
        #expect(tier.find("k7", session: "s1", now: time.now) != nil)
    }

    @Test func invalidatesByKeyTagGlobAndAll() throws {
        let tier = tier()
        for number in 0..<10 {
            store(
                Fixture.answer(tags: [.agent(number < 4 ? "dev" : "luna"), .model("m\(number)")]), for: "v1:a:\(number)",
                in: tier)
        }
        #expect(tier.invalidate(.key("v1:a:0")) == 1)
        #expect(tier.invalidate(.key("v1:a:0")) == 0)
        #expect(tier.invalidate(.tag(.agent("dev"))) == 3)
        #expect(tier.invalidate(.tag(.agent("dev"))) == 0)
        #expect(tier.invalidate(.keys(try #require(Glob("v1:?:[45]")))) == 2)
        #expect(tier.report.entries == 4 && tier.tagCount == 5)
        #expect(tier.invalidate(.everything) == 4)
        #expect(tier.report.entries == 0 && tier.report.bytes == 0 && tier.tagCount == 0)
        #expect(tier.report.invalidated == 10)
    }

    /// Whatever way an entry goes, its tags go with it.
    @Test func tagsFollowTheirEntries() {
        let tier = tier(entries: 20, perSession: 5)
        var random = SplitMix64(seed: 21)
        for step in 0..<20_000 {
            let key = "k\(Int.random(in: 0..<60, using: &random))"
            let session = Bool.random(using: &random) ? "s\(Int.random(in: 0..<4, using: &random))" : nil
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let tags = (0..<Int.random(in: 0..<4, using: &random)).map { _ in
                    CacheTag.own("t\(Int.random(in: 0..<9, using: &random))", of: "acme")
                }
                store(
                    Fixture.answer(life: .seconds(Int.random(in: 1..<50, using: &random)), tags: tags), for: key,
                    session: session, in: tier)
            case 5: _ = tier.find(key, session: session, now: time.now)
            case 6: _ = tier.invalidate(.key(key))
            case 7: _ = tier.invalidate(.tag(.own("t\(step % 9)", of: "acme")))
            case 8: tier.sweep(now: time.now)
            default: time.advance(.seconds(1))
            }
        }
        #expect(tier.keyCount <= tier.report.entries)
        let before = tier.report.entries
        var removed = 0
        for number in 0..<9 { removed += tier.invalidate(.tag(.own("t\(number)", of: "acme"))) }
        #expect(tier.tagCount == 0)
        #expect(tier.report.entries == before - removed)
        for number in 0..<60 { _ = tier.invalidate(.key("k\(number)")) }
        #expect(tier.keyCount == 0 && tier.report.entries == 0)
    }

    @Test func staysWithinItsBytes() {
        let tier = tier(entries: 10_000, bytes: 100_000)
        for number in 0..<1000 {
            store(Fixture.answer(String(repeating: "x", count: number % 500)), for: "k\(number)", in: tier)
            #expect(tier.report.bytes <= 100_000)
        }
        #expect(tier.report.evictions > 800)
        store(Fixture.answer(String(repeating: "x", count: 100_000)), for: "huge", in: tier)
        #expect(tier.report.refused == 1)
        #expect(tier.find("huge", now: time.now) == nil)
    }

    @Test func refusesTooManyTags() {
        let tier = tier()
        let tags = (0...CachedAnswer.tagLimit).map { CacheTag.own("\($0)", of: "acme") }
        store(Fixture.answer(tags: Array(tags.dropLast())), for: "a", in: tier)
        store(Fixture.answer(tags: tags), for: "b", in: tier)
        #expect(tier.report.entries == 1 && tier.report.refused == 1)
    }

    @Test func olderThanWantedCountsAsAbsentAndStays() {
        let tier = tier()
        store(Fixture.answer(), for: "k", in: tier)
        time.advance(.seconds(10))
        #expect(tier.find("k", bornAfter: time.now - .seconds(9), now: time.now) == nil)
        #expect(tier.find("k", bornAfter: time.now - .seconds(10), now: time.now) != nil)
    }
}
