import Core
import Gateway
import NIOCore
import TestKit
import Testing
import Upstream

/// A reader that is slower than the provider slows the provider down, and loses nothing.
@Suite(.timeLimit(.minutes(1))) struct BackpressureTests {
    private static let size = 32 << 20
    /// What the kernel's buffers of both sides and a mailbox may hold: far less than the whole.
    private static let bound = 12 << 20

    @Test(arguments: [true, false]) func anUnreadStreamStopsTheProviderAndArrivesIntact(isChunked: Bool) async throws {
        let pattern = Pattern.bytes(Self.size)
        let script = isChunked ? Self.chunked(pattern) : Self.counted(pattern)
        try await withScriptedProvider(script, sendBuffer: 64 << 10) { slow in
            try await withScriptedProvider(.json(body: "{}")) { quick in
                try await withEngine(Endpoint(slow), Endpoint(quick, name: "quick")) { engine in
                    let reply = try await engine.begin(.stream())
                    let written = try await Self.standstill(of: slow, engine)
                    #expect(written < Self.bound)
                    var rest = try await reply.rest()
                    #expect(rest.readableBytes == Self.size)
                    #expect(rest.readBytes(length: rest.readableBytes) == pattern)
                    #expect(engine.pool?.inUse == 0)
                    // A pause leaves the connection as good as new.
                    slow.setScript(.json(body: "{}"))
                    try await engine.expect(.whole(), answers: "{}")
                    #expect(slow.record.connections.count == 1)
                }
            }
        }
    }

    @Test func aReaderThatTakesABreathNowAndThenGetsEveryByte() async throws {
        let pattern = Pattern.bytes(8 << 20)
        try await withScriptedProvider(Self.counted(pattern), sendBuffer: 64 << 10) { slow in
            try await withScriptedProvider(.json(body: "{}")) { quick in
                try await withEngine(Endpoint(slow), Endpoint(quick, name: "quick")) { engine in
                    let reply = try await engine.begin(.stream())
                    var all: [UInt8] = []
                    while let bytes = try await reply.next(by: .now.advanced(by: .seconds(10))) {
                        all += bytes.readableBytesView
                        // Long enough for the mailbox to fill up again.
                        _ = try await engine.text(.whole(to: "quick"))
                    }
                    #expect(all == pattern)
                }
            }
        }
    }

    @Test func aPausedStreamCanBeCancelled() async throws {
        try await withScriptedProvider(Self.counted(Pattern.bytes(Self.size)), sendBuffer: 64 << 10) { slow in
            try await withScriptedProvider(.json(body: "{}")) { quick in
                try await withEngine(Endpoint(slow), Endpoint(quick, name: "quick")) { engine in
                    var reply: (any ProviderReply)? = try await engine.begin(.stream())
                    _ = try await Self.standstill(of: slow, engine)
                    #expect(reply != nil)
                    reply = nil
                    try await slow.expectLeft(0)
                    try await engine.waitForPool(inUse: 0)
                }
            }
        }
    }

    @Test func nobodyTimesAReaderThatDoesNotWait() async throws {
        let goOn = Gate("go on")
        let script: Script = [
            .bytes(Script.head(status: 200, headers: ["Content-Length": "2"]) + "1"), .wait(goOn), .bytes("2"), .keepAlive,
        ]
        try await withScriptedProvider(handler: { request, _ in request.bodyText == "stall" ? [.hang] : script }) { provider in
            try await withEngine(Endpoint(provider)) { engine in
                let reply = try await engine.begin(.stream(), within: .seconds(1))
                // A later deadline has fired, so the one above would have, too.
                #expect(await fault { _ = try await engine.begin(.whole("stall"), within: .milliseconds(1200)) } == .stall)
                #expect(try await reply.chunk() == "1")
                goOn.open()
                #expect(try await reply.chunk() == "2")
                #expect(try await reply.chunk() == nil)
            }
        }
    }

    /// The bytes that the provider has written when no more of them go: when they stood still during many calls that
    /// the same engine made.
    private static func standstill(of provider: ScriptedProvider, _ engine: RunningEngine) async throws -> Int {
        var (written, calm) = (-1, 0)
        while calm < 30 {
            _ = try await engine.text(.whole(to: "quick"))
            let now = provider.record.connections[0].bytesWritten
            (written, calm) = now == written ? (written, calm + 1) : (now, 0)
        }
        return written
    }

    private static func counted(_ bytes: [UInt8]) -> Script {
        [.bytes(Script.head(status: 200, headers: ["Content-Length": "\(bytes.count)"])), .bytes(bytes), .keepAlive]
    }

    private static func chunked(_ bytes: [UInt8]) -> Script {
        var steps: [Step] = [.bytes(Script.head(status: 200, headers: ["Transfer-Encoding": "chunked"]))]
        let size = 100_003
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = bytes[start..<min(start + size, bytes.count)]
            steps.append(.bytes(Array((String(piece.count, radix: 16) + "\r\n").utf8) + piece + Array("\r\n".utf8)))
        }
        return Script(steps + [.bytes("0\r\n\r\n"), .keepAlive])
    }
}
