import Core
@testable import Edge
import Logging
import NIOCore
import NIOHTTP1
import Testing

/// Every state of the assembly with every part.
@Suite struct RequestAssemblyTests {
    private static func assembly(keys: [String] = []) -> RequestAssembly {
        var table = RouteTable()
        table.post("/chat") { _ in Response(json: ByteBuffer()) }
        table.post("/open", isOpen: true) { _ in Response(json: ByteBuffer()) }
        table.get("/models") { _ in Response(json: ByteBuffer()) }
        return RequestAssembly(
            Responder(
                routes: table, keys: ClientKeys(keys), bodyLimit: 100_000, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    }

    private static func head(
        _ method: HTTPMethod = .POST, _ uri: String = "/chat", _ fields: HTTPHeaders = [:], version: HTTPVersion = .http1_1
    ) -> HTTPServerRequestPart {
        var headers = fields
        if !headers.contains(name: "host") { headers.add(name: "Host", value: "x") }
        return .head(HTTPRequestHead(version: version, method: method, uri: uri, headers: headers))
    }

    private static func body(_ size: Int) -> HTTPServerRequestPart { .body(ByteBuffer(repeating: 0x20, count: size)) }

    /// What became of a request, in a word.
    private static func name(_ event: RequestAssembly.Event) -> String {
        switch event {
        case .nothing: return "nothing"
        case .began(let wantsContinue): return wantsContinue ? "began, asks" : "began"
        case .arrived(let arrival):
            let end = arrival.keepsConnection ? "" : ", last"
            switch arrival.work {
            case .answer(let request, _): return "\(request.body.readableBytes) bytes\(end)"
            case .refuse(let response): return "\(response.status.code)\(end)"
            }
        case .surplus(let bytes): return "surplus \(bytes)"
        case .surplusEnded: return "surplus ended"
        }
    }

    private func take(_ assembly: inout RequestAssembly, _ parts: HTTPServerRequestPart...) -> [String] {
        parts.map { Self.name(assembly.take($0)) }
    }

    // MARK: Requests that are taken

    @Test func aRequestIsPutTogetherAndTheNextMayCome() {
        var assembly = Self.assembly()
        for _ in 0..<3 {
            #expect(assembly.isBetween)
            #expect(take(&assembly, Self.head()) == ["began"])
            #expect(!assembly.isBetween && !assembly.isWhole)
            #expect(take(&assembly, Self.body(10), Self.body(0), Self.body(7), .end(["x": "y"])) == ["nothing", "nothing", "nothing", "17 bytes"])
        }
        #expect(take(&assembly, Self.head(), .end(nil)) == ["began", "0 bytes"])
        #expect(assembly.isBetween && assembly.isWhole && !assembly.isOver)
    }

    @Test func theBytesOfABodyStayInTheirOrder() throws {
        var assembly = Self.assembly()
        _ = assembly.take(Self.head())
        for piece in ["{\"a\"", ":", "1}"] { _ = assembly.take(.body(ByteBuffer(string: piece))) }
        guard case .arrived(let arrival) = assembly.take(.end(nil)), case .answer(let request, _) = arrival.work else {
            Issue.record("no request")
            return
        }
        #expect(String(buffer: request.body) == #"{"a":1}"#)
    }

    @Test func aBodyOfTheLimitIsTakenAndOneByteMoreIsNot() {
        var assembly = Self.assembly()
        #expect(take(&assembly, Self.head(), Self.body(60_000), Self.body(40_000), .end(nil)).last == "100000 bytes")
        #expect(
            take(&assembly, Self.head(), Self.body(60_000), Self.body(40_001), Self.body(5), .end(nil))
                == ["began", "nothing", "413, last", "surplus 5", "surplus ended"])
        #expect(assembly.isOver && assembly.isWhole && !assembly.isBetween)
    }

    @Test func whereNoBodyIsReadNoneIsKept() {
        var assembly = Self.assembly()
        #expect(take(&assembly, Self.head(.GET, "/models"), Self.body(60_000), .end(nil)) == ["began", "nothing", "0 bytes"])
        #expect(take(&assembly, Self.head(.GET, "/models", ["Expect": "100-continue"]), .end(nil)) == ["began, asks", "0 bytes"])
        #expect(
            take(&assembly, Self.head(.GET, "/models"), Self.body(60_000), Self.body(10_000), .end(nil))
                == ["began", "nothing", "413, last", "surplus ended"])
    }

    @Test func whoNeedsNoKeySendsLittle() {
        var assembly = Self.assembly(keys: ["key"])
        #expect(take(&assembly, Self.head(.POST, "/open"), Self.body(65536), .end(nil)).last == "65536 bytes")
        #expect(take(&assembly, Self.head(.POST, "/open", ["Content-Length": "65537"])) == ["413, last"])
        assembly = Self.assembly(keys: ["key"])
        #expect(take(&assembly, Self.head(.POST, "/open"), Self.body(65537)).last == "413, last")
    }

    // MARK: Requests that are refused by their head

    @Test func aSmallRefusedBodyIsDroppedAndTheConnectionKept() {
        var assembly = Self.assembly(keys: ["key"])
        for (method, uri, status) in [(HTTPMethod.POST, "/chat", 401), (.GET, "/nowhere", 401), (.PUT, "/chat", 401)] {
            #expect(
                take(&assembly, Self.head(method, uri, ["Content-Length": "65536"]), Self.body(65536), .end(nil))
                    == ["began", "nothing", "\(status)"])
            #expect(assembly.isBetween)
        }
        let key: HTTPHeaders = ["Authorization": "Bearer key"]
        #expect(take(&assembly, Self.head(.GET, "/nowhere", key), .end(nil)) == ["began", "404"])
        #expect(take(&assembly, Self.head(.PUT, "/chat", key), .end(nil)) == ["began", "405"])
        #expect(take(&assembly, Self.head(.POST, "/chat", ["Authorization": "Bearer key", "Content-Type": "text/plain"]), .end(nil)) == ["began", "415"])
    }

    @Test(arguments: [
        ["Content-Length": "65537"], ["Transfer-Encoding": "chunked"], ["Expect": "100-continue", "Content-Length": "1"],
    ] as [HTTPHeaders])
    func aRefusedBodyThatMayBeLargeEndsTheConnection(fields: HTTPHeaders) {
        var assembly = Self.assembly(keys: ["key"])
        #expect(take(&assembly, Self.head(.POST, "/chat", fields)) == ["401, last"])
        #expect(assembly.isOver && !assembly.isWhole)
        #expect(take(&assembly, Self.body(9), .end(nil), Self.head(), Self.body(1)) == ["surplus 9", "surplus ended", "nothing", "surplus 1"])
        #expect(!assembly.isWhole)
    }

    @Test func aDeclaredLengthOverTheLimitIsRefusedUnread() {
        var assembly = Self.assembly()
        #expect(take(&assembly, Self.head(.POST, "/chat", ["Content-Length": "100001"])) == ["413, last"])
    }

    @Test func aDroppedBodyHasALimitWhateverItDeclared() {
        var assembly = Self.assembly(keys: ["key"])
        #expect(take(&assembly, Self.head(), Self.body(65536), Self.body(1), .end(nil)) == ["began", "nothing", "413, last", "surplus ended"])
    }

    // MARK: What a head says of its connection

    @Test(arguments: [
        (["Host": "a", "host": "b"], .http1_1), (["Host": "a", "hOST": "a"], .http1_0),
    ] as [(HTTPHeaders, HTTPVersion)])
    func anUnclearHostIsRefused(fields: HTTPHeaders, version: HTTPVersion) {
        var assembly = Self.assembly()
        #expect(take(&assembly, Self.head(.POST, "/chat", fields, version: version), .end(nil)).last == "400, last")
    }

    @Test func onlyOldClientsNeedNameNoHost() {
        var assembly = Self.assembly()
        let old = HTTPRequestHead(version: .http1_0, method: .GET, uri: "/models", headers: ["Connection": "keep-alive"])
        #expect(take(&assembly, .head(old), .end(nil)) == ["began", "0 bytes"])
        let new = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/models")
        #expect(take(&assembly, .head(new), .end(nil)) == ["began", "400, last"])
    }

    @Test(arguments: [
        (["Connection": "close"], .http1_1), (["Connection": "x, Close"], .http1_1), ([:], .http1_0),
        (["Connection": "keep-alive", "Transfer-Encoding": "chunked"], .http1_0),
        (["Upgrade": "h2c", "Connection": "upgrade"], .http1_1), (["Connection": "keep-alive, close"], .http1_1),
    ] as [(HTTPHeaders, HTTPVersion)])
    func theLastRequestEndsTheAssembly(fields: HTTPHeaders, version: HTTPVersion) {
        var assembly = Self.assembly()
        #expect(take(&assembly, Self.head(.POST, "/chat", fields, version: version), .end(nil)) == ["began", "0 bytes, last"])
        #expect(assembly.isOver && assembly.isWhole)
        #expect(take(&assembly, Self.head(), Self.body(3), .end(nil)) == ["nothing", "surplus 3", "surplus ended"])
    }

    @Test func onlyNewClientsAskWhetherToSend() {
        for (version, value, expected) in [
            (HTTPVersion.http1_1, "100-continue", "began, asks"), (.http1_1, "100-CONTINUE ", "began, asks"), (.http1_1, "200-ok", "began"),
            (.http1_0, "100-continue", "began"),
        ] {
            var assembly = Self.assembly()
            #expect(take(&assembly, Self.head(.POST, "/chat", ["Expect": value], version: version)) == [expected])
        }
    }

    @Test func whitespaceBehindAValueIsNoPartOfIt() {
        var assembly = Self.assembly(keys: ["key"])
        let fields: HTTPHeaders = ["Authorization": "Bearer key \t", "X-Request-ID": "mine ", "Content-Length": "70000 "]
        guard case .began = assembly.take(Self.head(.POST, "/chat", fields)), case .arrived(let arrival) = assembly.take(.end(nil)) else {
            Issue.record("refused")
            return
        }
        #expect(arrival.id == "mine")
        #expect(arrival.keepsConnection)
        #expect(take(&assembly, Self.head(.POST, "/chat", ["Content-Length": "65537 "])) == ["401, last"])
    }

    @Test func whatCannotGoOnSaysWhy() {
        for parts in [[], [Self.head()], [Self.head(), Self.body(5)], [Self.head(.GET, "/nowhere"), Self.body(5)]] {
            var assembly = Self.assembly()
            for part in parts { _ = assembly.take(part) }
            let arrival = assembly.end(with: .malformed)
            #expect(Self.name(.arrived(arrival)) == "400, last")
            #expect(arrival.id.hasPrefix("req_"))
            #expect(take(&assembly, Self.body(2), .end(nil)) == ["surplus 2", "surplus ended"])
        }
    }

    @Test func partsInNoOrderChangeNothing() {
        var assembly = Self.assembly()
        #expect(take(&assembly, Self.body(5), .end(nil)) == ["nothing", "nothing"])
        #expect(take(&assembly, Self.head(), Self.head(.GET, "/models"), Self.body(2), .end(nil)) == ["began", "nothing", "nothing", "2 bytes"])
        #expect(take(&assembly, Self.head(.GET, "/nowhere"), Self.head(), .end(nil)) == ["began", "nothing", "404"])
    }

    @Test func theAnswersFormFollowsTheRequest() {
        var assembly = Self.assembly()
        for (method, version, headOnly, old) in [
            (HTTPMethod.HEAD, HTTPVersion.http1_1, true, false), (.GET, .http1_0, false, true), (.GET, .http1_1, false, false),
        ] {
            _ = assembly.take(Self.head(method, "/models", ["Connection": "keep-alive"], version: version))
            guard case .arrived(let arrival) = assembly.take(.end(nil)) else {
                Issue.record("nothing arrived")
                continue
            }
            #expect((arrival.wantsHeadOnly, arrival.isOld) == (headOnly, old))
        }
    }
}
