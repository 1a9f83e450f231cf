import Core
import Testing

/// The header `Cache-Control` of a request (RFC 9111 §5.2.1).
@Suite struct CacheDirectivesTests {
    private func read(_ headers: String...) -> CacheDirectives {
        var directives = CacheDirectives()
        for header in headers { directives.read(cacheControl: header) }
        return directives
    }

    @Test(arguments: ["no-store", "No-Store", " no-store ", "no-store,", ",,no-store", "max-stale, no-store", "no-store=x", "foo=\"a\",\tno-store"])
    func noStore(header: String) { #expect(read(header).noStore) }

    @Test func eachDirectiveIsItsOwn() {
        #expect(read("no-cache").noCache && !read("no-cache").noStore && !read("no-cache").mayRead)
        #expect(read("only-if-cached").onlyIfCached && read("only-if-cached").mayRead)
        let all = read("no-cache, no-store, only-if-cached, max-age=5")
        #expect(all.noCache && all.noStore && all.onlyIfCached && all.maximumAge == .seconds(5))
    }

    @Test(arguments: [
        ("max-age=0", 0), ("max-age=60", 60), ("MAX-AGE=60", 60), (#"max-age="60""#, 60), ("max-age = 60", 60), ("max-age=007", 7),
        ("max-age=60, max-age=5", 5), ("max-age=5, max-age=60", 5), ("max-age=99999999999999999999999", 3_153_600_000),
    ])
    func ages(header: String, seconds: Int) { #expect(read(header).maximumAge == .seconds(seconds)) }

    @Test(arguments: [
        "", ",", " , ,", "max-age", "max-age=", "max-age=soon", "max-age=-1", "max-age=1.5", "max-age=1 0", "max-age=٣", #"max-age="""#, "max-age=5=5",
        "max-stale=5", "min-fresh=5", "no-transform", "private", "nostore", "no store", "x-no-cache", "=no-store", "no-storex",
        #"foo="no-store, no-cache""#, #"foo="a,no-cache,b""#, #"foo="a\",no-cache,\"b""#,
    ])
    func whatMeansNothingChangesNothing(header: String) { #expect(read(header) == CacheDirectives(), "\(header)") }

    @Test func doubledHeadersAddUp() {
        let both = read("max-age=60", "no-store", "max-age=9", "no-cache")
        #expect(both.noStore && both.noCache && both.maximumAge == .seconds(9))
    }

    /// However much nonsense goes before.
    @Test func whatForbidsIsNeverOverlooked() {
        #expect(read(String(repeating: "x=1, ", count: 200) + "no-store").noStore)
    }

    @Test func theHeaderAddsToTheBody() {
        var directives = CacheDirectives()
        directives.maximumAge = .seconds(3)
        directives.noStore = true
        directives.read(cacheControl: "max-age=10, no-cache")
        #expect(directives.maximumAge == .seconds(3) && directives.noStore && directives.noCache)
    }

    @Test func noAgeAtAllIsAFreshAnswer() {
        #expect(!read("max-age=0").mayRead && read("max-age=1").mayRead && read("").mayRead)
    }
}
