import Core
import Gateway
import NIOCore
import TestKit
import Testing
import Upstream

/// Every way in which a call can fail, and the name that it fails under.
@Suite(.timeLimit(.minutes(1))) struct FaultTests {
    private static func endpoint(port: Int) -> Endpoint {
        Endpoint(access: "scripted", baseURL: "http://127.0.0.1:\(port)/v1", key: nil, limit: 10)
    }

    private static func counted(_ length: Int, _ body: String) -> Step {
        .bytes(Script.head(status: 200, headers: ["Content-Length": "\(length)"]) + body)
    }

    private static let chunkedHead = Script.head(status: 200, headers: ["Transfer-Encoding": "chunked"])

    @Test func aRefusedConnection() async throws {
        try await withEngine(Self.endpoint(port: Ports.refusing)) { engine in
            #expect(await fault { _ = try await engine.begin(.whole()) } == .connect)
            #expect(engine.pool?.inUse == 0)
        }
    }

    @Test func aConnectionThatIsNeverAccepted() async throws {
        let port = try #require(Ports.silent)
        try await withEngine(Self.endpoint(port: port)) { engine in
            let call = UpstreamCall.whole(connect: .milliseconds(100))
            #expect(await fault { _ = try await engine.begin(call) } == .connectTimeout)
        }
    }

    @Test func aNameThatDoesNotExist() async throws {
        let endpoint = Endpoint(access: "scripted", baseURL: "http://quintet.invalid/v1", key: nil, limit: 10)
        try await withEngine(endpoint) { engine in
            #expect(await fault { _ = try await engine.begin(.whole()) } == .connect)
        }
    }

    @Test(arguments: [true, false]) func nothingBeforeTheDeadline(isStream: Bool) async throws {
        try await withEngine(script: [.hang]) { engine, provider in
            let call: UpstreamCall = isStream ? .stream() : .whole()
            #expect(await fault { _ = try await engine.begin(call, within: .milliseconds(100)) } == .stall)
            try await provider.expectLeft(0)
            try await engine.waitForPool(inUse: 0)
        }
    }

    @Test func aHeadAloneIsNoAnswerYet() async throws {
        try await withEngine(script: [.bytes(Self.chunkedHead), .hang]) { engine, _ in
            #expect(await fault { _ = try await engine.begin(.stream(), within: .milliseconds(100)) } == .stall)
        }
    }

    @Test func aStreamThatFallsSilent() async throws {
        let goOn = Gate("go on")
        let steps: Script = [.bytes(Self.chunkedHead + Script.chunk("1")), .wait(goOn), .bytes(Script.chunk("2")), .hang]
        try await withEngine(script: steps) { engine, provider in
            var reply: (any ProviderReply)? = try await engine.begin(.stream())
            #expect(try await reply?.chunk() == "1")
            #expect(await fault { _ = try await reply?.chunk(within: .milliseconds(100)) } == .stall)
            // The wait is over, not the call.
            goOn.open()
            #expect(try await reply?.chunk() == "2")
            #expect(await fault { _ = try await reply?.chunk(within: .milliseconds(100)) } == .stall)
            reply = nil
            try await provider.expectLeft(0)
        }
    }

    @Test func aWholeAnswerThatNeverEnds() async throws {
        let drip = Step.dribble(String(repeating: "x", count: 10_000), sliceSize: 1, gap: .milliseconds(5))
        try await withEngine(script: [Self.counted(10_000, ""), drip]) { engine, _ in
            #expect(await fault { _ = try await engine.text(.whole(), within: .milliseconds(100)) } == .stall)
        }
    }

    @Test(arguments: [Step.reset, .close], [true, false])
    func aConnectionThatEndsBeforeTheHead(how: Step, isStream: Bool) async throws {
        try await withEngine(script: [how]) { engine, provider in
            #expect(await fault { _ = try await engine.begin(isStream ? .stream() : .whole()) } == .reset)
            // A fresh connection is not tried again: the provider may have worked on the request.
            #expect(provider.requests.count == 1)
        }
    }

    @Test(arguments: [Step.reset, .close]) func aConnectionThatEndsInTheMiddleOfTheHead(how: Step) async throws {
        try await withEngine(script: [.bytes("HTTP/1.1 200 OK\r\nContent-Ty"), how]) { engine, _ in
            let fault = await fault { _ = try await engine.begin(.stream()).rest() }
            #expect(fault == .reset || fault == .malformed)
        }
    }

    @Test(arguments: [true, false], [true, false]) func aBodyThatIsCut(isChunked: Bool, isStream: Bool) async throws {
        let body = isChunked ? Step.bytes(Self.chunkedHead + Script.chunk("half")) : Self.counted(8, "half")
        try await withEngine(script: [body, .close]) { engine, provider in
            let cut = await fault {
                let reply = try await engine.begin(isStream ? .stream() : .whole())
                #expect(reply.status == 200)
                #expect(try await reply.chunk() == "half")
                _ = try await reply.chunk()
            }
            #expect(cut == .cut)
            #expect(provider.requests.count == 1)
            #expect(engine.pool?.inUse == 0)
        }
    }

    @Test func aBodyThatIsReset() async throws {
        let seen = Gate("reader has the first half")
        try await withEngine(script: [Self.counted(8, "half"), .wait(seen), .reset]) { engine, _ in
            let reply = try await engine.begin(.stream())
            #expect(try await reply.chunk() == "half")
            seen.open()
            #expect(await fault { _ = try await reply.chunk() } == .cut)
        }
    }

    @Test func aChunkThatIsCutInTwo() async throws {
        try await withEngine(script: [.bytes(Self.chunkedHead + "8\r\nhalf"), .close]) { engine, _ in
            let reply = try await engine.begin(.stream())
            #expect(try await reply.chunk() == "half")
            #expect(await fault { _ = try await reply.chunk() } == .cut)
        }
    }

    @Test func withoutFramingTheEndOfTheConnectionIsTheEnd() async throws {
        let script: Script = [.bytes(Script.head(status: 200, headers: ["Connection": "close"]) + "all"), .close]
        try await withEngine(script: script) { engine, _ in
            try await engine.expect(.stream(), answers: "all")
            try await engine.expect(.whole(), answers: "all")
        }
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r\n", "<html>\r\n<body>\r\nnot HTTP at all</body></html>\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", "HTTP/9.7 200 OK\r\n\r\n", "\u{16}\u{3}\u{1}\u{0}\u{0}\r\n\r\n",
    ]) func bytesThatAreNotHTTP(garbage: String) async throws {
        try await withEngine(script: [.bytes(garbage), .close]) { engine, _ in
            #expect(await fault { _ = try await engine.begin(.stream()).rest() } == .malformed)
        }
    }

    @Test func chunksThatAreNoChunks() async throws {
        try await withEngine(script: [.bytes(Self.chunkedHead + Script.chunk("1") + "zz\r\nhm\r\n"), .hang]) { engine, provider in
            let reply = try await engine.begin(.stream())
            #expect(try await reply.chunk() == "1")
            let fault = await fault { _ = try await reply.chunk() }
            #expect(fault == .cut || fault == .malformed)
            try await provider.expectLeft(0)
        }
    }

    @Test func aHeadLargerThanItsBound() async throws {
        let line = "X-Filler: " + String(repeating: "x", count: 60_000) + "\r\n"
        let lines = String(repeating: line, count: 5)
        try await withEngine(script: [.bytes("HTTP/1.1 200 OK\r\n" + lines + "\r\n"), .hang]) { engine, provider in
            #expect(await fault { _ = try await engine.begin(.stream()) } == .malformed)
            try await provider.expectLeft(0)
        }
    }

    @Test func aHeadWithinItsBound() async throws {
        let line = "X-Filler: " + String(repeating: "x", count: 60_000) + "\r\n"
        let head = "HTTP/1.1 200 OK\r\n" + String(repeating: line, count: 4) + "Content-Length: 2\r\n\r\n"
        try await withEngine(script: [.bytes(head + "ok"), .keepAlive]) { engine, _ in
            try await engine.expect(.stream(), answers: "ok")
        }
    }

    @Test func aWholeAnswerLargerThanItsBound() async throws {
        let size = (64 << 20) + 1
        let head = Script.head(status: 200, headers: ["Content-Length": "\(size)"])
        let mebibyte = Step.bytes([UInt8](repeating: 0x20, count: 1 << 20))
        let body = [Step](repeating: mebibyte, count: 65)
        try await withEngine(script: Script([.bytes(head)] + body + [.hang])) { engine, provider in
            let oversized = await fault { _ = try await engine.begin(.whole(), within: .seconds(30)).rest() }
            #expect(oversized == .malformed)
            try await provider.expectLeft(0)
        }
    }

    @Test func aFailureSaysNothingOfTheKey() async throws {
        try await withScriptedProvider([.reset]) { provider in
            try await withEngine(Endpoint(provider, key: "sk-canary")) { engine in
                let failure = await #expect(throws: UpstreamFailure.self) { _ = try await engine.begin(.whole()) }
                #expect(failure?.detail.contains("canary") == false)
                #expect(failure?.detail.isEmpty == false)
            }
        }
    }
}
