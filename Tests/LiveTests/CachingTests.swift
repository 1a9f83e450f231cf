import Core
import Edge
import Foundation
import Gateway
import NIOCore
import TestKit
import Testing
import Wire

/// The cache as callers see it, over sockets.
@Suite(.timeLimit(.minutes(1))) struct CachingTests {
    typealias Answer = (head: ResponseHead, body: String)

    static let tools = """
        {"id":"chatcmpl-1","object":"chat.completion","created":1,"model":"there","choices":[{"index":0,"message":{"role":"assistant",\
        "content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{\\"at\\":\\"it\\"}"}}]},\
        "finish_reason":"tool_calls"}],"usage":{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}}
        """

    /// A gateway with a cache in front of one provider.
    static func withGateway(
        _ script: Script = .json(body: Chat.answer(text: "hello")), _ options: ServedGateway.Options = .init(cache: .init()),
        _ body: @escaping @Sendable (ServedGateway, ScriptedProvider) async throws -> Void
    ) async throws {
        try await withScriptedProvider(script) { provider in
            try await ServedGateway.run([.init(provider: provider)], options) { try await body($0, provider) }
        }
    }

    static func data(_ body: String) -> [String] {
        body.components(separatedBy: "\n\n").filter { $0.hasPrefix("data: ") }.map { String($0.dropFirst(6)) }
    }

    /// What a stream's chunks say together, as a client adds them up.
    static func text(_ body: String) -> String {
        data(body).compactMap { ProviderAnswer.deltaText(ByteBuffer(string: $0)) }.joined()
    }

    @Test func theSameQuestionIsAskedOnce() async throws {
        try await Self.withGateway { gateway, provider in
            let first = try await gateway.chat(ServedGateway.question())
            #expect(first.head.headers["x-quintet-cache"] == "miss")
            #expect(first.head.headers["cache-status"] == "quintet; fwd=miss; stored")
            #expect(first.head.headers["age"] == nil)
            // White space, the order of keys and where the answer goes are not the question.
            let second = try await gateway.chat(#"{ "messages":[{"content":"Hi","role":"user"}], "model":"model" }"#)
            #expect(second.head.headers["x-quintet-cache"] == "hit")
            let status = try #require(second.head.headers["cache-status"])
            #expect(status.wholeMatch(of: /quintet; hit; ttl=(2[89]\d|300); detail=L1/) != nil, "\(status)")
            #expect(second.head.headers["age"] == "0")
            #expect(second.head.headers["x-quintet-cost-usd"] == "0")
            #expect(second.head.headers["x-quintet-model"] == "model")
            #expect(second.head.headers["x-quintet-attempts"] == "0")
            #expect(second.body == first.body)
            #expect(provider.requests.count == 1)
        }
    }

    @Test(arguments: [nil, 1e6]) func aKeptAnswerIsStreamedAtOnceOrAtAPace(pace: Double?) async throws {
        let text = "one two three four five six seven eight nine ten"
        var cache = ServedGateway.Caching()
        cache.keeping.pace = pace
        try await Self.withGateway(.json(body: Chat.answer(text: text)), .init(cache: cache)) { gateway, _ in
            _ = try await gateway.chat(ServedGateway.question())
            let hit = try await gateway.chat(ServedGateway.question(stream: true))
            #expect(hit.head.headers["x-quintet-cache"] == "hit")
            #expect(Self.text(hit.body) == text)
            let pieces = Self.data(hit.body).compactMap { ProviderAnswer.deltaText(ByteBuffer(string: $0)) }.filter { !$0.isEmpty }
            #expect(pace == nil ? pieces.count == 1 : pieces.allSatisfy { $0.utf8.count <= 16 })
        }
    }

    @Test(arguments: [false, true])
    func wholeAnswersAndStreamsServeEachOther(streamFirst: Bool) async throws {
        let script: Script = streamFirst
            ? .stream(events: Chat.chunks(["Grüß ", "dich"], usage: .init(prompt: 9, completion: 3)))
            : .json(body: Chat.answer(text: "Grüß dich", usage: .init(prompt: 9, completion: 3)))
        try await Self.withGateway(script) { gateway, provider in
            _ = try await gateway.chat(ServedGateway.question(stream: streamFirst))
            let whole = try await gateway.chat(ServedGateway.question())
            let stream = try await gateway.chat(
                ServedGateway.question(stream: true, more: #","stream_options":{"include_usage":true}"#))
            let bare = try await gateway.chat(ServedGateway.question(stream: true))
            #expect(provider.requests.count == 1)
            for answer in [whole, stream, bare] { #expect(answer.head.headers["x-quintet-cache"] == "hit") }

            let read = try #require(ProviderAnswer.whole(ByteBuffer(string: whole.body)))
            #expect(read.text == "Grüß dich" && read.finishReason == "stop" && read.usage?.promptTokens == 9)
            let events = Self.data(stream.body)
            #expect(events.last == "[DONE]")
            #expect(Self.text(stream.body) == "Grüß dich")
            let facts = events.dropLast().compactMap { ProviderAnswer.chunk(ByteBuffer(string: $0)) }
            #expect(facts.count == events.count - 1, "each is a chunk")
            #expect(facts.compactMap(\.finishReason) == ["stop"])
            #expect(facts.last?.isUsageOnly == true && facts.last?.usage?.completionTokens == 3)
            #expect(!Self.data(bare.body).contains { $0.contains("prompt_tokens") }, "usage only where it was asked for")
        }
    }

    @Test func toolCallsAreReplayed() async throws {
        try await Self.withGateway(.json(body: Self.tools)) { gateway, _ in
            _ = try await gateway.chat(ServedGateway.question())
            let stream = try await gateway.chat(ServedGateway.question(stream: true))
            let chunks = Self.data(stream.body).dropLast().map { ByteBuffer(string: $0) }
            let again = try #require(AnswerAssembly.completion(of: Array(chunks)))
            let (sent, got) = (try Self.object(Self.tools), try Self.object(String(buffer: again)))
            #expect((sent["choices"] as? NSArray) == (got["choices"] as? NSArray))
        }
    }

    private static func object(_ text: String) throws -> NSDictionary {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSDictionary)
    }

    // MARK: What callers say

    /// By the header or by the body.
    struct Wish: Sendable {
        var header: String?
        var body: String?

        var headers: HeaderList { header.map { ["Cache-Control": $0] } ?? [:] }
        var question: String { ServedGateway.question(more: body.map { #","cache":\#($0)"# } ?? "") }
    }

    @Test(arguments: [
        Wish(header: "no-cache"), Wish(header: "max-age=0"), Wish(body: #"{"no-cache":true}"#), Wish(body: #"{"s-maxage":0}"#),
    ])
    func aFreshAnswerIsAskedForAndKept(wish: Wish) async throws {
        try await Self.withGateway { gateway, provider in
            _ = try await gateway.chat(ServedGateway.question())
            let fresh = try await gateway.chat(wish.question, headers: wish.headers)
            #expect(fresh.head.headers["cache-status"] == "quintet; fwd=request; stored")
            #expect(provider.requests.count == 2)
            #expect(try await gateway.chat(ServedGateway.question()).head.headers["x-quintet-cache"] == "hit")
            #expect(provider.requests.count == 2)
        }
    }

    @Test(arguments: [Wish(header: "no-store"), Wish(body: #"{"no-store":true}"#), Wish(body: #"{"use-cache":false}"#)])
    func whatMustNotBeKeptIsNot(wish: Wish) async throws {
        try await Self.withGateway { gateway, provider in
            for count in 1...2 {
                let answer = try await gateway.chat(wish.question, headers: wish.headers)
                #expect(answer.head.headers["x-quintet-cache"] == "bypass")
                #expect(answer.head.headers["cache-status"] == "quintet; fwd=bypass")
                #expect(provider.requests.count == count)
            }
            #expect(provider.requests.allSatisfy { !$0.bodyText.contains("cache") }, "the field is the gateway's own")
        }
    }

    @Test func whatIsKeptNowhereIsALookupAllTheSame() async throws {
        try await Self.withGateway { gateway, provider in
            let wish: HeaderList = ["Cache-Control": "no-store"]
            _ = try await gateway.chat(ServedGateway.question(), headers: wish)
            #expect(gateway.gateway.keeping?.cache.report.lookups.misses == 1)
            _ = try await gateway.chat(ServedGateway.question())
            #expect(try await gateway.chat(ServedGateway.question(), headers: wish).head.headers["x-quintet-cache"] == "hit")
            let lookups = try #require(gateway.gateway.keeping?.cache.report.lookups)
            #expect(lookups.misses == 2 && lookups.hits == 1)
            #expect(provider.requests.count == 2)
        }
    }

    @Test func onlyIfCachedNeverCalls() async throws {
        try await Self.withGateway { gateway, provider in
            let nothing = try await gateway.chat(ServedGateway.question(), headers: ["Cache-Control": "only-if-cached"])
            #expect(nothing.head.status == 504 && nothing.body.contains("only-if-cached"))
            #expect(provider.requests.isEmpty)
            _ = try await gateway.chat(ServedGateway.question())
            let there = try await gateway.chat(ServedGateway.question(), headers: ["Cache-Control": "only-if-cached"])
            #expect(there.head.status == 200)
        }
    }

    @Test func namespacesAndLives() async throws {
        try await Self.withGateway { gateway, provider in
            for name in ["one", "two", "one", "two"] {
                _ = try await gateway.chat(ServedGateway.question(more: #","cache":{"namespace":"\#(name)","ttl":20}"#))
            }
            #expect(provider.requests.count == 2)
            let hit = try await gateway.chat(ServedGateway.question(more: #","cache":{"namespace":"one"}"#))
            let status = try #require(hit.head.headers["cache-status"])
            #expect(status.contains("ttl=19") || status.contains("ttl=20"))
        }
    }

    @Test(arguments: [
        (#"{"ttl":"soon"}"#, "cache.ttl"), (#"{"ttl":-1}"#, "cache.ttl"), (#"{"nocache":true}"#, "cache.nocache"), ("true", "cache"),
        (#"{"no-cache":1}"#, "cache.no-cache"), (#"{"tags":["a",""]}"#, "cache.tags[1]"), (#"{"namespace":""}"#, "cache.namespace"),
    ])
    func badWishesNameTheirField(wish: String, field: String) async throws {
        try await Self.withGateway { gateway, provider in
            let answer = try await gateway.chat(ServedGateway.question(more: #","cache":\#(wish)"#))
            #expect(answer.head.status == 400)
            #expect(answer.body.contains("\"param\":\"\(field)\""), "\(answer.body)")
            #expect(provider.requests.isEmpty)
        }
    }

    // MARK: What is never kept

    static let unfit: [(String, Script)] = [
        ("truncated", .json(body: Chat.answer(text: "hel", finish: "length"))),
        ("filtered", .json(body: Chat.answer(text: "hel", finish: "content_filter"))),
        ("truncated", .stream(events: Chat.chunks(["hel"], finish: "length"))),
        ("failed", .stream(events: Chat.chunks(["hel"], finish: nil), cutAfter: 2)),
        ("refused", .json(body: #"{"choices":[{"index":0,"message":{"role":"assistant","content":"","refusal":"No."},"finish_reason":"stop"}]}"#)),
        ("unfinished", .json(body: #"{"choices":[{"index":0,"message":{"role":"assistant","content":"hm"},"finish_reason":null}]}"#)),
        ("failed", .status(400)),
    ]

    @Test(arguments: unfit.indices)
    func unfitAnswersAreNotKept(index: Int) async throws {
        let (reason, script) = Self.unfit[index]
        let isStream = index == 2 || index == 3
        try await Self.withGateway(script) { gateway, provider in
            for count in 1...2 {
                let answer = try await gateway.chat(ServedGateway.question(stream: isStream))
                #expect(answer.head.headers["x-quintet-cache"] != "hit")
                #expect(provider.requests.count >= count)
            }
            #expect(gateway.gateway.keeping?.report.refusedStores == [reason: 2])
            #expect(gateway.gateway.keeping?.cache.report.memory?.stores == 0)
        }
    }

    // MARK: Apart

    @Test func tenantsShareNothing() async throws {
        let options = ServedGateway.Options(keys: ["first-client-key", "second-client-key"], cache: .init())
        try await Self.withGateway(.json(body: Chat.answer(text: "hello")), options) { gateway, provider in
            let (one, two): (HeaderList, HeaderList) =
                (["Authorization": "Bearer first-client-key"], ["x-api-key": "second-client-key"])
            for _ in 0..<2 {
                _ = try await gateway.chat(ServedGateway.question(), headers: one)
                _ = try await gateway.chat(ServedGateway.question(), headers: two)
            }
            #expect(provider.requests.count == 2)
            let forgotten = try await gateway.post("/api/cache/invalidate", #"{"tenant":"self"}"#, headers: one)
            #expect(forgotten.head.status == 200 && forgotten.body.contains("1"), "\(forgotten.body)")
            #expect(try await gateway.chat(ServedGateway.question(), headers: one).head.headers["x-quintet-cache"] == "miss")
            #expect(try await gateway.chat(ServedGateway.question(), headers: two).head.headers["x-quintet-cache"] == "hit")
        }
    }

    @Test func usersAreKeptApartWhereTheSettingSaysSo() async throws {
        var options = ServedGateway.Options(cache: .init())
        options.cache?.keeping.sharing = .user
        try await Self.withGateway(.json(body: Chat.answer(text: "hello")), options) { gateway, provider in
            for user in ["ann", "bob", "ann", "bob"] {
                _ = try await gateway.chat(ServedGateway.question(more: #","user":"\#(user)""#))
            }
            #expect(provider.requests.count == 2)
            let nobody = try await gateway.chat(ServedGateway.question())
            #expect(nobody.head.headers["x-quintet-cache"] == "bypass", "nobody's answer is everybody's")
        }
    }

    @Test func anAnswerOutlivesItsProvider() async throws {
        try await Self.withGateway { gateway, provider in
            _ = try await gateway.chat(ServedGateway.question())
            await provider.stop()
            let there = try await gateway.chat(ServedGateway.question())
            #expect(there.head.status == 200 && there.head.headers["x-quintet-cache"] == "hit")
        }
    }

    @Test func anotherPlaceBehindTheModelIsAnotherAnswer() async throws {
        try await Self.withGateway { gateway, provider in
            _ = try await gateway.chat(ServedGateway.question())
            try await withScriptedProvider(.json(body: Chat.answer(text: "other"))) { other in
                gateway.reload([.init(provider: other)])
                #expect(try await gateway.chat(ServedGateway.question()).body.contains("other"))
                gateway.reload([.init(provider: other)])
                _ = try await gateway.chat(ServedGateway.question())
                #expect(other.requests.count == 1, "a reload of the same changes nothing")
            }
        }
    }

    @Test func theNativeApiSaysWhatWasCached() async throws {
        try await Self.withGateway { gateway, provider in
            let body = #"{"message":"Hi","model":"model","agent_type":"auto"}"#
            let path = "/api/ai/v4/chat/quick"
            #expect(try await gateway.post(path, body).body.contains(#""cached":false"#))
            let hit = try await gateway.post(path, body)
            #expect(hit.body.contains(#""cached":true"#) && hit.body.contains(#""cost":0"#), "\(hit.body)")
            _ = try await gateway.post(path, #"{"message":"Hi","model":"model","use_cache":false}"#)
            #expect(provider.requests.count == 2)
        }
    }
}
