import Core
import Gateway
import NIOCore
import TestKit
import Testing
import Upstream

/// Connections are used again wherever that is sound, and dead ones are noticed by nobody.
@Suite(.timeLimit(.minutes(1))) struct ReuseTests {
    @Test func fiftyCallsOneConnection() async throws {
        let stream = Script.stream(events: Chat.chunks(["a", "b"]))
        try await withEngine(handler: { _, index in index % 2 == 0 ? .json(body: "{}") : stream }) { engine, provider in
            for index in 0..<50 {
                let text = try await engine.text(index % 2 == 0 ? .whole() : .stream())
                #expect(text.hasSuffix(index % 2 == 0 ? "{}" : "data: [DONE]\n\n"))
            }
            #expect(provider.record.connections.count == 1)
            #expect(engine.pool == PoolReport(access: "scripted", inUse: 0, idle: 1, waiting: 0, limit: 100))
        }
    }

    @Test func anErrorAnswerLeavesTheConnectionUsable() async throws {
        try await withEngine(script: .status(500)) { engine, provider in
            for _ in 0..<3 { _ = try await engine.begin(.stream()).rest() }
            #expect(provider.record.connections.count == 1)
        }
    }

    @Test func finishBehindTheEndKeepsTheConnection() async throws {
        try await withEngine(script: .stream(events: ["1"])) { engine, provider in
            let reply = try await engine.begin(.stream())
            _ = try await reply.rest()
            reply.finish()
            _ = try await engine.text(.stream())
            #expect(provider.record.connections.count == 1)
        }
    }

    @Test func finishBeforeTheLastBytesOfTheFramingKeepsTheConnection() async throws {
        let finished = Gate("reader has finished")
        let head = Script.head(status: 200, headers: ["Transfer-Encoding": "chunked"])
        let script: Script = [
            .bytes(head + Script.chunk("data: [DONE]\n\n")), .wait(finished), .bytes("0\r\n\r\n"), .keepAlive,
        ]
        try await withEngine(script: script) { engine, provider in
            var reply: (any ProviderReply)? = try await engine.begin(.stream())
            #expect(try await reply?.chunk() == "data: [DONE]\n\n")
            reply?.finish()
            reply = nil
            #expect(engine.pool?.inUse == 1)
            finished.open()
            try await engine.waitForPool(inUse: 0)
            try await engine.expect(.stream(), answers: "data: [DONE]\n\n")
            #expect(provider.record.connections.count == 1)
        }
    }

    @Test func finishOfAStreamThatGoesOnClosesIt() async throws {
        let drip = Step.dribble(String(repeating: "x", count: 1 << 20), sliceSize: 10, gap: .milliseconds(1))
        let script: Script = [.bytes(Script.head(status: 200, headers: ["Content-Length": "9999999"])), drip, .hang]
        try await withEngine(script: script) { engine, provider in
            let reply = try await engine.begin(.stream())
            _ = try await reply.chunk()
            reply.finish()
            try await provider.expectLeft(0)
            try await engine.waitForPool(inUse: 0)
        }
    }

    @Test func finishOfAPausedStreamDropsTheRest() async throws {
        let size = 4 << 20
        let written = Gate("provider has written everything")
        let script: Script = [
            .bytes(Script.head(status: 200, headers: ["Content-Length": "\(size)"])), .bytes([UInt8](repeating: 0x78, count: size)),
            .signal(written), .keepAlive,
        ]
        try await withEngine(script: script) { engine, provider in
            let reply = try await engine.begin(.stream())
            reply.finish()
            try await written.wait()
            try await engine.waitForPool(inUse: 0)
            #expect(try await engine.begin(.stream()).rest().readableBytes == size)
            #expect(provider.record.connections.count == 1)
        }
    }

    @Test func aPooledConnectionThatWasClosedIsReplacedUnseen() async throws {
        let body = Script.head(status: 200, headers: ["Content-Length": "2"]) + "{}"
        try await withEngine(script: [.bytes(body), .close]) { engine, provider in
            for count in 1...5 {
                try await engine.expect(count % 2 == 0 ? .whole("\(count)") : .stream("\(count)"), answers: "{}")
                try await provider.waitForOpenConnections(0)
            }
            #expect(provider.requests.map(\.bodyText) == ["1", "2", "3", "4", "5"])
            #expect(provider.record.connections.count == 5)
        }
    }

    @Test(arguments: [Step.close, .reset], [2, 1 << 20])
    func aPooledConnectionThatEndsUponTheNextRequestIsRetriedUnseen(how: Step, size: Int) async throws {
        let body = String(repeating: "x", count: size)
        try await withEngine(handler: { request, _ in
            request.indexOnConnection == 0 ? .json(body: "{}") : Script([how])
        }) { engine, provider in
            for _ in 0..<3 { try await engine.expect(.whole(body), answers: "{}") }
            // The first and, behind it, twice a refused one and its repetition.
            #expect(provider.requests.map(\.connection) == [0, 0, 1, 1, 2])
            #expect(provider.requests.allSatisfy { $0.bodyLength == size })
        }
    }

    @Test func aPooledConnectionIsNotRetriedOnceTheAnswerHasBegun() async throws {
        try await withEngine(handler: { request, _ in
            request.indexOnConnection == 0 ? .json(body: "{}") : [.bytes("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nha"), .close]
        }) { engine, provider in
            try await engine.expect(.whole(), answers: "{}")
            #expect(await fault { _ = try await engine.begin(.stream()).rest() } == .cut)
            #expect(provider.requests.count == 2)
        }
    }

    @Test func announcedEndsAreHeeded() async throws {
        try await withEngine(script: .json(headers: ["Connection": "close"], body: "{}")) { engine, provider in
            for _ in 0..<3 { try await engine.expect(.whole(), answers: "{}") }
            #expect(provider.record.connections.count == 3)
        }
    }

    @Test func connectionsAreNotSharedByProviders() async throws {
        try await withScriptedProvider(.json(body: "1")) { first in
            try await withScriptedProvider(.json(body: "2")) { second in
                try await withEngine(Endpoint(first, name: "first", key: "one"), Endpoint(second, name: "second", key: "two")) { engine in
                    for _ in 0..<5 {
                        try await engine.expect(.whole(to: "first"), answers: "1")
                        try await engine.expect(.whole(to: "second"), answers: "2")
                    }
                    #expect(Set(first.requests.map { $0.headers["Authorization"] }) == ["Bearer one"])
                    #expect(Set(second.requests.map { $0.headers["Authorization"] }) == ["Bearer two"])
                    #expect(first.record.connections.count == 1)
                    #expect(engine.pools.map(\.access) == ["first", "second"])
                }
            }
        }
    }
}
