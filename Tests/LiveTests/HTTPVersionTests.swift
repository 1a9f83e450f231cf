import TestKit
import Testing

/// Old clients, other protocols, and the forms that a request's target can have.
@Suite(.timeLimit(.minutes(1))) struct HTTPVersionTests {
    @Test func anOldClientGetsItsAnswerAndTheEnd() async throws {
        try await HTTPTests.withGateway { gateway, _ in
            try await withRawClient(port: gateway.port) { client in
                try await client.send("GET /v1/models HTTP/1.0\r\n\r\n")
                let head = try await client.readHead()
                #expect(head.status == 200)
                #expect(head.headers["connection"] == "close")
                _ = try await client.readBody()
                try await client.readEOF()
            }
        }
    }

    @Test func anOldClientThatWantsToStayIsToldThatItMay() async throws {
        try await HTTPTests.withGateway { gateway, _ in
            try await withRawClient(port: gateway.port) { client in
                for _ in 0..<3 {
                    try await client.send(HTTPTests.post(ServedGateway.question(), version: "1.0", "Connection: keep-alive\r\n"))
                    let head = try await client.readHead()
                    #expect(head.status == 200)
                    #expect(head.headers["connection"] == "keep-alive")
                    #expect(try await client.readBody() == Array(Chat.answer(text: "hello").utf8))
                }
            }
        }
    }

    @Test(arguments: ["", "Connection: keep-alive\r\n"]) func anOldClientsStreamEndsWithItsConnection(fields: String) async throws {
        try await HTTPTests.withGateway { gateway, _ in
            try await withRawClient(port: gateway.port) { client in
                try await client.send(HTTPTests.post(ServedGateway.question(stream: true), version: "1.0", fields))
                let head = try await client.readHead()
                #expect(head.headers["transfer-encoding"] == nil)
                #expect(head.headers["content-length"] == nil)
                #expect(head.headers["connection"] == "close")
                let body = String(decoding: try await client.readAll(), as: UTF8.self)
                #expect(body.hasPrefix("data: ") && body.hasSuffix("data: [DONE]\n\n"))
            }
        }
    }

    @Test func anOldClientIsNotToldToGoOn() async throws {
        try await HTTPTests.withGateway { gateway, _ in
            try await withRawClient(port: gateway.port) { client in
                try await client.send(HTTPTests.post(ServedGateway.question(), version: "1.0", "Expect: 100-continue\r\n"))
                #expect(try await client.readHead().status == 200)
            }
        }
    }

    @Test func aClientThatOffersAnotherProtocolIsAnsweredInThisOne() async throws {
        try await HTTPTests.withGateway { gateway, _ in
            for request in [
                HTTPTests.post(ServedGateway.question(), "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"),
                "GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
                "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n",
            ] {
                try await withRawClient(port: gateway.port) { client in
                    try await client.send(request)
                    let head = try await client.readHead()
                    #expect(head.status != 101)
                    // The decoder is deaf behind such a request: who sends another must not wait for its answer.
                    #expect(head.headers["connection"] == "close")
                    _ = try await client.readBody()
                    try await client.readEOF()
                }
            }
        }
    }

    @Test(arguments: ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"])
    func whatIsNoHTTP11IsRefused(request: String) async throws {
        try await HTTPTests.withGateway { gateway, _ in
            try await withRawClient(port: gateway.port) { client in
                try await client.send(request)
                #expect(try await client.readHead().status == 400)
                _ = try await client.readBody()
                try await client.readEOF()
            }
        }
    }

    @Test(arguments: [
        ("GET", "/v1/models", 200), ("GET", "/v1/models/", 200), ("GET", "/v1/models?x=/nowhere", 200),
        ("GET", "http://elsewhere/v1/models", 200), ("GET", "HTTPS://elsewhere:1/v1/models?x", 200),
        ("GET", "http://elsewhere", 404), ("GET", "http://elsewhere?/v1/models", 404), ("GET", "/v1/models/mo%64el", 200),
        ("GET", "/v1/models/%", 404), ("GET", "/v1/models/%00", 404), ("GET", "/v1/../v1/models", 404), ("OPTIONS", "*", 404),
        ("DELETE", "/v1/models", 405), ("GET", "/v1/chat/completions", 405), ("GET", "//v1/models", 404),
        ("GET", "/" + String(repeating: "a", count: 60_000), 404), ("GET", "/" + String(repeating: "a", count: 70_000), 431),
    ])
    func targetsAreFound(method: String, target: String, status: Int) async throws {
        try await HTTPTests.withGateway { gateway, _ in
            let answer = try await gateway.request(method, target)
            #expect(answer.head.status == status, "\(answer.body)")
            if status == 405 { #expect(answer.head.headers["allow"] == (target == "/v1/models" ? "GET" : "POST")) }
        }
    }

    @Test func namesOfCallersCannotWriteIntoAHead() async throws {
        try await HTTPTests.withGateway { gateway, _ in
            let answer = try await gateway.chat(
                #"{"model":"model\r\nx-evil: 1","messages":[{"role":"user","content":"Hi"}]}"#,
                headers: ["X-Request-ID": "a b"])
            #expect(answer.head.status == 404)
            #expect(answer.head.headers["x-evil"] == nil)
            #expect(answer.head.headers["x-request-id"]?.hasPrefix("req_") == true)
        }
    }
}
