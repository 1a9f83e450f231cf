import Foundation
import NIOCore
import TestKit
import Testing
import Wire

/// A completion told as a stream.
@Suite struct AnswerReplayTests {
    private func replay(_ completion: String, withUsage: Bool = false, pieceLimit: Int = AnswerReplay.longestPiece) throws -> [SSEEvent] {
        try #require(AnswerReplay.events(of: ByteBuffer(string: completion), withUsage: withUsage, pieceLimit: pieceLimit))
    }

    private func object(_ text: String) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSDictionary)
    }

    // MARK: There and back

    @Test func aReplayAddsUpToTheSameCompletion() throws {
        for seed in 0..<300 as Range<UInt64> {
            var random = RandomCompletion(seed: seed)
            let text = random.completion()
            let limit = Int.random(in: 12...60, using: &random.random)
            let chunks = try replay(text, withUsage: true, pieceLimit: limit).map(\.data)
            let again = try #require(AnswerAssembly.completion(of: chunks), "seed \(seed)")
            #expect(try meaning(String(buffer: again)) == meaning(text), "seed \(seed), pieces of \(limit)")
        }
    }

    /// Without what says nothing: members that are null or empty; and a message always has a content.
    private func meaning(_ text: String) throws -> NSDictionary {
        let root = try #require(try object(text).mutableCopy() as? NSMutableDictionary)
        let choices = try #require(root["choices"] as? [[String: Any]])
        root["choices"] = choices.map { choice in
            var choice = choice
            let message = choice["message"] as? [String: Any] ?? [:]
            choice["message"] = message.filter { $0 == "content" || !($1 is NSNull) && $1 as? String != "" }
            return choice.filter { $0 == "finish_reason" || !($1 is NSNull) }
        }
        if root["usage"] is NSNull { root.removeObject(forKey: "usage") }
        return root
    }

    // MARK: Cutting

    @Test func noPieceEndsWithinACharacterOrAnEscape() throws {
        let units = ["a", "\\n", "\\\"", "\\\\", "\\u00fc", "ü", "€", "😀", #"\ud83d\ude00"#, #"\ud83d"#, #"\ude00"#, #"\uD83D"#, #"\uDE00"#, #"\\ud83d"#]
        var random = SplitMix64(seed: 11)
        for round in 0..<60 {
            let text = (0..<Int.random(in: 1...60, using: &random)).map { _ in units.randomElement(using: &random)! }.joined()
            for limit in 12...40 {
                let completion = #"{"choices":[{"index":0,"message":{"role":"assistant","content":"\#(text)"},"finish_reason":"stop"}]}"#
                let events = try replay(completion, pieceLimit: limit)
                // The reader takes no half a character and no half an escape.
                let pieces = try events.dropFirst().compactMap { event -> String? in
                    let content = try JSONDocument(event.data).root["choices"]?.firstChild?["delta"]?["content"]
                    return content.map { String(String(buffer: $0.text).dropFirst().dropLast()) }
                }
                try #require(pieces.joined() == text, "round \(round), pieces of \(limit)")
                #expect(pieces.allSatisfy { !$0.isEmpty && $0.utf8.count <= limit })
                for (piece, next) in zip(pieces, pieces.dropFirst()) {
                    let isCut = piece.wholeMatch(of: Self.endsHigh) != nil && next.prefixMatch(of: Self.low) != nil
                    #expect(!isCut, "\(piece) | \(next)")
                }
            }
        }
    }

    /// A string that ends with the first half of a surrogate pair, and the second half.
    nonisolated(unsafe) private static let endsHigh = /([^\\]|\\[^u]|\\u[0-9a-fA-F]{4})*\\u[dD][89abAB][0-9a-fA-F]{2}/
    nonisolated(unsafe) private static let low = /\\u[dD][c-fC-F][0-9a-fA-F]{2}/

    @Test func aLongTextIsCutAndAShortOneIsNot() throws {
        for (length, pieces) in [(0, 0), (1, 1), (AnswerReplay.longestPiece, 1), (AnswerReplay.longestPiece + 1, 2)] {
            let text = String(repeating: "x", count: length)
            let events = try replay(#"{"choices":[{"message":{"content":"\#(text)"},"finish_reason":"stop"}]}"#)
            #expect(events.count == pieces + 2, "the role before, the end behind")
        }
    }

    // MARK: Chunks

    @Test(arguments: [true, false]) func theUsageComesOnlyWhereItIsWanted(isWanted: Bool) throws {
        let usage = #"{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}"#
        let completion = #"{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}],"usage":\#(usage)}"#
        let events = try replay(completion, withUsage: isWanted)
        let with = events.filter { String(buffer: $0.data).contains("usage") }
        #expect(with.count == (isWanted ? 1 : 0))
        #expect(events.map { ProviderAnswer.isUsageOnly($0.data) } == [false, false, false] + (isWanted ? [true] : []))
        let without = try replay(completion.replacing(usage, with: "null"), withUsage: isWanted)
        #expect(without.count == 3)
    }

    @Test func eachChunkCarriesWhatTheAnswerSaysOfItself() throws {
        let events = try replay(
            #"{"id":"c","object":"chat.completion","created":5,"model":"m","system_fingerprint":"f","choices":[{"index":0,"message":{"role":"assistant","content":"a"},"logprobs":{"content":[]},"finish_reason":"stop","stop_reason":7}],"quintet":{"cost":1}}"#)
        let chunks = try events.map { try object(String(buffer: $0.data)) }
        for (event, chunk) in zip(events, chunks) {
            #expect(chunk["id"] as? String == "c" && chunk["object"] as? String == "chat.completion.chunk" && chunk["created"] as? Int == 5)
            #expect(chunk["system_fingerprint"] as? String == "f" && chunk["quintet"] == nil)
            #expect(String(buffer: event.frame) == "data: \(String(buffer: event.data))\n\n")
        }
        let choices = chunks.compactMap { ($0["choices"] as? [NSDictionary])?.first }
        #expect(choices.map { $0["logprobs"] != nil } == [false, true, false])
        #expect(choices.map { $0["finish_reason"] as? String } == [nil, nil, "stop"])
        #expect(choices.map { $0["stop_reason"] as? Int } == [nil, nil, 7])
    }

    @Test(arguments: ["", "[]", "{}", #"{"choices":7}"#, #"{"choices":[{}]}"#, #"{"choices":[{"message":"a"}]}"#, #"{"choices":[{"message":{}}"#])
    func whatIsNoCompletionIsNotTold(text: String) {
        #expect(AnswerReplay.events(of: ByteBuffer(string: text), withUsage: true) == nil)
    }
}

/// Completions as providers might send them.
private struct RandomCompletion {
    var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    private mutating func isSo(_ part: Int = 2) -> Bool { Int.random(in: 0..<part, using: &random) == 0 }

    mutating func completion() -> String {
        var members = [#""id":"chatcmpl-1""#, #""object":"chat.completion""#, #""created":1"#, #""model":"m""#]
        if isSo() { members.append(#""system_fingerprint":"fp""#) }
        if isSo() { members.append(#""x_other":{"a":[1,{"b":null}]}"#) }
        let choices = (0..<Int.random(in: 1...3, using: &random)).map { choice($0) }
        members.append(#""choices":[\#(choices.joined(separator: ","))]"#)
        if isSo() { members.append(#""usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}"#) } else if isSo() { members.append(#""usage":null"#) }
        return "{\(members.joined(separator: ","))}"
    }

    private mutating func choice(_ index: Int) -> String {
        var members = [#""index":\#(index)"#, #""message":\#(message())"#]
        if isSo() { members.append(#""logprobs":\#(isSo() ? "null" : #"{"content":[{"token":"a","logprob":-0.25}],"refusal":null}"#)"#) }
        if isSo(4) { members.append(#""content_filter_results":{"hate":{"filtered":false}}"#) }
        members.append(#""finish_reason":\#(["\"stop\"", "\"tool_calls\"", "null"].randomElement(using: &random)!)"#)
        return "{\(members.joined(separator: ","))}"
    }

    private mutating func message() -> String {
        var members = [#""role":"assistant""#, #""content":\#(isSo(4) ? "null" : text())"#]
        if isSo(3) { members.append(#""refusal":\#(isSo() ? "null" : text())"#) }
        if isSo(3) { members.append(#""reasoning_content":\#(text())"#) }
        if isSo(3) { members.append(#""annotations":[{"type":"url_citation","url_citation":{"url":"x"}}]"#) }
        if isSo(3) { members.append(#""tool_calls":[\#((0..<Int.random(in: 1...3, using: &random)).map { toolCall($0) }.joined(separator: ","))]"#) }
        if isSo(6) { members.append(#""function_call":{"name":"f","arguments":\#(text())}"#) }
        return "{\(members.shuffled(using: &random).joined(separator: ","))}"
    }

    private mutating func toolCall(_ number: Int) -> String {
        #"{"id":"call_\#(number)","type":"function","function":{"name":"f","arguments":\#(text())}}"#
    }

    private mutating func text() -> String {
        let units = ["a", " ", "\\n", "\\\"", "\\\\", "\\u00fc", "ü", "€", "😀", #"\ud83d\ude00"#, "the quick brown fox "]
        return "\"" + (0..<Int.random(in: 0...12, using: &random)).map { _ in units.randomElement(using: &random)! }.joined() + "\""
    }
}
