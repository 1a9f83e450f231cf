import Gateway
import Testing

@testable import Cache

/// What is known of the invalidations of late.
struct RecentInvalidationsTests {
    private var recent = RecentInvalidations()

    private func has(_ tag: CacheTag, since number: Int) -> Bool {
        recent.hasOne(since: number) { $0.covers(key: "k", tags: [tag]) }
    }

    @Test mutating func knowsWhatCameSince() {
        recent.note(.tag(.agent("a")))
        recent.note(.tag(.agent("b")))
        #expect(has(.agent("a"), since: 0) && !has(.agent("a"), since: 1) && has(.agent("b"), since: 1))
        recent.note(.tag(.agent("a")))
        #expect(has(.agent("a"), since: 2) && has(.agent("b"), since: 1) && recent.count == 2)
        #expect(!has(.agent("a"), since: recent.last))
    }

    @Test mutating func whatIsOlderThanTheListCounts() {
        for number in 0..<RecentInvalidations.limit + 10 { recent.note(.key("\(number)")) }
        #expect(recent.count == RecentInvalidations.limit)
        #expect(has(.agent("never"), since: 9) && !has(.agent("never"), since: 10))
    }

    /// A tenant that forgets without end makes its own answers outdated, and nobody else's.
    @Test mutating func manyOfATenantAreOneOfAllItsAnswers() {
        recent.note(.tag(.agent("a")))
        for number in 0..<10_000 { recent.note(.tag(.own("\(number)", of: "acme"))) }
        #expect(recent.count <= RecentInvalidations.tenantLimit + 1)
        #expect(has(.tenant("acme"), since: 0) && !has(.tenant("umbrella"), since: 0) && has(.agent("a"), since: 0))
        #expect(!has(.tenant("acme"), since: recent.last))
    }

    @Test(arguments: [
        (CacheInvalidation.tag(.model("m")), true), (.tag(.agent("a")), true), (.tag(.tenant("acme")), true),
        (.tag(.tenant("umbrella")), false), (.tag(.own("x", of: "acme")), false), (.key("k"), true), (.key("l"), false), (.everything, true),
    ])
    func anAnswerThatIsNotThereMayBeOfAnyModel(which: CacheInvalidation, may: Bool) {
        #expect(which.mayCover(key: "k", tags: [.tenant("acme")]) == may)
    }
}
