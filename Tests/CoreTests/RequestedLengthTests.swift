import TestKit
import Testing

@testable import Core

/// How long an answer a text asks for.
@Suite struct RequestedLengthTests {
    @Test(arguments: [
        ("Write 300 words about bees", 399), ("a 2,000-word essay", 2660), ("Write 2.000 Wörter", 3000), ("a 3-page report", 1950), ("in 2 sentences", 50),
        ("1 paragraph of 50 words", 130), ("800字で書いて", 800), ("unas 500 palabras", 750), ("5 Pages", 3250), ("99999999999999999999 words", 1_330_000),
        ("0 words", 0), ("2,00 words", 0),
    ])
    func isRead(text: String, tokens: Int) {
        #expect(RequestedLength.tokens(in: text) == tokens)
    }

    @Test(arguments: ["", "words", "300", "300 ", "300 cats", "-", "3,", "1.", "300  words", "a page", "\u{0}", "😀", "12,5", "字"])
    func isNotThere(text: String) {
        #expect(RequestedLength.tokens(in: text) == nil)
    }

    @Test func anyBytesWillDo() {
        var random = SplitMix64(seed: 8)
        let bytes = Array("0123456789,.- wordpagé字".utf8) + [0, 0xFF, 0xC3, 0xE5]
        for _ in 0..<2000 {
            let text = (0..<Int.random(in: 0...24, using: &random)).compactMap { _ in bytes.randomElement(using: &random) }
            _ = RequestedLength.tokens(in: String(decoding: text, as: UTF8.self))
        }
    }
}
