import Core
import NIOCore
import Testing
import Wire

/// The field `cache` of a chat request.
@Suite struct CacheFieldTests {
    private func request(_ cache: String?) throws -> ChatRequest {
        let field = cache.map { #","cache":\#($0)"# } ?? ""
        return try ChatRequest(ByteBuffer(string: #"{"model":"m","messages":[{"role":"user","content":"hi"}]\#(field)}"#))
    }

    @Test func allThatCanBeSaid() throws {
        let wishes = try request(
            #"{"ttl":1.5,"no-cache":true,"no-store":true,"namespace":"n","s-maxage":0.5,"tags":["a","b"],"use-cache":true}"#).cache
        #expect(wishes.noCache && wishes.noStore && wishes.isWanted == true && !wishes.onlyIfCached)
        #expect(wishes.life == .milliseconds(1500) && wishes.maximumAge == .milliseconds(500))
        #expect(wishes.namespace == "n" && wishes.tags == ["a", "b"])
        #expect(try request(#"{"s-max-age":7}"#).cache.maximumAge == .seconds(7), "LiteLLM has both spellings")
        #expect(try request(#"{"use-cache":false}"#).cache.isWanted == false)
        #expect(try request(#"{"ttl":86400}"#).cache.life == CacheDirectives.longestLife)
    }

    @Test(arguments: [nil, "null", "{}", #"{"ttl":null,"no-cache":null,"tags":null,"namespace":null,"use-cache":null,"s-maxage":null}"#, #"{"no-cache":false,"no-store":false,"tags":[]}"#])
    func nothingSaidIsNothingWanted(cache: String?) throws {
        #expect(try request(cache).cache == CacheDirectives())
    }

    static let tooMany = "[" + Array(repeating: #""t""#, count: CacheDirectives.tagLimit + 1).joined(separator: ",") + "]"
    static let tooLong = "\"" + String(repeating: "ü", count: CacheDirectives.nameLimit / 2 + 1) + "\""

    @Test(arguments: [
        ("[]", "cache"), ("7", "cache"), (#""no-store""#, "cache"), (#"{"ttl":0}"#, "cache.ttl"), (#"{"ttl":86401}"#, "cache.ttl"),
        (#"{"ttl":"60"}"#, "cache.ttl"), (#"{"no-store":"true"}"#, "cache.no-store"), (#"{"use-cache":1}"#, "cache.use-cache"),
        (#"{"s-maxage":-1}"#, "cache.s-maxage"), (#"{"s-max-age":1e99}"#, "cache.s-max-age"), (#"{"tags":"a"}"#, "cache.tags"),
        (#"{"tags":[1]}"#, "cache.tags[0]"), (#"{"tags":\#(tooMany)}"#, "cache.tags"), (#"{"tags":[\#(tooLong)]}"#, "cache.tags[0]"),
        (#"{"namespace":\#(tooLong)}"#, "cache.namespace"), (#"{"no_cache":true}"#, "cache.no_cache"),
        (#"{"ttl":1,"ttl":2}"#, "cache.ttl"),
    ])
    func whatCannotBeUsedIsNamed(cache: String, param: String) throws {
        let error = try #require(throws: GatewayError.self) { try request(cache) }
        #expect(error.param == param && error.message.contains("'\(param)'"), "\(error.message)")
    }
}
