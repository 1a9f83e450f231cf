import Core
import Gateway
import NIOCore
import TestKit
import Testing
import Upstream

/// HTTPS as providers serve it: certificates are checked, and HTTP/2 carries many calls on one connection.
@Suite(.timeLimit(.minutes(1)), .enabled(if: TLSServer.missing == nil, "\(TLSServer.missing ?? "")"))
struct TLSTests {
    private static func endpoint(_ server: TLSServer, trusting authority: String?, limit: Int = 100) -> Endpoint {
        Endpoint(
            access: "scripted", baseURL: server.baseURL, key: "sk-canary", authorities: authority, limit: limit)
    }

    @Test func anUnknownAuthorityIsRefused() async throws {
        try await withScriptedProvider(.json(body: "{}")) { provider in
            try await TLSServer.run(for: provider) { server in
                try await withEngine(Self.endpoint(server, trusting: nil)) { engine in
                    #expect(await fault { _ = try await engine.begin(.whole()) } == .tls)
                }
            }
            #expect(provider.requests.isEmpty)
        }
    }

    @Test func aCertificateForSomebodyElseIsRefused() async throws {
        try await withScriptedProvider(.json(body: "{}")) { provider in
            try await TLSServer.run(for: provider, address: "127.0.0.2") { server in
                try await withEngine(Self.endpoint(server, trusting: server.authority)) { engine in
                    #expect(await fault { _ = try await engine.begin(.whole()) } == .tls)
                }
            }
            #expect(provider.requests.isEmpty)
        }
    }

    @Test func anAuthoritiesFileThatIsMissingIsRefused() async throws {
        try await withScriptedProvider(.json(body: "{}")) { provider in
            try await TLSServer.run(for: provider) { server in
                try await withEngine(Self.endpoint(server, trusting: server.directory + "/nothing.pem")) { engine in
                    #expect(await fault { _ = try await engine.begin(.whole()) } == .tls)
                }
            }
        }
    }

    @Test func aServerThatSpeaksNoTLSIsRefused() async throws {
        try await withScriptedProvider([.close], onAccept: [.bytes("HTTP/1.1 400 Bad Request\r\n\r\n"), .close]) { provider in
            let endpoint = Endpoint(access: "scripted", baseURL: "https://127.0.0.1:\(provider.port)/v1", key: "k", limit: 1)
            try await withEngine(endpoint) { engine in
                #expect(await fault { _ = try await engine.begin(.whole()) } == .tls)
            }
        }
    }

    @Test(arguments: [("http2", "HTTP/2.0"), ("", "HTTP/1.1")])
    func aTrustedServerIsCalled(listen: String, protocol: String) async throws {
        let stream = Script.stream(events: Chat.chunks(["a"]))
        try await withScriptedProvider(handler: { request, _ in request.bodyText == "s" ? stream : .json(body: "{}") }) { provider in
            try await TLSServer.run(for: provider, listen: listen) { server in
                try await withEngine(Self.endpoint(server, trusting: server.authority)) { engine in
                    for _ in 0..<5 {
                        let text = try await engine.text(.whole())
                        #expect(text == "{}")
                        #expect(try await engine.text(.stream("s")).hasSuffix("data: [DONE]\n\n"))
                    }
                    #expect(Set(provider.requests.map { $0.headers["X-Connection"] }).count == 1)
                    #expect(Set(provider.requests.map { $0.headers["X-Protocol"] }) == [`protocol`])
                    #expect(provider.requests[0].headers["Authorization"] == "Bearer sk-canary")
                    #expect(engine.pool == PoolReport(access: "scripted", inUse: 0, idle: 1, waiting: 0, limit: 100))
                }
            }
        }
    }

    @Test func callsAtTheSameTimeShareAConnection() async throws {
        let together = Gate("all five are there")
        try await withScriptedProvider(handler: { _, index in
            if index == 4 { together.open() }
            return .json(body: "\(index)").after(.wait(together))
        }) { provider in
            try await TLSServer.run(for: provider) { server in
                try await withEngine(Self.endpoint(server, trusting: server.authority)) { engine in
                    let answers = try await withThrowingTaskGroup(of: String.self) { group in
                        for _ in 0..<5 { group.addTask { try await engine.text(.whole()) } }
                        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
                    }
                    #expect(answers == ["0", "1", "2", "3", "4"])
                    #expect(Set(provider.requests.map { $0.headers["X-Connection"] }).count == 1)
                    #expect(Sockets.connected(to: server.port) == 1)
                }
            }
        }
    }

    @Test func aCancelledStreamAloneOnItsConnectionEndsAtOnce() async throws {
        let script: Script = [.bytes(Script.head(status: 200, headers: ["Transfer-Encoding": "chunked"]) + Script.chunk("1")), .hang]
        try await withScriptedProvider(script) { provider in
            try await TLSServer.run(for: provider) { server in
                try await withEngine(Self.endpoint(server, trusting: server.authority)) { engine in
                    var dropped: (any ProviderReply)? = try await engine.begin(.stream())
                    #expect(try await dropped?.chunk() == "1")
                    dropped = nil
                    try await provider.expectLeft(0)
                }
            }
        }
    }

    @Test func aCancelledStreamLeavesItsNeighboursAlone() async throws {
        let goOn = Gate("go on")
        let head = Script.head(status: 200, headers: ["Transfer-Encoding": "chunked"])
        let script: Script = [.bytes(head + Script.chunk("1")), .wait(goOn), .bytes(Script.chunk("2") + "0\r\n\r\n"), .keepAlive]
        try await withScriptedProvider(script) { provider in
            try await TLSServer.run(for: provider) { server in
                try await withEngine(Self.endpoint(server, trusting: server.authority)) { engine in
                    let kept = try await engine.begin(.stream())
                    var dropped: (any ProviderReply)? = try await engine.begin(.stream())
                    #expect(try await dropped?.chunk() == "1")
                    dropped = nil
                    // libcurl tells of the end with the connection's next bytes; another call has some.
                    let later = try await engine.begin(.stream())
                    // nginx passes the end of one stream on to the provider's connection for it.
                    try await provider.expectLeft(1)
                    goOn.open()
                    #expect(String(buffer: try await kept.rest()) == "12")
                    #expect(String(buffer: try await later.rest()) == "12")
                    #expect(Set(provider.requests.map { $0.headers["X-Connection"] }).count == 1)
                }
            }
        }
    }

    /// One caller who reads nothing must not stop the others on the same connection.
    @Test func anUnreadStreamDoesNotStopItsNeighbours() async throws {
        let size = 32 << 20
        let pattern = Pattern.bytes(size)
        let large: Script = [.bytes(Script.head(status: 200, headers: ["Content-Length": "\(size)"])), .bytes(pattern), .keepAlive]
        try await withScriptedProvider(handler: { request, _ in request.bodyText == "large" ? large : .json(body: "{}") }) { provider in
            try await TLSServer.run(for: provider) { server in
                try await withEngine(Self.endpoint(server, trusting: server.authority)) { engine in
                    let unread = try await engine.begin(.stream("large"))
                    for _ in 0..<20 {
                        let text = try await engine.text(.whole())
                        #expect(text == "{}")
                    }
                    var rest = try await unread.rest()
                    #expect(rest.readBytes(length: rest.readableBytes) == pattern)
                }
            }
        }
    }

    @Test func largeRequestsAndAnswersArriveIntact() async throws {
        let body = String(decoding: Pattern.bytes(4 << 20).map { $0 & 0x3F | 0x40 }, as: UTF8.self)
        try await withScriptedProvider(handler: { request, _ in .json(body: request.bodyText) }) { provider in
            try await TLSServer.run(for: provider) { server in
                try await withEngine(Self.endpoint(server, trusting: server.authority)) { engine in
                    let text = try await engine.text(.whole(body))
                    #expect(text == body)
                }
            }
        }
    }

    @Test func aStreamThatBreaksOffIsCut() async throws {
        let head = Script.head(status: 200, headers: ["Transfer-Encoding": "chunked"])
        try await withScriptedProvider([.bytes(head + Script.chunk("1")), .close]) { provider in
            try await TLSServer.run(for: provider) { server in
                try await withEngine(Self.endpoint(server, trusting: server.authority)) { engine in
                    let reply = try await engine.begin(.stream())
                    #expect(try await reply.chunk() == "1")
                    #expect(await fault { _ = try await reply.chunk() } == .cut)
                }
            }
        }
    }
}
