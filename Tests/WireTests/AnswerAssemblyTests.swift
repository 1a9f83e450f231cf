import Foundation
import NIOCore
import Testing
import Wire

/// A stream's chunks, put together to the completion that they are.
@Suite struct AnswerAssemblyTests {
    private func completion(_ chunks: [String]) throws -> NSDictionary {
        let whole = try #require(AnswerAssembly.completion(of: chunks.map { ByteBuffer(string: $0) }))
        return try object(String(buffer: whole))
    }

    private func object(_ text: String) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSDictionary)
    }

    private func chunk(_ delta: String, index: Int = 0, finish: String? = nil, choice: String = "", more: String = "") -> String {
        let finish = finish.map { "\"\($0)\"" } ?? "null"
        return #"{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":\#(index),"delta":\#(delta)\#(choice),"finish_reason":\#(finish)}]\#(more)}"#
    }

    /// The completion of one choice.
    private func whole(_ message: String, finish: String = "stop", choice: String = "", more: String = "") throws -> NSDictionary {
        try object(
            #"{"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":\#(message)\#(choice),"finish_reason":"\#(finish)"}]\#(more)}"#)
    }

    @Test func textsAreJoined() throws {
        let chunks = [
            chunk(#"{"role":"assistant","content":""}"#), chunk(#"{"content":"Grüß "}"#), chunk(#"{"content":"\"dich\"\n"}"#),
            chunk("{}", finish: "stop"),
        ]
        #expect(try completion(chunks) == whole(#"{"role":"assistant","content":"Grüß \"dich\"\n"}"#))
    }

    @Test func choicesAreKeptApartAndInOrder() throws {
        let chunks = [
            chunk(#"{"content":"b"}"#, index: 1), chunk(#"{"content":"a"}"#), chunk(#"{"content":"B"}"#, index: 1, finish: "length"),
            #"{"choices":[{"index":0,"delta":{"content":"A"},"finish_reason":"stop"},{"index":2,"delta":{"content":"c"},"finish_reason":null}]}"#,
        ]
        let choices = try #require(try completion(chunks)["choices"] as? [NSDictionary])
        #expect(choices.compactMap { $0["index"] as? Int } == [0, 1, 2])
        #expect(choices.compactMap { ($0["message"] as? NSDictionary)?["content"] as? String } == ["aA", "bB", "c"])
        #expect(choices.map { $0["finish_reason"] as? String } == ["stop", "length", nil])
    }

    @Test func toolCallsMeetByTheirIndex() throws {
        let chunks = [
            chunk(#"{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"one","type":"function","function":{"name":"look","arguments":""}}]}"#),
            chunk(#"{"tool_calls":[{"index":0,"function":{"arguments":"{\"at\":"}}]}"#),
            chunk(#"{"tool_calls":[{"index":1,"id":"two","type":"function","function":{"name":"go","arguments":"{"}}]}"#),
            chunk(#"{"tool_calls":[{"index":1,"function":{"arguments":"}"}},{"index":0,"function":{"arguments":"\"it\"}"}}]}"#),
            chunk("{}", finish: "tool_calls"),
        ]
        let message = #"{"role":"assistant","content":null,"tool_calls":[{"id":"one","type":"function","function":{"name":"look","arguments":"{\"at\":\"it\"}"}},{"id":"two","type":"function","function":{"name":"go","arguments":"{}"}}]}"#
        #expect(try completion(chunks) == whole(message, finish: "tool_calls"))
    }

    @Test func fragmentsInOneDeltaMeetToo() throws {
        let chunks = [
            chunk(#"{"tool_calls":[{"index":0,"id":"one","function":{"name":"look","arguments":"{"}},{"index":0,"function":{"arguments":"}"}}]}"#, finish: "tool_calls")
        ]
        let message = #"{"role":"assistant","content":null,"tool_calls":[{"id":"one","function":{"name":"look","arguments":"{}"}}]}"#
        #expect(try completion(chunks) == whole(message, finish: "tool_calls"))
    }

    @Test func toolCallsWithoutIndexAreWhole() throws {
        let chunks = [
            chunk(#"{"tool_calls":[{"id":"one","function":{"name":"a","arguments":"{}"}}]}"#),
            chunk(#"{"tool_calls":[{"id":"two","function":{"name":"b","arguments":"{}"}}]}"#, finish: "tool_calls"),
        ]
        let message = #"{"role":"assistant","content":null,"tool_calls":[{"id":"one","function":{"name":"a","arguments":"{}"}},{"id":"two","function":{"name":"b","arguments":"{}"}}]}"#
        #expect(try completion(chunks) == whole(message, finish: "tool_calls"))
    }

    @Test func reasoningIsJoinedLikeText() throws {
        let chunks = [
            chunk(#"{"role":"assistant","reasoning_content":"I ","reasoning_details":[{"index":0,"type":"reasoning.text","text":"I "}]}"#),
            chunk(#"{"reasoning_content":"think","reasoning_details":[{"index":0,"type":"reasoning.text","text":"think"}]}"#),
            chunk(#"{"content":"so","reasoning_content":null}"#, finish: "stop"),
        ]
        let message = #"{"role":"assistant","reasoning_content":"I think","reasoning_details":[{"index":0,"type":"reasoning.text","text":"I think"}],"content":"so"}"#
        #expect(try completion(chunks) == whole(message))
    }

    @Test func logProbabilitiesFollowOneAnother() throws {
        let token = { (text: String) in #"{"token":"\#(text)","logprob":-0.5,"bytes":[65],"top_logprobs":[]}"# }
        let chunks = ["A", "B"].map { chunk(#"{"content":"\#($0)"}"#, choice: #","logprobs":{"content":[\#(token($0))],"refusal":null}"#) }
        let expected = #","logprobs":{"content":[\#(token("A")),\#(token("B"))],"refusal":null}"#
        #expect(
            try completion(chunks + [chunk("{}", finish: "stop", choice: #","logprobs":null"#)])
                == whole(#"{"role":"assistant","content":"AB"}"#, choice: expected))
    }

    @Test func aRefusalIsJoined() throws {
        let chunks = [
            chunk(#"{"role":"assistant","content":null,"refusal":""}"#), chunk(#"{"refusal":"I "}"#),
            chunk(#"{"refusal":"won't."}"#, finish: "stop"),
        ]
        #expect(try completion(chunks) == whole(#"{"role":"assistant","content":null,"refusal":"I won't."}"#))
    }

    static let usage = #""usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}"#

    @Test(arguments: [
        // Behind the choices, with the last of them, and counted up all the way.
        ["", #","usage":null"#, #"{"choices":[],\#(usage)}"#],
        ["", #",\#(usage)"#],
        [#","usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}"#, #",\#(usage)"#, #"{"choices":[],"usage":null}"#],
    ])
    func theLastUsageCounts(places: [String]) throws {
        let chunks = [
            chunk(#"{"content":"a"}"#, more: places[0]), chunk("{}", finish: "stop", more: places[1]),
        ] + places.dropFirst(2)
        #expect(try completion(chunks) == whole(#"{"role":"assistant","content":"a"}"#, more: ",\(Self.usage)"))
    }

    @Test func aCharacterInTwoHalvesIsOne() throws {
        let chunks = [chunk(#"{"content":"a\ud83d"}"#), chunk(#"{"content":"\ude00b"}"#, finish: "stop")]
        #expect(try completion(chunks) == whole(#"{"role":"assistant","content":"a😀b"}"#))
    }

    @Test func whatNamesThingsMayBeSaidAgain() throws {
        let chunks = ["{", "}"].map {
            chunk(#"{"role":"assistant","content":"","tool_calls":[{"index":0,"id":"one","type":"function","function":{"name":"look","arguments":"\#($0)"}}]}"#)
        } + [chunk("{}", finish: "tool_calls"), chunk(#"{"content":""}"#, finish: "tool_calls")]
        let message = #"{"role":"assistant","content":"","tool_calls":[{"id":"one","type":"function","function":{"name":"look","arguments":"{}"}}]}"#
        #expect(try completion(chunks) == whole(message, finish: "tool_calls"))
    }

    @Test func unknownMembersStay() throws {
        let chunks = [
            chunk(#"{"role":"assistant","content":"a","x\"y":{"p":"1","q":[1]}}"#, choice: #","stop_reason":null"#, more: #","system_fingerprint":null,"created":5"#),
            chunk(#"{"x\"y":{"p":"2","q":[2],"r":true}}"#, finish: "stop", choice: #","stop_reason":7"#, more: #","system_fingerprint":"fp","created":6"#),
        ]
        #expect(
            try completion(chunks)
                == whole(
                    #"{"role":"assistant","content":"a","x\"y":{"p":"12","q":[1,2],"r":true}}"#, choice: #","stop_reason":7"#,
                    more: #","system_fingerprint":"fp","created":5"#))
    }

    @Test(arguments: [
        [], ["{}"], ["[]"], ["nothing"], [""], [#"{"choices":null}"#], [#"{"choices":{}}"#], [#"{"choices":[]}"#], [#"{"choices":[7]}"#],
        [#"{"choices":[{"index":0}]}"#], [#"{"choices":[{"index":0,"delta":{}}]}"#], [#"{"choices":[{"index":-1,"delta":{"content":"a"}}]}"#],
        [#"{"choices":[{"index":128,"delta":{"content":"a"}}]}"#], [#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#, "[DONE]"],
        [#"{"choices":[{"index":0,"delta":{"content":"a"}}]}"#, #"{"error":{"message":"no"}}"#],
        [#"{"choices":[{"index":0,"delta":{"content":"a"}},{"index":1,"delta":{}}]}"#],
    ])
    func whatIsNoAnswerMakesNone(chunks: [String]) {
        #expect(AnswerAssembly.completion(of: chunks.map { ByteBuffer(string: $0) }) == nil)
    }
}
