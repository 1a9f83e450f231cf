import TestKit
import Testing

/// Who reads how much: the provider's reading steps, and a client that takes only what it asks for.
@Suite(.timeLimit(.minutes(1))) struct ReadingTests {
    @Test func aProviderThatReadsNothingBlocksTheSender() async throws {
        let gate = Gate("read again")
        let onAccept: [Step] = [.readNothing, .wait(gate), .readNormally]
        try await withScriptedProvider(.json(body: "ok"), onAccept: onAccept) { provider in
            try await withRawClient(port: provider.port) { client in
                let body = [UInt8](repeating: 66, count: 16 << 20)
                try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
                await #expect(throws: TimeLimitExceeded.self) { try await client.send(body, limit: .milliseconds(50)) }
                #expect(provider.requests.isEmpty)
                gate.open()
                #expect(try await client.readHead().status == 200)
                #expect(try await provider.waitForRequests(1)[0].bodyLength == body.count)
            }
        }
    }

    @Test func aProviderCanReadSlowly() async throws {
        let onAccept: [Step] = [.readSlowly(sliceSize: 10, gap: .milliseconds(1))]
        try await withScriptedProvider(.json(body: "ok"), onAccept: onAccept) { provider in
            try await withRawClient(port: provider.port) { client in
                let start = ContinuousClock.now
                try await client.send("POST", "/", body: String(repeating: "c", count: 200))
                #expect(try await client.readHead().status == 200)
                #expect(ContinuousClock.now - start >= .milliseconds(10))
                #expect(provider.requests[0].body.count == 200)
            }
        }
    }

    @Test func aProviderCanAnswerBeforeTheBodyIsThere() async throws {
        let onAccept: [Step] = [
            .readHead, .bytes("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"), .closeOutput, .hang,
        ]
        try await withScriptedProvider([], onAccept: onAccept) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n")
                #expect(try await client.readHead().status == 413)
                try await client.readEOF()
                #expect(provider.requests.isEmpty)
            }
        }
    }

    @Test func aClientThatDoesNotReadStopsTheProvider() async throws {
        let sent = Gate("all sent")
        let size = 16 << 20
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"
        let script: Script = [.bytes(head), .bytes([UInt8](repeating: 68, count: size)), .signal(sent), .close]
        try await withScriptedProvider(script, sendBuffer: 64 << 10) { provider in
            try await withRawClient(port: provider.port, receiveBuffer: 64 << 10) { client in
                try await client.send("GET", "/")
                _ = try await client.readHead()
                try await provider.wait(for: "first slices") { $0.connections[0].bytesWritten > 64 << 10 }
                await #expect(throws: TimeLimitExceeded.self) { try await sent.wait(limit: .milliseconds(50)) }
                #expect(provider.record.connections[0].bytesWritten < size / 2)
                #expect(try await client.readBody().count == size)
                try await sent.wait()
            }
        }
    }

    @Test func whatIsNotHTTPIsCountedAndClosed() async throws {
        try await withScriptedProvider(.json(body: "ok")) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("\u{1}\u{2}nonsense\r\n\r\n")
                try await client.readEOF()
                #expect(provider.record.malformed == 1)
                #expect(provider.requests.isEmpty)
            }
        }
    }

    @Test func aClientThatLeavesInItsRequestIsNotMalformed() async throws {
        try await withScriptedProvider(.json(body: "ok")) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc")
                try await client.shutdownWrite()
                try await client.readEOF()
            }
            #expect(try await provider.waitForConnectionClosed(0).cause == .eof)
            #expect(provider.record.malformed == 0)
            #expect(provider.requests.isEmpty)
        }
    }

    @Test func readsHaveALimitAndCanBeTriedAgain() async throws {
        let gate = Gate()
        try await withScriptedProvider(Script.json(body: "ok").after(.wait(gate))) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/")
                await #expect(throws: TimeLimitExceeded.self) { try await client.readHead(limit: .milliseconds(20)) }
                gate.open()
                #expect(try await client.readHead().status == 200)
                #expect(try await client.readBody() == Array("ok".utf8))
            }
        }
    }

    @Test func rawReadsShowTheFraming() async throws {
        try await withScriptedProvider(.stream(frames: ["data: x\n\n"])) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/")
                #expect(try await client.readUntil("\r\n\r\n").contains("Transfer-Encoding: chunked\r\n"))
                #expect(try await client.readUntil("0\r\n\r\n") == "9\r\ndata: x\n\n\r\n0\r\n\r\n")
            }
        }
    }

    @Test func chunksWithExtensionsAndTrailersAreDecoded() async throws {
        let answer =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n"
        try await withScriptedProvider(Script([.bytes(answer), .keepAlive]).sliced(every: 1)) { provider in
            try await withRawClient(port: provider.port) { client in
                for _ in 0..<2 {
                    try await client.send("GET", "/")
                    _ = try await client.readHead()
                    #expect(try await client.readChunk() == Array("abc".utf8))
                    #expect(try await client.readBodyUntil("4") == "01234")
                    #expect(try await client.readBody() == Array("56789".utf8))
                    #expect(try await client.readChunk() == nil)
                }
            }
        }
    }

    @Test(arguments: [
        "HTTP/1.1 20 OK\r\n\r\n", "ICY 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabcd\r\n",
    ])
    func whatIsMalformedIsNotRead(answer: String) async throws {
        try await withScriptedProvider([.bytes(answer), .close]) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/")
                let error = await #expect(throws: RawClientError.self) {
                    _ = try await client.readHead()
                    _ = try await client.readBody()
                }
                guard case .malformed = error else {
                    Issue.record("not malformed: \(String(describing: error))")
                    return
                }
            }
        }
    }

    @Test func statusesWithoutABodyHaveNone() async throws {
        try await withScriptedProvider([.bytes("HTTP/1.1 204 No Content\r\n\r\n"), .keepAlive]) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/")
                #expect(try await client.readHead().status == 204)
                #expect(try await client.readBody().isEmpty)
                await #expect(throws: TimeLimitExceeded.self) { try await client.readEOF(limit: .milliseconds(10)) }
            }
        }
    }
}
