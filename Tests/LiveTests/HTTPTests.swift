import Edge
import TestKit
import Testing

/// How requests are framed, told apart and answered on one connection.
@Suite(.timeLimit(.minutes(1))) struct HTTPTests {
    static let json = "Content-Type: application/json\r\n"

    /// A request as it goes over the wire.
    static func post(
        _ body: String = ServedGateway.question(), version: String = "1.1", _ fields: String = ""
    ) -> String {
        "POST /v1/chat/completions HTTP/\(version)\r\nHost: x\r\n\(json)\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    /// A gateway whose provider answers whole or in a stream, as it is asked.
    static func withGateway(
        keys: [String] = [], configure: @escaping @Sendable (inout EdgeServer.Configuration) -> Void = { $0.bodyLimit = 1 << 20 },
        _ body: @escaping @Sendable (ServedGateway, ScriptedProvider) async throws -> Void
    ) async throws {
        try await withScriptedProvider(handler: { request, _ in
            request.bodyText.contains(#""stream":true"#)
                ? .stream(events: Chat.chunks(["hel", "lo"])) : .json(body: Chat.answer(text: "hello"))
        }) { provider in
            try await ServedGateway.run([.init(provider: provider)], .init(keys: keys), configure: configure) { gateway in
                try await body(gateway, provider)
            }
        }
    }

    // MARK: Pipelining

    @Test func pipelinedRequestsAreAnsweredInTheirOrder() async throws {
        try await Self.withGateway { gateway, _ in
            try await withRawClient(port: gateway.port) { client in
                try await client.send(
                    "GET /v1/models HTTP/1.1\r\nHost: x\r\nX-Request-ID: one\r\n\r\n" + Self.post("no JSON", "X-Request-ID: two\r\n")
                        + "POST /nowhere HTTP/1.1\r\nHost: x\r\nX-Request-ID: three\r\nContent-Length: 5\r\n\r\nGET /"
                        + Self.post(ServedGateway.question(stream: true), "X-Request-ID: four\r\n")
                        + "HEAD /v1/models HTTP/1.1\r\nHost: x\r\nX-Request-ID: five\r\n\r\n"
                        + Self.post(ServedGateway.question(), "X-Request-ID: six\r\n"))
                let expected = [("one", 200), ("two", 400), ("three", 404), ("four", 200), ("five", 200), ("six", 200)]
                for (id, status) in expected {
                    let head = try await client.readHead()
                    #expect(head.headers["x-request-id"] == id)
                    #expect(head.status == status, "\(id)")
                    if id == "five" { continue }
                    let body = String(decoding: try await client.readBody(), as: UTF8.self)
                    if id == "four" { #expect(body.hasSuffix("data: [DONE]\n\n")) }
                    if id == "six" { #expect(body == Chat.answer(text: "hello")) }
                }
            }
        }
    }

    @Test func nothingBehindAnAnswerThatClosesIsAnswered() async throws {
        try await Self.withGateway { gateway, provider in
            try await withRawClient(port: gateway.port) { client in
                try await client.send("GET /v1/models HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + Self.post())
                #expect(try await client.readHead().headers["connection"] == "close")
                _ = try await client.readBody()
                try await client.readEOF()
                #expect(provider.requests.isEmpty)
            }
        }
    }

    @Test func whatIsNoRequestDoesNotTakeTheAnswerBeforeIt() async throws {
        let asked = Gate("the provider has the request")
        let answer = Gate("the provider may answer")
        try await withScriptedProvider(
            Script.json(body: Chat.answer(text: "hello")).after(.signal(asked), .wait(answer))
        ) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { gateway in
                try await withRawClient(port: gateway.port) { client in
                    try await client.send(Self.post())
                    try await asked.wait()
                    for _ in 0..<3 {
                        try await client.send("no request\r\n\r\n")
                        // On the same loop: what was sent before it has been read.
                        _ = try await gateway.request("GET", "/health")
                    }
                    answer.open()
                    #expect(try await client.readHead().status == 200)
                    _ = try await client.readBody()
                    #expect(try await client.readHead().status == 400)
                    _ = try await client.readBody()
                    try await client.readEOF()
                }
            }
        }
    }

    // MARK: Expectations

    @Test func aClientThatAsksFirstIsToldToGoOn() async throws {
        try await Self.withGateway { gateway, _ in
            try await withRawClient(port: gateway.port) { client in
                let request = Self.post(ServedGateway.question(), "Expect: 100-Continue\r\n")
                let body = ServedGateway.question()
                for _ in 0..<2 {
                    try await client.send(String(request.dropLast(body.count)))
                    #expect(try await client.readHead().status == 100)
                    try await client.send(body)
                    #expect(try await client.readHead().status == 200)
                    _ = try await client.readBody()
                }
            }
        }
    }

    @Test func aClientThatAsksBehindAnotherRequestIsToldInItsTurn() async throws {
        let asked = Gate("the provider has the request")
        let answer = Gate("the provider may answer")
        try await withScriptedProvider(
            Script.json(body: Chat.answer(text: "hello")).after(.signal(asked), .wait(answer))
        ) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { gateway in
                try await withRawClient(port: gateway.port) { client in
                    let body = ServedGateway.question()
                    try await client.send(Self.post() + Self.post(body, "Expect: 100-continue\r\n").dropLast(body.count))
                    try await asked.wait()
                    _ = try await gateway.request("GET", "/health")
                    answer.open()
                    #expect(try await client.readHead().status == 200)
                    _ = try await client.readBody()
                    #expect(try await client.readHead().status == 100)
                    try await client.send(body)
                    #expect(try await client.readHead().status == 200)
                }
            }
        }
    }

    @Test func aClientThatAsksForWhatIsRefusedGetsOnlyTheRefusal() async throws {
        try await Self.withGateway(keys: ["key"]) { gateway, _ in
            try await withRawClient(port: gateway.port) { client in
                try await client.send(
                    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n")
                let head = try await client.readHead()
                #expect(head.status == 401)
                #expect(head.headers["connection"] == "close")
                _ = try await client.readBody()
                try await client.readEOF()
            }
        }
    }

    // MARK: Framing

    @Test func aHeadIsAllThatAnswersHEAD() async throws {
        try await Self.withGateway { gateway, _ in
            try await withRawClient(port: gateway.port) { client in
                let whole = try await gateway.request("GET", "/v1/models")
                try await client.send("HEAD /v1/models HTTP/1.1\r\nHost: x\r\n\r\n")
                let head = try await client.readHead()
                #expect(head.status == 200)
                #expect(head.headers["content-length"] == "\(whole.body.utf8.count)")
                try await client.send("GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                #expect(try await client.readUntil("\r\n").hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test func aChunkedRequestIsReadWithItsTrailers() async throws {
        try await Self.withGateway { gateway, provider in
            try await withRawClient(port: gateway.port) { client in
                let body = ServedGateway.question()
                let chunks = body.map { "1;note=\"x\"\r\n\($0)\r\n" }.joined()
                for _ in 0..<2 {
                    try await client.send(
                        "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\(Self.json)Transfer-Encoding: chunked\r\n\r\n"
                            + chunks + "0\r\nX-Checksum: 1\r\n\r\n")
                    #expect(try await client.readHead().status == 200)
                    _ = try await client.readBody()
                }
                #expect(provider.requests.count == 2)
            }
        }
    }

    @Test func aClientThatKeepsSendingTooMuchCanReadWhy() async throws {
        try await Self.withGateway { gateway, _ in
            try await withRawClient(port: gateway.port) { client in
                try await client.send(
                    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\(Self.json)Transfer-Encoding: chunked\r\n\r\n")
                let chunk = "40000\r\n" + String(repeating: " ", count: 0x40000) + "\r\n"
                for _ in 0..<40 { try await client.send(chunk) }
                #expect(try await client.readHead().status == 413)
                _ = try await client.readBody()
                try await client.send("0\r\n\r\n")
                try await client.readEOF()
            }
        }
    }

    @Test func aClientThatKeepsSendingItsHeadCanReadWhy() async throws {
        try await Self.withGateway { gateway, _ in
            try await withRawClient(port: gateway.port) { client in
                try await client.send("GET /v1/models HTTP/1.1\r\nHost: x\r\n")
                let fields = "X-Large: " + String(repeating: "a", count: 50_000) + "\r\n"
                for _ in 0..<6 {
                    try await client.send(fields)
                    _ = try await gateway.request("GET", "/health")
                }
                #expect(try await client.readHead().status == 431)
            }
        }
    }

    @Test(arguments: [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "Content-Length: 5, 5\r\n\r\nhello", "Content-Length: +5\r\n\r\nhello", "Content-Length: -1\r\n\r\n",
        "Content-Length: 99999999999999999999999\r\n\r\n", "Content-Length: 0x5\r\n\r\nhello", "Content-Length : 5\r\n\r\nhello",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nZ\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
        "X: a\r\n folded\r\n\r\n", "X: \u{0}\r\n\r\n", "Host: y\r\n\r\n",
    ])
    func ambiguousFramingEndsTheConnection(fields: String) async throws {
        try await Self.withGateway { gateway, provider in
            try await withRawClient(port: gateway.port) { client in
                try await client.send(
                    "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\(Self.json)\(fields)" + Self.post())
                let head = try await client.readHead()
                #expect(head.status == 400)
                #expect(head.headers["connection"] == "close")
                _ = try await client.readBody()
                try await client.readEOF()
                #expect(provider.requests.isEmpty)
            }
        }
    }

    @Test func whitespaceAroundAValueIsNotPartOfIt() async throws {
        try await Self.withGateway(keys: ["key"]) { gateway, _ in
            let answer = try await gateway.chat(
                ServedGateway.question(), headers: ["Authorization": " \tBearer key \t", "X-Request-ID": "mine  "])
            #expect(answer.head.status == 200)
            #expect(answer.head.headers["x-request-id"] == "mine")
        }
    }
}
