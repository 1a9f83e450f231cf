import ArgumentParser
import Core
import Foundation
import NIOCore
import Testing
import Wire

@testable import quintet

/// What `quintet cache` reads, decides and prints.
@Suite struct CacheCommandTests {
    private static func json(_ text: String) throws -> JSONValue { try JSONDocument(ByteBuffer(string: text)).root }

    // MARK: stats

    @Test func printsTheFigures() throws {
        let figures = try Self.json(
            #"""
            {"type":"HYBRID_CACHE","l1MemorySize":108,
             "stats":{"totalHits":147,"totalMisses":53,"hitRate":"73.50%","hitRatio":0.735},
             "redisHealthy":true,"redis":{"state":"connected","why":null,"pingMs":1.52,"usedBytes":3145728,"limitBytes":null,"evictions":4},
             "tiers":{"L1":{"hits":101,"misses":102,"stores":103,"refused":0,"evictions":5,"expired":6,"invalidated":7,"entries":108,"entryLimit":10000,"bytes":2048,"byteLimit":67108864},
                      "L2":null,
                      "L3":{"hits":46,"misses":53,"stores":60,"refused":1,"expired":2,"invalidated":3,"sealedBytes":1572864,"compressionRatio":2.55}},
             "agents":{"dev":{"hits":1,"misses":3,"hitRate":"25.00%","hitRatio":0.25}},"models":{},"routes":{},
             "saved":{"seconds":12.5,"usd":0.25},"flights":{"joins":7,"running":2},"refusedStores":{"truncated":4}}
            """#)
        let table = try #require(CacheStatsTable(figures))
        #expect(
            table.lines == [
                "cache    HYBRID_CACHE, Redis connected (ping 1.5 ms, 3.0 MiB used, 4 evicted)", "lookups  200: 147 hits, 53 misses (73.50%)",
                "saved    USD 0.250000, 12.5 s of waiting", "flights  7 joined a call that ran, 2 run now", "not kept 4 truncated", "",
                "the tiers",
                "tier  hits  misses  stores  refused  evicted  expired  forgotten    entries     size  compressed",
                "L1     101     102     103        0        5        6          7  108/10000  2.0 KiB",
                "L2     off",
                "L3      46      53      60        1                 2          3             1.5 MiB        2.5×", "",
                "by agent  hits  misses    rate", "dev          1       3  25.00%",
            ])
    }

    @Test func knowsWhatIsNoReport() throws {
        #expect(CacheStatsTable(try Self.json(#"{"status":"healthy"}"#)) == nil)
        #expect(CacheStatsTable(try Self.json("[]")) == nil)
    }

    // MARK: clear

    @Test(arguments: [
        (["--tag", "t"], #"{"tag":"t"}"#), (["--user", "u"], #"{"user":"u"}"#), (["--session", "s"], #"{"session":"s"}"#),
        (["--mine"], #"{"tenant":"self"}"#), (["--agent", "dev"], #"{"agent":"dev"}"#), (["--model", "m"], #"{"model":"m"}"#),
        (["--key", "k"], #"{"key":"k"}"#), (["--glob", "v1:*"], #"{"glob":"v1:*"}"#), (["--all", "--yes"], #"{"all":true}"#),
    ])
    func asksForOneThing(arguments: [String], body: String) throws {
        let command = try #require(try CacheClear.parseAsRoot(arguments) as? CacheClear)
        #expect(String(buffer: command.body) == body)
    }

    @Test(arguments: [[], ["--yes"], ["--tag", "t", "--all"], ["--mine", "--user", "u"]])
    func asksForNothingElse(arguments: [String]) { #expect(throws: (any Error).self) { try CacheClear.parseAsRoot(arguments) } }

    @Test(arguments: [
        (#"{"removed":{"L1":3,"L2":0,"L3":5},"total":8,"remote_pending":false}"#, "Forgot 8: 3 from L1, 0 from L2, 5 from L3."),
        (#"{"removed":{"L1":0,"L2":0,"L3":null},"total":0,"remote_pending":false}"#, "Nothing was there to forget."),
        (
            #"{"removed":{"L1":1,"L2":0,"L3":null},"total":1,"remote_pending":true}"#,
            "Forgot 1: 1 from L1, 0 from L2. Redis could not be told yet; the gateway tells it again, and gives none of these answers until then."
        ),
    ])
    func saysWhatWasRemoved(answer: String, words: String) throws { #expect(CacheClear.words(try Self.json(answer)) == words) }

    // MARK: warm

    @Test func readsTheFileLineByLine() {
        let file = WarmFile(
            Data(
                """
                {"model":"a","stream":true,"stream_options":{"include_usage":true},"messages":[]}

                {"messages":[ ],"model":"b"}\r
                {"model":"c"}
                nonsense
                  \t
                {"messages":"hello"}
                [1]
                {"stream_options":{},"messages":[1]}
                """.utf8))
        #expect(file.count == 7)
        let lines = file.lines.map { line in
            switch line.request {
            case .success(let body): "\(line.number): \(String(buffer: body))"
            case .failure(let fault): "\(line.number)! \(fault)"
            }
        }
        #expect(
            lines == [
                #"1: {"model":"a","stream":false,"messages":[]}"#, "3: {\"messages\":[ ],\"model\":\"b\"}\r", "4! 'messages' is missing",
                "5! it is not valid JSON, at byte 0", "7! 'messages' is missing", "8! a request is a JSON object", #"9: {"messages":[1]}"#,
            ])
        #expect(WarmFile(Data()).count == 0)
    }

    @Test(arguments: [
        ("0.25", "miss", "quintet; fwd=miss; stored", 0.25, false, true), ("0.25", "miss", "quintet; fwd=miss", 0.25, false, false),
        ("0", "hit", "quintet; hit; ttl=30; detail=L1", 0, true, false), (nil, "hit", "quintet; hit", 0, true, false),
        (nil, "miss", nil, nil, false, false), (nil, nil, nil, nil, false, false), ("0", "joined", "quintet; fwd=miss; collapsed", 0, true, false),
        ("much", "miss", nil, nil, false, false),
    ] as [(String?, String?, String?, Double?, Bool, Bool)])
    func readsTheHeaders(cost: String?, cache: String?, status: String?, usd: Double?, wasThere: Bool, isStored: Bool) {
        let answer = WarmTally.Answer(cost: cost, cache: cache, status: status)
        #expect(answer.cost == usd.flatMap { Money(usd: $0) })
        #expect(answer.wasThere == wasThere)
        #expect(answer.isStored == isStored)
    }

    @Test func stopsAtTheCap() {
        var tally = WarmTally(cap: Money(usd: 0.5))
        tally.count(.answered(.init(cost: "0.25", cache: "miss", status: "quintet; fwd=miss; stored")))
        #expect(tally.stop == nil)
        tally.count(.failed)
        tally.count(.answered(.init(cost: "0", cache: "hit", status: nil)))
        #expect(tally.stop == nil)
        tally.count(.answered(.init(cost: "0.25", cache: "miss", status: nil)))
        #expect(tally.stop == "Stopped at the cap of USD 0.5.")
        tally.countBadLine()
        #expect(tally.summary == "4 sent: 1 stored, 1 already there, 1 failed, 1 bad line skipped; USD 0.5")
        #expect(tally.hasFailures)
    }

    @Test func aCapNeedsCosts() {
        var tally = WarmTally(cap: Money(usd: 5))
        tally.count(.answered(.init(cost: nil, cache: "miss", status: nil)))
        #expect(tally.stop?.contains("does not know") == true)
        var free = WarmTally(cap: nil)
        free.count(.answered(.init(cost: nil, cache: "miss", status: nil)))
        #expect(free.stop == nil && !free.hasFailures)
        #expect(free.summary == "1 sent: 0 stored, 0 already there, 0 failed; USD 0, and 1 of unknown cost")
    }

    @Test func drawsTheBar() {
        var tally = WarmTally(cap: nil)
        tally.count(.answered(.init(cost: "0.25", cache: nil, status: nil)))
        #expect(tally.bar(of: 4, width: 47) == "[#####...............] 1/4, 0 failed, USD 0.25")
        for width in 1...80 { #expect(tally.bar(of: 4, width: width).displayWidth < max(2, width + 1)) }
        #expect(tally.bar(of: 4, width: 10) == "1/4, 0 f…")
    }
}
