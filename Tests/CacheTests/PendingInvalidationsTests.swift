import Gateway
import Testing

@testable import Cache

/// What the store has still to do, and how it stays little.
struct PendingInvalidationsTests {
    private var pending = PendingInvalidations()

    private func own(_ number: Int, of tenant: String = "acme") -> CacheInvalidation { .tag(.own("\(number)", of: tenant)) }

    private mutating func fail(_ which: CacheInvalidation) {
        pending.begin(which)
        pending.failed(which)
    }

    private func covers(_ tag: CacheTag) -> Bool { pending.cover(key: "k", tags: [tag]) }

    @Test mutating func whatIsUnderWayIsNeverTooMuch() {
        for number in 0..<1000 { pending.begin(own(number)) }
        #expect(pending.count == 1000 && !covers(.tenant("acme")) && covers(.own("999", of: "acme")))
        for number in 0..<1000 { pending.succeeded(own(number)) }
        #expect(pending.count == 0)
    }

    @Test mutating func equalOnesAreOneUntilTheLastIsDone() {
        for _ in 0..<3 { pending.begin(own(1)) }
        #expect(pending.count == 1)
        pending.succeeded(own(1))
        pending.succeeded(own(1))
        #expect(covers(.own("1", of: "acme")))
        pending.succeeded(own(1))
        #expect(pending.count == 0)
    }

    /// The one that was done may have begun before something was written that the failed one was to delete.
    @Test mutating func oneThatFailedIsToldAgainThoughAnEqualOneWasDone() {
        for _ in 0..<2 { pending.begin(own(1)) }
        pending.failed(own(1))
        #expect(pending.retry() == nil, "another is under way")
        pending.succeeded(own(1))
        #expect(pending.retry() == own(1) && pending.retry() == nil)
        pending.succeeded(own(1))
        #expect(pending.count == 0)
    }

    @Test mutating func tooManyOfATenantForgetTheTenantAndNobodyElse() {
        fail(own(1, of: "umbrella"))
        for number in 0...PendingInvalidations.tenantLimit { fail(own(number)) }
        #expect(covers(.tenant("acme")) && pending.count == 2)
        #expect(!covers(.tenant("umbrella")) && covers(.own("1", of: "umbrella")))
        for number in 0..<1000 { fail(own(number)) }
        #expect(pending.count <= PendingInvalidations.tenantLimit + 1 && !pending.cover(key: "k", tags: []))
    }

    @Test mutating func tooManyOfAdminsForgetEverything() {
        for number in 0..<PendingInvalidations.sharedLimit { fail(.key("\(number)")) }
        #expect(!covers(.tenant("acme")) && pending.cover(key: "3", tags: []))
        fail(.tag(.agent("dev")))
        #expect(pending.count == 1 && covers(.tenant("acme")))
    }

    @Test mutating func tenantsWithoutEndAreBoundedToo() {
        for tenant in 0..<3000 { for number in 0..<2 { fail(own(number, of: "t\(tenant)")) } }
        #expect(pending.count <= PendingInvalidations.limit + 1)
        #expect(covers(.own("1", of: "t0")) && covers(.own("1", of: "t2999")))
    }

    @Test mutating func theOneToldLongestAgoIsToldNext() {
        for number in 0..<3 { fail(own(number)) }
        for number in [0, 1, 2, 0, 1] {
            #expect(pending.retry() == own(number))
            pending.failed(own(number))
        }
    }

    @Test mutating func globsCoverKeys() throws {
        pending.begin(.keys(try #require(Glob("v1:*"))))
        #expect(pending.cover(key: "v1:k", tags: []) && !pending.cover(key: "v2:k", tags: []))
    }
}
