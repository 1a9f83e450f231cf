import Edge
import TestKit
import Testing

/// How connections end: who leaves, who reads slowly, who says nothing, and the gateway's own end.
@Suite(.timeLimit(.minutes(1))) struct LeavingTests {
    // MARK: Clients that leave

    @Test func aWaitingClientThatClosesItsSideEndsItsCall() async throws {
        let asked = Gate("the provider has the request")
        try await withScriptedProvider([.signal(asked), .hang]) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { gateway in
                try await withRawClient(port: gateway.port) { client in
                    try await client.send(HTTPTests.post())
                    try await asked.wait()
                    try await client.shutdownWrite()
                    #expect(try await provider.waitForConnectionClosed(0).cause != .provider)
                    _ = try await client.readEnding()
                }
            }
        }
    }

    @Test func aClientThatLeavesAfterFillingItsConnectionEndsItsCall() async throws {
        let asked = Gate("the provider has the request")
        try await withScriptedProvider([.signal(asked), .hang]) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { gateway in
                let client = try await RawClient.connect(port: gateway.port)
                try await client.send(HTTPTests.post())
                try await asked.wait()
                // So many wait that the gateway reads no more, and some are left in the kernel.
                let more = String(repeating: "GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n", count: 20)
                for _ in 0..<5 {
                    try await client.send(more)
                    _ = try await gateway.request("GET", "/health")
                }
                await client.close()
                #expect(try await provider.waitForConnectionClosed(0).cause != .provider)
            }
        }
    }

    @Test func aFloodOfWaitingRequestsEndsTheConnection() async throws {
        let asked = Gate("the provider has the request")
        try await withScriptedProvider([.signal(asked), .hang]) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { gateway in
                let client = try await RawClient.connect(port: gateway.port)
                try await client.send(HTTPTests.post())
                try await asked.wait()
                let flood = String(repeating: "GET / HTTP/1.1\r\nHost:\r\n\r\n", count: 40_000)
                // The kernel takes only a part of it, and it may end while the rest is sent.
                try? await client.send(flood, limit: .seconds(2))
                await client.close()
                #expect(try await provider.waitForConnectionClosed(0).cause != .provider)
            }
        }
    }

    @Test func anIdleClientThatClosesItsSideIsClosed() async throws {
        try await HTTPTests.withGateway { gateway, _ in
            try await withRawClient(port: gateway.port) { client in
                try await client.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try await client.readHead()
                _ = try await client.readBody()
                try await client.shutdownWrite()
                try await client.readEOF()
            }
        }
    }

    @Test func aClientThatLeavesALargeAnswerIsClosed() async throws {
        let text = String(repeating: "a", count: 16 << 20)
        try await withScriptedProvider(.json(body: Chat.answer(text: text))) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { gateway in
                try await withRawClient(port: gateway.port, receiveBuffer: 64 << 10) { client in
                    try await client.send(HTTPTests.post())
                    #expect(try await client.readHead().status == 200)
                    try await client.shutdownWrite()
                    _ = try await client.readEnding()
                }
            }
        }
    }

    // MARK: Clients that are slow

    @Test func aClientThatReadsSlowlySlowsTheProviderAndGetsEverything() async throws {
        let texts = (0..<96).map { "\($0):" + String(repeating: "abcdefgh", count: 32 << 10) }
        let events = Chat.chunks(texts)
        try await withScriptedProvider(.stream(events: events), sendBuffer: 64 << 10) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { gateway in
                try await withRawClient(port: gateway.port, receiveBuffer: 64 << 10) { client in
                    try await client.send(HTTPTests.post(ServedGateway.question(stream: true)))
                    #expect(try await client.readHead().status == 200)
                    let written = try await Self.standstill(of: provider, gateway)
                    // What the kernel's buffers hold on both sides, and little more.
                    #expect(written < 16 << 20)
                    for text in texts {
                        var event = try await client.readBodyUntil("\n\n")
                        while !event.contains("\"content\":\"\(text.prefix { $0 != ":" }):") {
                            event = try await client.readBodyUntil("\n\n")
                        }
                        #expect(event.utf8.count > text.utf8.count)
                    }
                    #expect(try await client.readBodyUntil("[DONE]\n\n").contains("stop"))
                }
            }
        }
    }

    /// The bytes that the provider has got rid of once it gets rid of no more.
    private static func standstill(of provider: ScriptedProvider, _ gateway: ServedGateway) async throws -> Int {
        var (written, unchanged) = (0, 0)
        while unchanged < 50 {
            _ = try await gateway.request("GET", "/health")
            let now = provider.record.connections[0].bytesWritten
            unchanged = now == written && now > 0 ? unchanged + 1 : 0
            written = now
        }
        return written
    }

    @Test func aClientThatSaysNothingIsClosed() async throws {
        try await HTTPTests.withGateway(configure: { $0.idleTimeout = .seconds(1) }) { gateway, _ in
            try await withRawClient(port: gateway.port) { client in try await client.readEOF() }
            try await withRawClient(port: gateway.port) { client in
                try await client.send(HTTPTests.post())
                #expect(try await client.readHead().status == 200)
                _ = try await client.readBody()
                try await client.readEOF()
            }
        }
    }

    // MARK: The gateway's own end

    @Test func theGatewayFinishesWhatItBeganAndThenEnds() async throws {
        let (asked, answer) = (Gate("the provider has both requests"), Gate("the provider may answer"))
        try await withScriptedProvider(handler: { request, index in
            let isStream = request.bodyText.contains(#""stream":true"#)
            if index == 0 { return .json(body: Chat.answer(text: "hello")) }
            let wait: [Step] = isStream ? [] : [.signal(asked), .wait(answer)]
            let script: Script =
                isStream
                ? .stream(events: Chat.chunks(["hel", "lo"]), between: [.bytes("")])
                : .json(body: Chat.answer(text: "hello"))
            return Script(wait + script.steps)
        }) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { gateway in
                let used = try await RawClient.connect(port: gateway.port)
                try await used.send(HTTPTests.post())
                _ = try await used.readHead()
                _ = try await used.readBody()
                let unused = try await RawClient.connect(port: gateway.port)
                let waiting = try await RawClient.connect(port: gateway.port)
                try await waiting.send(HTTPTests.post())
                try await asked.wait()
                let sending = try await RawClient.connect(port: gateway.port)
                let request = HTTPTests.post(ServedGateway.question(stream: true))
                try await sending.send(String(request.dropLast(10)))
                _ = try await gateway.request("GET", "/health")

                await gateway.stop()
                try await used.readEOF()
                try await unused.readEOF()
                await #expect(throws: (any Error).self) { _ = try await RawClient.connect(port: gateway.port) }

                answer.open()
                let head = try await waiting.readHead()
                #expect(head.status == 200)
                #expect(head.headers["connection"] == "close")
                #expect(try await waiting.readBody() == Array(Chat.answer(text: "hello").utf8))
                try await waiting.readEOF()

                try await sending.send(String(request.suffix(10)))
                #expect(try await sending.readHead().headers["connection"] == "close")
                #expect(String(decoding: try await sending.readBody(), as: UTF8.self).hasSuffix("data: [DONE]\n\n"))
                try await sending.readEOF()
            }
        }
    }

    @Test func aStreamUnderWayEndsProperly() async throws {
        let answer = Gate("the provider may go on")
        let events = Chat.chunks(["hel", "lo"])
        var script = Script.stream(events: events)
        script.steps.insert(.wait(answer), at: 3)
        try await withScriptedProvider(script) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { gateway in
                try await withRawClient(port: gateway.port) { client in
                    try await client.send(HTTPTests.post(ServedGateway.question(stream: true)))
                    _ = try await client.readHead()
                    _ = try await client.readBodyUntil("hel")
                    await gateway.stop()
                    answer.open()
                    #expect(String(decoding: try await client.readBody(), as: UTF8.self).hasSuffix("data: [DONE]\n\n"))
                    try await client.readEOF()
                }
            }
        }
    }

    @Test func aConnectionOverTheLimitWaitsForAPlace() async throws {
        try await HTTPTests.withGateway(configure: { $0.connectionLimit = 1 }) { gateway, _ in
            let first = try await RawClient.connect(port: gateway.port)
            try await first.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            _ = try await first.readHead()
            _ = try await first.readBody()
            try await withRawClient(port: gateway.port) { second in
                try await second.send(HTTPTests.post())
                await #expect(throws: TimeLimitExceeded.self) {
                    _ = try await second.readHead(limit: .milliseconds(200))
                }
                await first.close()
                #expect(try await second.readHead().status == 200)
            }
        }
    }

    @Test func placesComeBackHoweverConnectionsEnd() async throws {
        let asked = Watched(0)
        try await withScriptedProvider(handler: { request, _ in
            asked.update { $0 += 1 }
            return request.bodyText.contains(#""stream":true"#)
                ? Script(Script.stream(events: Chat.chunks(["hel"]), done: false).steps.dropLast(2) + [.hang]) : [.hang]
        }) { provider in
            try await ServedGateway.run(
                [.init(provider: provider, limit: 100)], configure: { $0.connectionLimit = 1 }
            ) { gateway in
                let starts = [
                    "", "GET /v1/mod", "GET /health HTTP/1.1\r\nHost: x\r\n\r\n", "no request\r\n\r\n",
                    String(HTTPTests.post().dropLast(10)), HTTPTests.post(), HTTPTests.post(ServedGateway.question(stream: true)),
                    HTTPTests.post() + HTTPTests.post(), "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\nx",
                ]
                for start in starts {
                    for leave in [RawClient.close, RawClient.reset] {
                        let client = try await RawClient.connect(port: gateway.port)
                        let before = asked.value
                        try await client.send(start)
                        if start.hasSuffix("}") {
                            try await asked.wait("the provider having the request") { $0 > before ? () : nil }
                        }
                        await leave(client)()
                        #expect(try await gateway.request("GET", "/health").head.status == 200)
                    }
                }
                try await provider.waitForOpenConnections(0)
            }
        }
    }
}
