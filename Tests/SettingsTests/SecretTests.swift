import Settings
import Testing

@Suite struct SecretTests {
    private static let value = "sk-canary-4711"

    @Test func showsItselfToNobody() throws {
        let secret = try Secret(Self.value, from: "OPENAI_API_KEY")
        struct Holder {
            let secret: Secret
            let others: [String: Secret]
        }
        let holder = Holder(secret: secret, others: ["a": secret])
        var dumped = ""
        dump(holder, to: &dumped)
        let texts = [
            "\(secret)", String(describing: secret), String(reflecting: secret), secret.debugDescription, "\(holder)",
            String(reflecting: holder), "\(Mirror(reflecting: secret).children.map(\.value))", dumped, "\([secret])",
            "\(Optional(secret) as Any)",
        ]
        for text in texts { #expect(!text.contains("canary"), "\(text)") }
        #expect("\(secret)" == "<redacted>")
        #expect(String(reflecting: secret) == "<redacted>")
        #expect(secret.reveal() == Self.value)
    }

    @Test func isEqualByItsValue() throws {
        let secret = try Secret("abc", from: "A")
        #expect(try secret == Secret("abc", from: "B"))
        #expect(try secret != Secret("abd", from: "A"))
        #expect(try secret != Secret("abcd", from: "A"))
    }

    @Test(arguments: [
        ("", "holds an empty key"), (" canary", "has blanks around it"), ("canary ", "has blanks around it"),
        ("canary\n", "holds a line break"), ("can\r\nary: x", "holds a line break"), ("canary\u{0}", "holds a line break"),
        ("canary\u{200B}", "holds a line break"), ("canäry", "holds a line break"), ("\tcanary", "holds a line break"),
        (String(repeating: "canary", count: 1000), "more than 4096 bytes"),
    ])
    func refusesWhatNoHeaderCanHold(value: String, problem: String) {
        let found = complaints(try Secret(value, from: "OPENAI_API_KEY"))
        #expect(found.count == 1)
        #expect(found[0].hasPrefix("OPENAI_API_KEY: "))
        #expect(found[0].contains(problem))
        #expect(!found[0].contains("can"))
    }

    @Test func allowsBlanksWithin() throws {
        #expect(try Secret("two words", from: "A").reveal() == "two words")
    }
}
