import Cache
import Core
import Edge
import Foundation
import Gateway
import TestKit
import Testing

/// The memory tiers as callers see them, with their time moved by hand.
@Suite(.timeLimit(.minutes(1))) struct CacheTierTests {
    /// A gateway whose provider numbers its answers.
    private static func withGateway(
        _ tiers: TieredCache.Settings = .init(), keys: [String] = [],
        _ body: @escaping @Sendable (ServedGateway, ScriptedProvider, CacheTime) async throws -> Void
    ) async throws {
        let time = CacheTime()
        try await withScriptedProvider(handler: ScriptedProvider.numbering) { provider in
            let options = ServedGateway.Options(keys: keys, cache: .init(tiers: tiers, clock: time.clock))
            try await ServedGateway.run([.init(provider: provider)], options) { try await body($0, provider, time) }
        }
    }

    private static func session(_ name: String) -> HeaderList { ["x-quintet-session": name] }

    @Test func aSessionKeepsItsAnswersLonger() async throws {
        try await Self.withGateway { gateway, provider, time in
            #expect(try await gateway.ask("Hi", headers: Self.session("one")) == ("answer 0", "miss"))
            time.advance(.seconds(301))
            #expect(try await gateway.ask("Hi", headers: Self.session("one")) == ("answer 0", "L2"))
            #expect(try await gateway.ask("Hi", headers: Self.session("one")) == ("answer 0", "L1"), "promoted")
            time.advance(.seconds(301))
            #expect(try await gateway.ask("Hi", headers: Self.session("other")) == ("answer 1", "miss"), "another's session has nothing")
            time.advance(.seconds(301))
            #expect(try await gateway.ask("Hi") == ("answer 2", "miss"), "nor has who names none")
            let report = try gateway.figures()
            #expect(report.lookups.hits == 2 && report.lookups.misses == 3)
            #expect(report.session?.hits == 1 && report.memory?.hits == 1)
            #expect(provider.requests.count == 3)
        }
    }

    /// Two tenants may call their sessions the same.
    @Test func sessionsOfOneNameAreApart() async throws {
        try await Self.withGateway(keys: ["first-client-key", "second-client-key"]) { gateway, _, time in
            let (first, second): (HeaderList, HeaderList) = (
                ["x-quintet-session": "one", "x-api-key": "first-client-key"],
                ["x-quintet-session": "one", "x-api-key": "second-client-key"]
            )
            _ = try await gateway.ask("Hi", headers: first)
            time.advance(.seconds(301))
            #expect(try await gateway.ask("Hi", headers: second) == ("answer 1", "miss"))
            #expect(try await gateway.ask("Hi", headers: first) == ("answer 0", "L2"))
        }
    }

    @Test func aSessionsQuotaIsItsOwn() async throws {
        let tiers = TieredCache.Settings(session: .init(entries: 100, bytes: 1 << 20, life: .seconds(1800), entriesPerSession: 2))
        try await Self.withGateway(tiers) { gateway, _, time in
            _ = try await gateway.ask("zero", headers: Self.session("other"))
            for question in ["one", "two", "three"] { _ = try await gateway.ask(question, headers: Self.session("full")) }
            time.advance(.seconds(301))
            let (other, full) = (Self.session("other"), Self.session("full"))
            #expect(try await gateway.ask("zero", headers: other) == ("answer 0", "L2"), "another's quota is not touched")
            #expect(try await gateway.ask("two", headers: full) == ("answer 2", "L2"))
            #expect(try await gateway.ask("three", headers: full) == ("answer 3", "L2"))
            #expect(try await gateway.ask("one", headers: full) == ("answer 4", "miss"), "the first of three was dropped")
            #expect(try gateway.figures().session?.evictions == 2)
        }
    }

    /// Each reading promotes the session's answer into L1 anew: all of that ends with the tier's own limit.
    @Test func readingDoesNotProlongLife() async throws {
        try await Self.withGateway { gateway, _, time in
            var from: [String] = []
            for _ in 0..<32 {
                let answer = try await gateway.ask("Hi", headers: Self.session("one"))
                from.append(answer.from)
                time.advance(.seconds(60))
            }
            // At 0 s, then every minute: L1, and L2 every fifth time, when L1's copy is over; at the thirtieth both are.
            let wanted = ["miss"] + (1..<30).map { $0.isMultiple(of: 5) ? "L2" : "L1" } + ["miss", "L1"]
            #expect(from == wanted)
        }
    }

    /// A reader within the L1 limit, again and again, and the answer's own life before it.
    @Test(arguments: [(300, ""), (200, #","cache":{"ttl":200}"#)])
    func theEndIsTheEarlierOne(life: Int, wish: String) async throws {
        try await Self.withGateway { gateway, _, time in
            _ = try await gateway.ask("Hi", more: wish)
            for second in stride(from: 20, to: life, by: 20) {
                time.advance(.seconds(20))
                let answer = try await gateway.chat(#"{"model":"model","messages":[{"role":"user","content":"Hi"}]}"#)
                #expect(answer.head.headers["cache-status"] == "quintet; hit; ttl=\(life - second); detail=L1")
                #expect(answer.head.headers["age"] == "\(second)")
            }
            time.advance(.seconds(20))
            #expect(try await gateway.ask("Hi").from == "miss")
            #expect(try gateway.figures().memory?.expired == 1)
        }
    }

    @Test func anOldAnswerIsFreshEnoughOrNot() async throws {
        try await Self.withGateway { gateway, _, time in
            _ = try await gateway.ask("Hi")
            time.advance(.seconds(60))
            #expect(try await gateway.ask("Hi", headers: ["Cache-Control": "max-age=60"]) == ("answer 0", "L1"))
            #expect(try await gateway.ask("Hi", headers: ["Cache-Control": "max-age=59"]) == ("answer 1", "miss"))
            #expect(try await gateway.ask("Hi", more: #","cache":{"s-maxage":0}"#) == ("answer 2", "miss"))
            #expect(try await gateway.ask("Hi") == ("answer 2", "L1"))
        }
    }

    /// A request that finds nothing in memory looks again behind the door of its flight, where the remote tier is asked.
    @Test func oneLookupCountsOnce() async throws {
        let (asked, goOn) = (Gate("the provider is asked"), Gate("it may answer"))
        let script: Script = .json(body: Chat.answer(text: "hello"))
        try await CachingTests.withGateway(script.after(.signal(asked), .wait(goOn))) { gateway, provider in
            async let first = gateway.ask("Hi")
            try await asked.wait()
            async let second = gateway.ask("Hi")
            try await FlightTests.wait { gateway.gateway.keeping?.report.joins == 1 }
            goOn.open()
            let from = try await [first.from, second.from]
            #expect(from == ["miss", "joined"])
            for _ in 0..<3 { #expect(try await gateway.ask("Hi").from == "L1") }
            _ = try await gateway.ask("Ho")
            // These do not ask the cache.
            _ = try await gateway.ask("Hi", headers: ["Cache-Control": "no-cache"])
            _ = try await gateway.ask("Hi", more: #","cache":{"use-cache":false}"#)
            let report = try gateway.figures()
            #expect(report.lookups.hits == 3 && report.lookups.misses == 2, "a join is another's lookup")
            #expect(report.memory?.hits == 3 && report.memory?.misses == 2)
            #expect(report.models == ["model": report.lookups] && report.routes == ["chat": report.lookups])
            #expect(gateway.gateway.keeping?.report.joins == 1)
            #expect(provider.requests.count == 4)
        }
    }
}
