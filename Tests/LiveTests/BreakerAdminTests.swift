import Core
import Foundation
import TestKit
import Testing

/// `/ai/circuit-breaker` as admins use it, over sockets.
@Suite(.timeLimit(.minutes(1))) struct BreakerAdminTests {
    private static let path = "/ai/circuit-breaker"
    private static let token = "of-the-admin"

    /// A gateway in front of a provider that answers 500, and a directory for its audit log.
    private static func withGateway(
        keys: [String] = [], adminToken: String? = token, now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        _ body: @escaping @Sendable (ServedGateway, String) async throws -> Void
    ) async throws {
        let directory = NSTemporaryDirectory() + "quintet-live-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await withScriptedProvider(.status(500)) { provider in
            try await ServedGateway.run(
                [.init(provider: provider)],
                .init(keys: keys, adminToken: adminToken, stateDirectory: directory, now: now)
            ) { gateway in try await body(gateway, directory) }
        }
    }

    // MARK: Looking

    @Test func theFormFollowsAccept() async throws {
        try await Self.withGateway { gateway, _ in
            let json = try await gateway.request("GET", Self.path)
            #expect(json.head.headers["content-type"] == "application/json")
            #expect(json.body.contains(#""deployment":"model/there""#))
            let page = try await gateway.request("GET", Self.path, headers: ["Accept": "text/html,*/*;q=0.8"])
            #expect(page.head.headers["content-type"] == "text/html; charset=utf-8")
            #expect(page.head.headers["content-security-policy"]?.contains("default-src 'none'") == true)
            #expect(page.head.headers["cache-control"] == "no-store")
            #expect(page.body.contains("<h3>model/there</h3>"))
            let alias = try await gateway.request("GET", "/api/ai/circuit-breaker?state=open")
            #expect(alias.body.contains(#""breakers":[]"#))
        }
    }

    @Test func aBrowserIsAskedForAPassword() async throws {
        try await Self.withGateway(keys: ["of-the-client"]) { gateway, _ in
            let refused = try await gateway.request("GET", Self.path, headers: ["Accept": "text/html"])
            #expect(refused.head.status == 401)
            #expect(refused.head.headers["www-authenticate"]?.hasPrefix("Basic ") == true)
            for (pair, status) in [("admin:of-the-admin", 200), ("x:of-the-client", 200), ("x:wrong", 401)] {
                let basic = "Basic " + Data(pair.utf8).base64EncodedString()
                #expect(try await gateway.request("GET", Self.path, headers: ["Authorization": basic]).head.status == status)
            }
            // What is near it is not open by that.
            #expect(try await gateway.request("GET", "/ai/circuit-breakers").head.status == 401)
            #expect(try await gateway.request("GET", "/v1/models").head.status == 401)
        }
    }

    @Test func theFeedShowsATransitionWhileItHappens() async throws {
        try await Self.withGateway { gateway, _ in
            let feed = try await gateway.feed(Self.path)
            let first = try await feed.readBodyUntil("\n\n")
            #expect(first.hasPrefix("event: snapshot\ndata: {\"timestamp\":"))
            #expect(first.contains(#""state":"closed""#))
            try await gateway.open()
            let change = try await feed.event("transition")
            #expect(change.contains(#""deployment":"model/there","from":"closed","to":"open""#))
            #expect(change.contains(#""state":"open""#))
            // Then they come by themselves.
            #expect(try await feed.event("snapshot").contains(#""open":1"#))
            await feed.close()
        }
    }

    @Test func theFeedOfThePageBringsItsMarkup() async throws {
        try await Self.withGateway { gateway, _ in
            let feed = try await gateway.feed(Self.path + "?feed=page&state=open")
            #expect(try await feed.event("page").contains("Of 1 deployment none matches the filter."))
            try await gateway.open()
            #expect(try await feed.event("transition").contains(#""to":"open""#))
            let fresh = try await feed.event("page")
            #expect(fresh.hasPrefix("event: page\ndata: <main id=\"live\""))
            #expect(fresh.contains("5 provider faults in a row"))
            await feed.close()
        }
    }

    @Test func theFeedKeepsToItsFilter() async throws {
        try await Self.withGateway { gateway, _ in
            let feed = try await gateway.feed(Self.path + "?q=elsewhere")
            #expect(try await feed.event("snapshot").contains(#""breakers":[]"#))
            try await gateway.open()
            // Nothing but refreshes comes, and one of them knows.
            var next = ""
            repeat {
                next = try await feed.readBodyUntil("\n\n")
                #expect(next.hasPrefix("event: snapshot\n"))
            } while !next.contains(#""open":1"#) && next.hasPrefix("event: snapshot\n")
            await feed.close()
        }
    }

    @Test func theFeedEndsWithTheGateway() async throws {
        let kept = Watched<RawClient?>(nil)
        try await Self.withGateway { gateway, _ in
            let feed = try await gateway.feed(Self.path)
            _ = try await feed.event("snapshot")
            kept.update { $0 = feed }
        }
        // The gateway has stopped, and waited for nobody: the answer ended as a whole one does.
        let feed = try #require(kept.value)
        while try await feed.readChunk() != nil {}
        await feed.close()
    }

    @Test func feedsAreBounded() async throws {
        try await Self.withGateway { gateway, _ in
            var feeds: [RawClient] = []
            for _ in 0..<32 { feeds.append(try await gateway.feed(Self.path)) }
            let refused = try await gateway.request("GET", Self.path, headers: ["Accept": "text/event-stream"])
            #expect(refused.head.status == 503)
            #expect(refused.head.headers["retry-after"] == "5")
            #expect(refused.body.contains("too_many_feeds"))
            for feed in feeds { await feed.close() }
            // Those who left made room.
            try await withHardLimit("room for a feed") {
                while try await !gateway.hasRoomForAFeed(Self.path) { try await Task.sleep(for: .milliseconds(5)) }
            }
        }
    }

    @Test func theTimeToTheFirstTokenIsMeasuredOnStreams() async throws {
        let begin = Gate("the first token may come")
        let stream = Script.stream(events: Chat.chunks(["hel", "lo"])).after(.wait(begin))
        try await withScriptedProvider(.json(body: Chat.answer(text: "hello"))) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { gateway in
                _ = try await gateway.chat(ServedGateway.question())
                #expect(try await gateway.request("GET", Self.path).body.contains(#""first_token":null"#))
                provider.setScript(stream)
                async let answer = gateway.chat(ServedGateway.question(stream: true))
                try await provider.waitForRequests(2)
                begin.open()
                #expect(try await answer.body.hasSuffix("data: [DONE]\n\n"))
                let body = try await gateway.request("GET", Self.path).body
                let board = try #require(JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
                let breaker = try #require((board["breakers"] as? [[String: Any]])?.first)
                let first = try #require(breaker["first_token"] as? [String: Any])
                #expect(first["streams"] as? Int == 1)
                #expect(try #require(first["p50_seconds"] as? Double) > 0)
                #expect(breaker["total_calls"] as? Int == 2)
            }
        }
    }

    // MARK: Acting

    @Test func adminsActAndItIsWrittenDown() async throws {
        try await Self.withGateway(keys: ["of-the-client"]) { gateway, directory in
            let key: HeaderList = ["Authorization": "Bearer of-the-client"]
            let opened = try await gateway.act("open", reason: "maintenance \"tonight\"")
            #expect(opened.head.status == 200)
            #expect(opened.body.contains(#""from":"closed","to":"open","why":"forced open: maintenance \"tonight\"""#))
            #expect(try await gateway.chat(ServedGateway.question(), headers: key).head.status == 503)
            #expect(try await gateway.act("close", reason: "done").body.contains(#""to":"closed""#))
            #expect(try await gateway.chat(ServedGateway.question(), headers: key).head.status == 502)
            #expect(try await gateway.act("reset", deployment: "model/there", reason: "clean").body.contains(#""total_calls":0"#))
            let lines = try String(contentsOfFile: directory + "/audit.jsonl", encoding: .utf8).split(separator: "\n")
            let entries = try lines.map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: String]) }
            #expect(entries.map { $0["action"] } == ["open", "close", "reset"])
            #expect(entries.map { $0["reason"] } == ["maintenance \"tonight\"", "done", "clean"])
            #expect(entries.allSatisfy { $0["deployment"] == "model/there" && $0["token"]?.count == 8 })
            #expect(!lines.joined().contains(Self.token))
        }
    }

    @Test func onlyTheTokenActs() async throws {
        let basic = "Basic " + Data("admin:\(Self.token)".utf8).base64EncodedString()
        try await Self.withGateway(keys: ["of-the-client"]) { gateway, directory in
            for shown in [nil, "Bearer wrong", "Bearer of-the-client", basic] {
                let answer = try await gateway.act("open", reason: "r", authorization: shown)
                #expect(answer.head.status == 401, "\(shown ?? "nothing")")
                // A browser must not ask for a password that would not help.
                #expect(answer.head.headers["www-authenticate"]?.hasPrefix("Bearer ") == true)
            }
            #expect(!FileManager.default.fileExists(atPath: directory))
            let state = try await gateway.request("GET", Self.path, headers: ["Authorization": basic])
            #expect(state.body.contains(#""state":"closed""#))
        }
        try await Self.withGateway(adminToken: nil) { gateway, _ in
            let answer = try await gateway.act("open", reason: "r")
            #expect(answer.head.status == 403)
            #expect(answer.body.contains("QUINTET_ADMIN_TOKEN"))
        }
    }

    @Test func mistakesAreNamed() async throws {
        try await Self.withGateway { gateway, directory in
            #expect(try await gateway.act("open", body: "{}").head.status == 400)
            #expect(try await gateway.act("open", body: "").head.status == 400)
            let unknown = try await gateway.act("open", deployment: "model%2Fnowhere", reason: "r")
            #expect(unknown.head.status == 404)
            #expect(unknown.body.contains("There is no deployment 'model/nowhere'. There are: model/there."))
            #expect(try await gateway.act("explode", reason: "r").body.contains("open, close, reset"))
            let get = try await gateway.request("GET", Self.path + "/model/there/open")
            #expect(get.head.status == 405)
            #expect(get.head.headers["allow"] == "POST")
            #expect(try await gateway.request("POST", Self.path, body: "{}").head.status == 405)
            #expect(!FileManager.default.fileExists(atPath: directory))
        }
    }

    @Test func whatCannotBeWrittenDownIsNotDone() async throws {
        try await withScriptedProvider(.status(500)) { provider in
            try await ServedGateway.run(
                [.init(provider: provider)], .init(adminToken: Self.token, stateDirectory: "/dev/null/state")
            ) { gateway in
                let answer = try await gateway.act("open", reason: "r")
                #expect(answer.head.status == 500)
                #expect(answer.body.contains("audit_failed"))
                #expect(try await gateway.request("GET", Self.path).body.contains(#""state":"closed""#))
            }
        }
    }
}

extension ServedGateway {
    /// Fails until the breaker opens: two attempts each.
    fileprivate func open() async throws {
        for _ in 0..<3 { _ = try await chat(Self.question()) }
    }

    /// An event stream, its head read.
    fileprivate func feed(_ path: String) async throws -> RawClient {
        let client = try await RawClient.connect(port: port)
        try await client.send("GET", path, headers: ["Accept": "text/event-stream"])
        let head = try await client.readHead()
        #expect(head.status == 200)
        #expect(head.headers["content-type"] == "text/event-stream")
        return client
    }

    fileprivate func hasRoomForAFeed(_ path: String) async throws -> Bool {
        try await withRawClient(port: port) { client in
            try await client.send("GET", path, headers: ["Accept": "text/event-stream"])
            return try await client.readHead().status == 200
        }
    }

    fileprivate func act(
        _ act: String, deployment: String = "model%2Fthere", reason: String? = nil, body: String? = nil,
        authorization: String? = "Bearer of-the-admin"
    ) async throws -> (head: ResponseHead, body: String) {
        var headers: HeaderList = ["Content-Type": "application/json"]
        if let authorization { headers.append("Authorization", authorization) }
        let text = try body ?? String(decoding: JSONEncoder().encode(["reason": reason ?? ""]), as: UTF8.self)
        return try await request("POST", "/ai/circuit-breaker/\(deployment)/\(act)", headers: headers, body: text)
    }
}

extension RawClient {
    /// The next event of that name; others are passed over.
    fileprivate func event(_ name: String) async throws -> String {
        while true {
            let event = try await readBodyUntil("\n\n")
            if event.hasPrefix("event: \(name)\n") { return event }
        }
    }
}
