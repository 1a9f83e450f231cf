import Foundation
import NIOCore
import Testing

@testable import DemoProvider

@Suite("Faults of the connection", .timeLimit(.minutes(1)))
struct ConnectionFaultTests {
    private func body(_ model: String, stream: Bool) -> String {
        chat(model, "What is a gateway?", [("stream", .bool(stream))]).rendered
    }

    /// How many tokens with text a stream's bytes hold.
    private func tokens(_ bytes: String) -> Int {
        bytes.components(separatedBy: #""delta":{"content":"#).count - 1
    }

    @Test("a cut stream ends after 5 tokens, in the middle of its chunked body")
    func cut() async throws {
        try await RunningDemo.run { demo in
            let received = try await demo.client.post(body("fault-cut", stream: true))
            #expect(received.head.hasPrefix("HTTP/1.1 200"))
            #expect(received.head.lowercased().contains("transfer-encoding: chunked"))
            #expect(tokens(received.body) == 5)
            #expect(!received.body.contains("[DONE]"))
            #expect(!received.body.contains(#""finish_reason":""#))
            #expect(!received.isTerminated)
            #expect(received.failure == nil)
        }
    }

    @Test("a cut plain answer is shorter than its Content-Length", arguments: ["fault-cut", "fault-cut-plain"])
    func cutPlain(model: String) async throws {
        try await RunningDemo.run { demo in
            let received = try await demo.client.post(body(model, stream: false))
            #expect(received.head.hasPrefix("HTTP/1.1 200"))
            let length = received.head.lowercased().components(separatedBy: "content-length: ").last?.prefix(while: \.isNumber)
            let promised = try #require(length.flatMap { Int($0) })
            #expect(received.body.utf8.count > 0)
            #expect(received.body.utf8.count < promised)
        }
    }

    @Test("a reset comes before any byte", arguments: [true, false])
    func reset(stream: Bool) async throws {
        try await RunningDemo.run { demo in
            let received = try await demo.client.post(body("fault-reset", stream: stream))
            #expect(received.bytes.isEmpty)
            #expect((received.failure as? IOError)?.errnoCode == ECONNRESET)
        }
    }

    @Test("a hanging model never answers, and a shutdown ends it", arguments: [true, false])
    func hang(stream: Bool) async throws {
        try await RunningDemo.run { demo in
            async let received = demo.client.post(body("fault-hang", stream: stream))
            await demo.faultBegins()
            await demo.shutDown()
            let bytes = try await received.bytes
            #expect(bytes.isEmpty)
        }
    }

    @Test("only headers come, and then nothing", arguments: [true, false])
    func headersOnly(stream: Bool) async throws {
        try await RunningDemo.run { demo in
            let received = try await demo.client.post(body("fault-headers-only", stream: stream)) { bytes in
                if bytes.contains("\r\n\r\n") { await demo.shutDown() }
            }
            #expect(received.head.hasPrefix("HTTP/1.1 200"))
            #expect(received.body.isEmpty)
        }
    }

    @Test("a stalled stream says 5 tokens, and then nothing")
    func stall() async throws {
        try await RunningDemo.run { demo in
            let received = try await demo.client.post(body("fault-stall", stream: true)) { bytes in
                if tokens(bytes) == 5, bytes.hasSuffix("\n\n\r\n") { await demo.shutDown() }
            }
            #expect(tokens(received.body) == 5)
            #expect(!received.isTerminated)
        }
    }

    @Test("a stalled plain answer says its first half")
    func stallPlain() async throws {
        try await RunningDemo.run { demo in
            let received = try await demo.client.post(body("fault-stall", stream: false)) { bytes in
                if bytes.contains("[demo]") { await demo.shutDown() }
            }
            #expect(received.head.hasPrefix("HTTP/1.1 200"))
            #expect(throws: (any Error).self) { try JSON(parsing: ByteBuffer(string: received.body)) }
        }
    }

    @Test("the slow model waits before its first token, and a shutdown doesn't wait for it")
    func slow() async throws {
        try await RunningDemo.run { demo in
            let received = try await demo.client.post(body("fault-slow", stream: true)) { bytes in
                if bytes.contains(#""role":"assistant""#) { await demo.shutDown() }
            }
            #expect(tokens(received.body) == 0)
            #expect(!received.isTerminated)
        }
    }

    @Test("a client that leaves ends the work for it")
    func leaving() async throws {
        // The shutdown at the end waits for ordinary answers. It would wait for hours if this one still ran.
        try await RunningDemo.run(tokenDelay: .seconds(3600)) { demo in
            _ = try await demo.client.post(body("demo-large", stream: true)) { bytes in
                if bytes.contains(#""role":"assistant""#) { throw RawClient.Left() }
            }
        }
    }
}
