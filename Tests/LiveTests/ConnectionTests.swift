import Edge
import TestKit
import Testing

/// What the gateway does to connections that misbehave, and to those that don't.
@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
    private static func withGateway(
        keys: [String] = [], patience: Duration = .seconds(30),
        body: @escaping @Sendable (ServedGateway, ScriptedProvider) async throws -> Void
    ) async throws {
        try await withScriptedProvider(.json(body: Chat.answer(text: "hello"))) { provider in
            try await ServedGateway.run(
                [.init(provider: provider, keys: ["canary"])], .init(keys: keys),
                configure: {
                    $0.headTimeout = patience
                    $0.bodyTimeout = patience
                    $0.bodyLimit = 1 << 20
                }, { gateway in try await body(gateway, provider) })
        }
    }

    @Test func aHeadThatDripsInIsCutOff() async throws {
        try await Self.withGateway(patience: .milliseconds(200)) { gateway, _ in
            let client = try await RawClient.connect(port: gateway.port)
            try await client.send("POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Slow")
            try await client.readEOF()
        }
    }

    @Test func aBodyThatDripsInIsAnsweredAndCutOff() async throws {
        try await Self.withGateway(patience: .milliseconds(200)) { gateway, _ in
            let client = try await RawClient.connect(port: gateway.port)
            try await client.send(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{")
            #expect(try await client.readHead().status == 408)
            _ = try await client.readBody()
            try await client.readEOF()
        }
    }

    @Test func aHeadThatIsTooLargeIsRefused() async throws {
        try await Self.withGateway { gateway, _ in
            let client = try await RawClient.connect(port: gateway.port)
            try await client.send("GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Large: " + String(repeating: "a", count: 100_000) + "\r\n\r\n")
            #expect(try await client.readHead().status == 431)
        }
    }

    @Test func bytesThatAreNoRequestAreRefused() async throws {
        try await Self.withGateway { gateway, _ in
            let client = try await RawClient.connect(port: gateway.port)
            try await client.send("\u{16}\u{03}\u{01} this is no HTTP\r\n\r\n")
            #expect(try await client.readHead().status == 400)
        }
    }

    @Test func aBodyOverTheLimitIsRefusedUnread() async throws {
        try await Self.withGateway { gateway, provider in
            let client = try await RawClient.connect(port: gateway.port)
            try await client.send(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n{")
            let head = try await client.readHead()
            #expect(head.status == 413)
            #expect(head.headers["connection"] == "close")
            _ = try await client.readBody()
            try await client.readEOF()
            #expect(provider.requests.isEmpty)
        }
    }

    @Test func aBodyThatGrowsOverTheLimitIsRefused() async throws {
        try await Self.withGateway { gateway, _ in
            let client = try await RawClient.connect(port: gateway.port)
            try await client.send(
                "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk = "40000\r\n" + String(repeating: " ", count: 0x40000) + "\r\n"
            try await client.send(chunk + chunk + chunk + chunk + chunk)
            #expect(try await client.readHead().status == 413)
        }
    }

    @Test func oneConnectionServesManyRequests() async throws {
        try await Self.withGateway { gateway, provider in
            let client = try await RawClient.connect(port: gateway.port)
            for _ in 0..<20 {
                try await client.send(
                    "POST", "/v1/chat/completions", headers: ["Content-Type": "application/json"],
                    body: ServedGateway.question())
                #expect(try await client.readHead().status == 200)
                #expect(try await client.readBody() == Array(Chat.answer(text: "hello").utf8))
            }
            #expect(provider.record.connections.count == 1)
        }
    }

    @Test func aWaitingClientThatLeavesEndsItsCall() async throws {
        let asked = Gate("the provider has the request")
        try await withScriptedProvider([.signal(asked), .hang]) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { gateway in
                let client = try await RawClient.connect(port: gateway.port)
                try await client.send(
                    "POST", "/v1/chat/completions", headers: ["Content-Type": "application/json"],
                    body: ServedGateway.question())
                try await asked.wait()
                await client.close()
                #expect(try await provider.waitForConnectionClosed(0).cause != .provider)
            }
        }
    }

    @Test func keysAreAskedForAndNeverPassedOn() async throws {
        try await Self.withGateway(keys: ["of-the-client"]) { gateway, provider in
            #expect(try await gateway.chat(ServedGateway.question()).head.status == 401)
            #expect(try await gateway.chat(ServedGateway.question(), headers: ["Authorization": "Bearer wrong"]).head.status == 401)
            let answer = try await gateway.chat(
                ServedGateway.question(), headers: ["Authorization": "Bearer of-the-client", "Cookie": "a=b"])
            #expect(answer.head.status == 200)
            #expect(!"\(answer)".contains("canary"))
            let request = try #require(provider.requests.first)
            #expect(request.headers["authorization"] == "Bearer canary")
            #expect(request.headers["cookie"] == nil)
        }
    }
}
