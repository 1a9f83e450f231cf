@testable import Edge
import NIOCore
import NIOHTTP1
import Testing

/// Which handler a request finds.
@Suite struct RouteTableTests {
    private static func table() -> RouteTable {
        func answer(_ name: String) -> Route.Handler { { _ in Response(json: ByteBuffer(string: name)) } }
        var table = RouteTable()
        table.post("/chat", handler: answer("chat"))
        table.get("/models", "/api/models", handler: answer("models"))
        table.get("/models/**", handler: answer("model"))
        table.post("/models/**", handler: answer("change"))
        table.get("/both", isOpen: true, handler: answer("get"))
        table.post("/both", handler: answer("post"))
        return table
    }

    /// The name of what answers, the methods that are allowed, or nothing.
    private static func found(_ method: HTTPMethod, _ path: String) async throws -> String {
        switch table().match(method, path[...]) {
        case .route(let route):
            let head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
            guard case .whole(let body) = try await route.handler(Request(head)).body else { return "stream" }
            return String(buffer: body)
        case .otherMethod(let allowed): return "only " + allowed.map(\.rawValue).joined(separator: ", ")
        case .nothing: return "nothing"
        }
    }

    @Test(arguments: [
        (HTTPMethod.POST, "/chat", "chat"), (.GET, "/models", "models"), (.GET, "/api/models", "models"), (.HEAD, "/models", "models"),
        (.GET, "/models/", "models"), (.POST, "/chat/", "chat"), (.GET, "/models/a", "model"), (.HEAD, "/models/a/b", "model"),
        (.GET, "/models//", "model"), (.POST, "/models/a", "change"), (.GET, "/both", "get"), (.POST, "/both", "post"),
        (.HEAD, "/both", "get"), (.GET, "/chat", "only POST"), (.HEAD, "/chat", "only POST"), (.OPTIONS, "/models", "only GET"),
        (.PUT, "/both", "only GET, POST"), (.DELETE, "/models/a", "only GET, POST"), (.RAW(value: "get"), "/models", "only GET"),
        (.GET, "/", "nothing"), (.GET, "", "nothing"), (.GET, "*", "nothing"), (.GET, "/Models", "nothing"), (.GET, "/modelsa", "nothing"),
        (.GET, "//models", "nothing"), (.GET, "/models%2Fa", "nothing"), (.POST, "/chat//", "nothing"), (.GET, "/chat/x", "nothing"),
    ])
    func pathsAreFound(method: HTTPMethod, path: String, expected: String) async throws {
        #expect(try await Self.found(method, path) == expected)
    }

    @Test func whoIsLetInWithoutAKeyIsTheRoutesAffair() {
        guard case .route(let open) = Self.table().match(.GET, "/both"), case .route(let closed) = Self.table().match(.POST, "/both") else {
            Issue.record("not found")
            return
        }
        #expect(open.isOpen && !closed.isOpen)
        #expect(open.body == .none && closed.body == .json)
    }

    // MARK: Targets

    @Test(arguments: [
        ("/a/b?x=1&y=2", "/a/b", "1"), ("/a", "/a", nil), ("/a?", "/a", nil), ("/?x=%C3%BC+1", "/", "ü 1"), ("?x=2", "", "2"),
        ("http://host/a?x=1", "/a", "1"), ("HTTP://host:80", "/", nil), ("https://host?x=3", "", "3"), ("http:///a", "/a", nil),
        ("ftp://host/a", "ftp://host/a", nil), ("*", "*", nil), ("host:443", "host:443", nil), ("/http://host/a", "/http://host/a", nil),
        ("/a?x=http://b/?x=2", "/a", "http://b/?x=2"), ("/ü?x=4", "/ü", "4"), ("", "", nil),
    ])
    func targetsHaveAPathAndAQuery(target: String, path: String, x: String?) {
        let request = Request(HTTPRequestHead(version: .http1_1, method: .GET, uri: target))
        #expect(request.path == path)
        #expect(request.query("x") == x)
    }
}
