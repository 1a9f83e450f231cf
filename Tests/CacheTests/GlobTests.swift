import Gateway
import Testing

struct GlobTests {
    @Test(arguments: [
        ("*", "", true), ("*", "anything", true), ("v1:*", "v1:acme:00ff", true), ("v1:*", "v2:acme:00ff", false),
        ("*:acme:*", "v1:acme:00ff", true), ("*:acme", "v1:acme:00ff", false), ("a?c", "abc", true), ("a?c", "ac", false),
        ("a[bd]c", "adc", true), ("a[bd]c", "acc", false), ("a[^bd]c", "acc", true), ("a[a-f]c", "aec", true),
        ("a[f-a]c", "aec", true), ("a[a-f]c", "agc", false), (#"a\*c"#, "a*c", true), (#"a\*c"#, "abc", false),
        (#"[\]]"#, "]", true), ("[ab", "b", true), ("**a**", "xxaxx", true), ("", "", false), (#"a\"#, #"a\"#, true),
        ("*a*b*c", "aXbXbXc", true), ("*a*b*c", "aXbXbX", false), ("é", "é", true),
    ])
    func matchesAsRedisDoes(pattern: String, text: String, isMatch: Bool) {
        #expect((Glob(pattern)?.matches(text) ?? false) == isMatch)
    }

    /// A naive matcher takes 2^n steps for this.
    @Test func manyStarsDoNotTakeForever() throws {
        let glob = try #require(Glob(String(repeating: "a*", count: 100) + "b"))
        #expect(!glob.matches(String(repeating: "a", count: 2000)))
    }

    @Test func boundsThePattern() {
        #expect(Glob("") == nil)
        #expect(Glob(String(repeating: "a", count: Glob.patternLimit)) != nil)
        #expect(Glob(String(repeating: "a", count: Glob.patternLimit + 1)) == nil)
    }
}
