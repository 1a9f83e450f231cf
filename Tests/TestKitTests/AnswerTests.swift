import TestKit
import Testing

/// Well-formed answers, and what the provider records about the requests.
@Suite(.timeLimit(.minutes(1))) struct AnswerTests {
    @Test func jsonAnswersKeepTheConnectionAndRequestsAreRecorded() async throws {
        try await withScriptedProvider(.json(headers: ["X-Id": "7"], body: Chat.answer(text: "hi"))) { provider in
            #expect(provider.baseURL == "http://127.0.0.1:\(provider.port)/v1")
            try await withRawClient(port: provider.port) { client in
                for number in 0..<3 {
                    try await client.send(
                        "POST", "/v1/chat?n=\(number)", headers: ["X-Test": "A"], body: "body \(number)")
                    let head = try await client.readHead()
                    #expect(head.status == 200)
                    #expect(head.reason == "OK")
                    #expect(head.headers["x-id"] == "7")
                    #expect(try await client.readBody() == Array(Chat.answer(text: "hi").utf8))
                }
            }
            try await provider.waitForOpenConnections(0)
            let requests = try await provider.waitForRequests(3)
            #expect(requests.map(\.index) == [0, 1, 2])
            #expect(requests.map(\.indexOnConnection) == [0, 1, 2])
            #expect(requests.map(\.connection) == [0, 0, 0])
            #expect(requests.map(\.path) == ["/v1/chat?n=0", "/v1/chat?n=1", "/v1/chat?n=2"])
            #expect(requests.map(\.bodyText) == ["body 0", "body 1", "body 2"])
            #expect(requests[0].method == "POST")
            #expect(requests[0].headers.fields.map(\.name) == ["Host", "Content-Length", "X-Test"])
            #expect(provider.record.connections[0].requests == 3)
        }
    }

    @Test func theHandlerPicksTheScriptAndCanBeReplaced() async throws {
        let first: ScriptedProvider.Handler = { request, index in
            index == 0 ? .status(503, retryAfter: 3) : .json(body: request.path)
        }
        try await withScriptedProvider(handler: first) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/a")
                let head = try await client.readHead()
                #expect(head.status == 503)
                #expect(head.reason == "Service Unavailable")
                #expect(head.headers["retry-after"] == "3")
                #expect(try await client.readBody().isEmpty == false)
                try await client.send("GET", "/b")
                _ = try await client.readHead()
                #expect(try await client.readBody() == Array("/b".utf8))
                provider.setScript(.json(status: 201, body: "new"))
                try await client.send("GET", "/c")
                #expect(try await client.readHead().status == 201)
            }
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await withScriptedProvider(handler: { request, _ in .json(body: request.path) }) { provider in
            try await withRawClient(port: provider.port) { client in
                let count = 200  // more than may wait at a time
                try await client.send((0..<count).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
                for number in 0..<count {
                    _ = try await client.readHead()
                    #expect(try await client.readBody() == Array("/\(number)".utf8))
                }
            }
        }
    }

    @Test(arguments: [true, false]) func streamsEndAsTheyShould(chunked: Bool) async throws {
        let events = Chat.chunks(["one", "two", "three"])
        try await withScriptedProvider(.stream(events: events, chunked: chunked)) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("POST", "/v1/chat/completions", body: "{}")
                #expect(try await client.readHead().headers["content-type"] == "text/event-stream")
                for event in events + ["[DONE]"] {
                    #expect(try await client.readBodyUntil("\n\n") == "data: \(event)\n\n")
                }
                #expect(try await client.readChunk() == nil)
                if !chunked { try await client.readEOF() }
            }
        }
    }

    @Test func aStreamSlicedAtEveryByteIsTheSameStream() async throws {
        let events = Chat.chunks(["Ünï", "漢字"])
        try await withScriptedProvider(Script.stream(events: events).sliced(every: 1)) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("POST", "/", body: "{}")
                _ = try await client.readHead()
                let expected = (events + ["[DONE]"]).map { "data: \($0)\n\n" }.joined()
                #expect(try await client.readBody() == Array(expected.utf8))
            }
        }
    }

    @Test func stepsBetweenEventsHoldThemBack() async throws {
        let gate = Gate("second event")
        let frames = ["data: 1\n\n", "data: 2\n\n"]
        let script = Script.stream(frames: frames, between: [.wait(gate)])
        try await withScriptedProvider(script) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/")
                _ = try await client.readHead()
                #expect(provider.record.connections[0].isOpen)
                gate.open()
                #expect(try await client.readBody() == Array(frames.joined().utf8))
            }
        }
    }

    @Test func manyClientsAtOnce() async throws {
        try await withScriptedProvider(handler: { request, _ in .json(body: request.bodyText) }) { provider in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<40 {
                    group.addTask {
                        try await withRawClient(port: provider.port) { client in
                            for turn in 0..<10 {
                                try await client.send("POST", "/", body: "\(number) \(turn)")
                                _ = try await client.readHead()
                                #expect(try await client.readBody() == Array("\(number) \(turn)".utf8))
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await provider.waitForConnections(40)
            try await provider.waitForOpenConnections(0)
            #expect(provider.record.requestCount == 400)
        }
    }

    @Test func aBodyBeyondTheLimitIsCountedButNotKept() async throws {
        try await withScriptedProvider(.json(body: "{}")) { provider in
            try await withRawClient(port: provider.port) { client in
                let length = RecordedRequest.bodyLimit + 5
                try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n")
                try await client.send([UInt8](repeating: 65, count: length))
                #expect(try await client.readHead().status == 200)
                let request = try await provider.waitForRequests(1)[0]
                #expect(request.body.count == RecordedRequest.bodyLimit)
                #expect(request.bodyLength == length)
            }
        }
    }
}
