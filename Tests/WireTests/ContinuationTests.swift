import Core
import NIOCore
import TestKit
import Testing
@testable import Wire

/// How a second stream is joined to what a first one delivered.
@Suite struct ContinuationTests {
    private static func event(_ json: String) -> SSEEvent { SSEEvent(plain: SSEFrame.data(ByteBuffer(string: json))) }
    private static func chunk(_ delta: String, finish: String = "null") -> String {
        #"{"id":"new","object":"chat.completion.chunk","created":2,"model":"m2","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(finish)}],"x":[1]}"#
    }
    private static func text(_ text: String) -> String { chunk(#"{"content":\#(Chat.quote(text))}"#) }

    /// What was delivered by chunks with these contents, as they stand between the quotes.
    private static func delivered(escaped: [String]) throws -> DeliveredText {
        var delivered = DeliveredText()
        for piece in escaped {
            let payload = ByteBuffer(string: #"{"id":"old","created":1,"model":"m1","choices":[{"index":0,"delta":{"content":"\#(piece)"}}]}"#)
            delivered.add(try #require(ProviderAnswer.chunk(payload)), of: payload)
        }
        return delivered
    }

    private static func restart(_ text: String) throws -> Continuation {
        .restart(of: try delivered(escaped: [String(Chat.quote(text).dropFirst().dropLast())]), text: text, model: "b")
    }

    /// The new text that comes of these chunks, or why there is none.
    private static func read(_ continuation: Continuation, _ chunks: [String]) throws -> (text: String, diverged: String?) {
        var continuation = continuation
        var text = ""
        for chunk in chunks {
            switch continuation.take(event(chunk)) {
            case .pass(let event): text += ProviderAnswer.deltaText(event.data) ?? ""
            case .drop: break
            case .diverged(let why): return (text, why)
            }
        }
        return (text, nil)
    }

    // MARK: What was delivered

    @Test(arguments: [
        (["One", " two"], "One two"), ([#"\"q\" \\ \n"#], "\"q\" \\ \n"), (["Grü", "ß 😀"], "Grüß 😀"),
        // A pair of escaped halves that came in two chunks.
        ([#"\ud83d"#, #"\ude00"#], "😀"), ([#"a\\ud83d"#], "a\\ud83d"),
    ])
    func textIsGatheredAsItStands(escaped: [String], text: String) throws {
        #expect(try Self.delivered(escaped: escaped).text == text)
    }

    @Test func halfACharacterCannotBeTakenUp() throws {
        #expect(try Self.delivered(escaped: [#"a\uD83D"#]).text == nil)
        #expect(DeliveredText().text == nil)
    }

    // MARK: Skipping

    @Test func anySplitOfTheRepeatedTextGivesTheSame() throws {
        let first = "e\u{301} Grüß 😀\n\"", rest = "日本 ende"
        for seed in 0..<300 as Range<UInt64> {
            var random = SplitMix64(seed: seed)
            var pieces = [""]
            for scalar in (first + rest).unicodeScalars {
                if Bool.random(using: &random) { pieces.append("") }
                pieces[pieces.count - 1].unicodeScalars.append(scalar)
            }
            let result = try Self.read(Self.restart(first), pieces.map(Self.text))
            #expect(result.diverged == nil, "seed \(seed)")
            #expect(result.text.utf8.elementsEqual(rest.utf8), "seed \(seed)")
        }
    }

    /// Texts that look alike are compared by their bytes.
    @Test(arguments: ["One twO", "one two", "On", "\u{65}\u{301}"]) func anythingElseDiverges(second: String) throws {
        let end = Self.chunk("{}", finish: #""stop""#)
        #expect(try Self.read(Self.restart("One two"), [Self.text(second), end]).diverged != nil)
        #expect(try Self.read(Self.restart("\u{e9}"), [Self.text(second), end]).diverged != nil)
    }

    @Test func escapedHalvesInTwoChunksAreOneCharacter() throws {
        let pieces = [#"{"content":"\ud83d"}"#, #"{"content":"\ude00 b"}"#].map { Self.chunk($0) }
        #expect(try Self.read(Self.restart("😀"), pieces).text == " b")
        #expect(try Self.read(Self.restart("x"), [Self.text("x")] + pieces).text == "😀 b")
    }

    @Test func whatIsNoTextComesOnlyBehindTheRepeatedText() throws {
        let call = Self.chunk(#"{"tool_calls":[{"index":0,"id":"t"}]}"#)
        #expect(try Self.read(Self.restart("One"), [call]).diverged != nil)
        #expect(try Self.read(Self.restart("One"), [Self.text("One"), call]).diverged == nil)
        #expect(try Self.read(Self.restart("One"), [#"{"choices":[{"index":1,"delta":{"content":"One"}}]}"#]).diverged != nil)
    }

    @Test func anEchoedPrefillIsSkippedWithItsBlanks() throws {
        let delivered = try Self.delivered(escaped: ["One "])
        let echoing = Continuation.prefill(of: delivered, text: "One ", model: "b", isEchoed: true)
        #expect(try Self.read(echoing, [Self.text("On"), Self.text("e t"), Self.text("wo")]).text == "two")
        #expect(try Self.read(echoing, [Self.text("One"), Self.text("two")]).text == "two")
        #expect(try Self.read(echoing, [Self.text("two")]).diverged != nil)
    }

    // MARK: Chunks

    @Test func allElseInAChunkStays() throws {
        var continuation = try Self.restart("One")
        guard case .pass(let first) = continuation.take(Self.event(Self.chunk(#"{"role":"assistant","content":"One two","reasoning":"hm","new":null}"#)))
        else { return #expect(Bool(false), "the chunk has new text") }
        #expect(String(buffer: first.data) == #"{"quintet":{"resumed":{"model":"b","by":"restart"}},"id":"old","object":"chat.completion.chunk","created":1,"model":"m1","choices":[{"index":0,"delta":{"content":" two","new":null},"finish_reason":null}],"x":[1]}"#)
        guard case .pass(let second) = continuation.take(Self.event(Self.chunk("{}", finish: #""stop""#))) else {
            return #expect(Bool(false), "the end is passed")
        }
        #expect(String(buffer: second.data) == #"{"id":"old","object":"chat.completion.chunk","created":1,"model":"m1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x":[1]}"#)
    }

    @Test func whatSaysNothingNewIsDropped() throws {
        var continuation = try Self.restart("One")
        for chunk in [Self.chunk(#"{"role":"assistant","content":""}"#), Self.text("On"), Self.chunk(#"{"reasoning_content":"hm"}"#), #"{"choices":[]}"#] {
            #expect(continuation.take(Self.event(chunk)) == .drop)
        }
    }

    @Test(arguments: ["[DONE]", "nonsense", #"{"error":{"message":"m"}}"#, "7"]) func whatIsNoChunkIsForOthersToJudge(text: String) throws {
        var continuation = try Self.restart("One")
        #expect(continuation.take(Self.event(text)) == .pass(Self.event(text)))
    }

    // MARK: Requests

    private static func prefilled(_ members: String, _ text: String = "One ", _ prefill: Provider.Prefill = .init()) throws -> String? {
        try ChatRequest(ByteBuffer(string: #"{"model":"m","messages":[{"role":"user","content":"hi"}]\#(members)}"#))
            .prefilled(with: text, prefill).map { String(buffer: $0.document.bytes) }
    }

    @Test func aPrefillIsTheLastMessage() throws {
        #expect(try Self.prefilled("") == #"{"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"One"}]}"#)
        // What the text took is taken off the limit; thinking is over.
        let text = String(repeating: "x", count: 40)
        #expect(try Self.prefilled(#","max_tokens":100,"thinking":{"type":"enabled"}"#, text)?.hasSuffix(#","max_tokens":90,"thinking":{"type":"disabled"}}"#) == true)
        #expect(try Self.prefilled(#","max_completion_tokens":5"#, text)?.hasSuffix(#","max_completion_tokens":1}"#) == true)
    }

    @Test func aProvidersOwnFieldsAreAdded() throws {
        let prefill = Provider.Prefill(messageFields: ["prefix": true], requestFields: ["add_generation_prompt": false, "other": true])
        #expect(try Self.prefilled(#","other":false"#, "One", prefill) == #"{"add_generation_prompt":false,"model":"m","messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"One","prefix":true}],"other":true}"#)
    }

    @Test func anthropicGetsItAsItsLastTurn() throws {
        let body = #"{"model":"m","messages":[{"role":"user","content":"hi"}],"thinking":{"type":"enabled","budget_tokens":2000}}"#
        let request = try #require(ChatRequest(ByteBuffer(string: body)).prefilled(with: "One\n\n", .init()))
        let model = Model(
            index: 0, name: "m", deployments: [], fallbacks: nil, quality: 1, tier: .simple, inputWindow: nil, outputWindow: nil,
            abilities: [], acceptsSampling: true, price: nil, timeouts: Timeouts(), ownedBy: "", acceptsPrefill: true)
        let deployment = Deployment(index: 0, id: "p/m", provider: "p", modelName: "there", weight: 1, isLive: true)
        let root = try JSONDocument(AnthropicRequest.body(of: request, for: model, at: deployment, agent: nil)).root
        let last = try #require(root["messages"]?.children.reduce(nil as JSONValue?) { $1 })
        #expect(String(buffer: last.text) == #"{"role":"assistant","content":[{"type":"text","text":"One"}]}"#)
        #expect(root["thinking"]?["type"]?.string == "disabled")
    }

    @Test func whereThereIsNothingToGoOnFromThereIsNoPrefill() throws {
        #expect(try Self.prefilled("", " \n") == nil)
        let own = try ChatRequest(ByteBuffer(string: #"{"model":"m","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}"#))
        #expect(own.prefilled(with: "c", .init()) == nil)
    }

    @Test(arguments: [("", true), (#","n":1"#, true), (#","n":2"#, false), (#","logprobs":true"#, false), (#","top_logprobs":3"#, false), (#","logprobs":false"#, true)])
    func whichRequestsCanBeResumed(more: String, can: Bool) throws {
        let body = #"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]\#(more)}"#
        #expect(try ChatRequest(ByteBuffer(string: body)).canBeResumed == can)
    }
}
