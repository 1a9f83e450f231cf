import Foundation
import TestKit
import Testing

@Suite struct ValuesTests {
    @Test func splitMixMatchesTheReferenceSequence() {
        var generator = SplitMix64(seed: 1_234_567)
        let first = (0..<5).map { _ in generator.next() }
        #expect(
            first == [
                6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423,
                4_593_380_528_125_082_431, 16_408_922_859_458_223_821,
            ])
    }

    @Test func manualTimeMovesOnlyWhenAsked() {
        let time = ManualTime()
        let start = time.now
        #expect(time.now == start)
        #expect(time.advance(by: .milliseconds(1500)) == start + .milliseconds(1500))
        #expect(time.now - start == .milliseconds(1500))
    }

    @Test func headersKeepOrderCapitalsAndRepetitions() {
        var headers: HeaderList = ["X-One": "1", "x-two": "2", "x-ONE": "3"]
        headers.append("last", "4")
        #expect(headers["x-one"] == "1")
        #expect(headers.all("X-one") == ["1", "3"])
        #expect(headers["missing"] == nil)
        #expect("\(headers)" == "X-One: 1\r\nx-two: 2\r\nx-ONE: 3\r\nlast: 4\r\n")
    }

    @Test func chatBodiesAreJSON() throws {
        let odd = "quote \" slash \\ line\nreturn\rtab\tbell\u{7} nul\u{0} é 漢 👩‍👩‍👧"
        let answer = try parse(Chat.answer(text: odd, model: "m", usage: .init(prompt: 4, completion: 2)))
        let choice = try #require((answer["choices"] as? [[String: Any]])?.first)
        #expect((choice["message"] as? [String: Any])?["content"] as? String == odd)
        #expect((answer["usage"] as? [String: Int])?["total_tokens"] == 6)

        let events = try Chat.chunks(["a", odd], usage: .init(prompt: 1, completion: 2)).map(parse)
        #expect(events.count == 5)
        let deltas = events.compactMap { ($0["choices"] as? [[String: Any]])?.first?["delta"] as? [String: Any] }
        #expect(deltas.compactMap { $0["content"] as? String } == ["", "a", odd])
        #expect((events[4]["choices"] as? [Any])?.isEmpty == true)
        #expect(Chat.chunks(["a"], finish: nil).count == 2)
        let error = try parse(Chat.error(message: odd, code: 500))
        #expect((error["error"] as? [String: Any])?["message"] as? String == odd)
    }

    private func parse(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }
}
