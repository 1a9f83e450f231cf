import Core
import Gateway
import TestKit
import Testing

/// Another catalogue comes into force while requests are under way.
@Suite(.timeLimit(.minutes(1))) struct ReloadTests {
    private static let answer = Script.json(body: Chat.answer(text: "hello"))

    /// Requests for as long as `body` runs, by several clients; with how each of them ended.
    private static func underTraffic(
        _ gateway: ServedGateway, _ body: () async throws -> Void
    ) async throws -> [Int] {
        let isOver = Watched(false)
        let statuses = Watched<[Int]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    while !isOver.value {
                        let status = try await gateway.chat(ServedGateway.question()).head.status
                        statuses.update { $0.append(status) }
                    }
                }
            }
            for count in [20, 40] {
                _ = try await statuses.wait("\(count) answers") { $0.count >= count ? true : nil }
                if count == 20 { try await body() }
            }
            isOver.update { $0 = true }
            try await group.waitForAll()
        }
        return statuses.value
    }

    @Test func trafficGoesOnWhileTheProviderIsExchanged() async throws {
        try await withScriptedProvider(Self.answer) { old in
            try await withScriptedProvider(Self.answer) { new in
                try await ServedGateway.run([.init(provider: old)]) { gateway in
                    let statuses = try await Self.underTraffic(gateway) {
                        let change = gateway.reload([.init(provider: new)])
                        #expect(change.added == ["model/there"])
                        #expect(change.removed == ["model/there"])
                    }
                    #expect(statuses.allSatisfy { $0 == 200 })
                    #expect(!new.requests.isEmpty)
                    #expect(old.requests.count + new.requests.count == statuses.count)
                }
            }
        }
    }

    /// A stream that began under the old catalogue ends there, whatever the new one says.
    @Test func aRunningStreamEndsOnItsOldProvider() async throws {
        let goOn = Gate("the rest of the stream")
        let events = Chat.chunks(["one ", "two"])
        let frames = (events + ["[DONE]"]).map { Script.chunk("data: \($0)\n\n") }
        let opening = Script.head(
            status: 200, headers: ["Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"])
        let script = Script(
            [.bytes(opening + frames[0] + frames[1]), .wait(goOn), .bytes(frames[2...].joined() + "0\r\n\r\n"), .keepAlive])
        try await withScriptedProvider(script) { old in
            try await withScriptedProvider(Self.answer) { new in
                try await ServedGateway.run([.init(provider: old)]) { gateway in
                    let client = try await RawClient.connect(port: gateway.port)
                    try await client.send(
                        "POST", "/v1/chat/completions", headers: ["Content-Type": "application/json"],
                        body: ServedGateway.question(stream: true))
                    let head = try await client.readHead()
                    #expect(head.status == 200)
                    gateway.reload([.init(provider: new, name: "other", model: "model")])
                    goOn.open()
                    let body = String(decoding: try await client.readBody(), as: UTF8.self)
                    #expect(body.contains("two") && body.hasSuffix("data: [DONE]\n\n"))
                    try await gateway.expect(200)
                    #expect(old.requests.count == 1 && new.requests.count == 1)
                    await client.close()
                }
            }
        }
    }

    @Test func unchangedProvidersKeepTheirConnectionsAndBreakers() async throws {
        try await withScriptedProvider(Self.answer) { kept in
            try await withScriptedProvider(.status(500)) { broken in
                let backends = [
                    ServedGateway.Backend(provider: kept), .init(provider: broken, name: "broken"),
                ]
                try await ServedGateway.run(backends) { gateway in
                    for _ in 0..<3 {
                        let failed = try await gateway.chat(ServedGateway.question("broken"))
                        #expect(failed.head.status >= 500)
                        try await gateway.expect(200)
                    }
                    let asked = broken.requests.count
                    let change = gateway.reload(backends + [.init(provider: kept, name: "third")])
                    #expect(change.added == ["third/there"])
                    #expect(change.removed == [])
                    // Its breaker is still open, so nobody asks.
                    try await gateway.expect(503, from: "broken")
                    #expect(broken.requests.count == asked)
                    try await gateway.expect(200)
                    #expect(kept.record.connections.count == 1)
                }
            }
        }
    }

    @Test func aProviderThatIsGoneIsNotAskedAndItsModelUnknown() async throws {
        try await withScriptedProvider(Self.answer) { provider in
            try await ServedGateway.run([.init(provider: provider), .init(provider: provider, name: "gone")]) { gateway in
                try await gateway.expect(200, from: "gone")
                gateway.reload([.init(provider: provider)])
                try await gateway.expect(404, from: "gone")
                #expect(gateway.gateway.pools.map(\.access) == ["model"])
            }
        }
    }

    // MARK: Over HTTP

    private static let token = "token-of-the-admin"

    private static func post(_ gateway: ServedGateway, _ headers: HeaderList) async throws -> (status: Int, body: String) {
        try await withRawClient(port: gateway.port) { client in
            try await client.send("POST", "/admin/reload", headers: headers, body: "")
            return (try await client.readHead().status, String(decoding: try await client.readBody(), as: UTF8.self))
        }
    }

    @Test func theTokenIsAskedFor() async throws {
        try await withScriptedProvider(Self.answer) { provider in
            let reloads = Watched(0)
            let backend = ServedGateway.Backend(provider: provider)
            var options = ServedGateway.Options(keys: ["of-a-client"], adminToken: Self.token)
            options.reload = {
                reloads.update { $0 += 1 }
                return [backend, .init(provider: provider, name: "second")]
            }
            try await ServedGateway.run([backend], options) { gateway in
                let refused: [HeaderList] = [[:], ["Authorization": "Bearer of-a-client"], ["Authorization": "Basic \(Self.token)"]]
                for headers in refused {
                    let answer = try await Self.post(gateway, headers)
                    #expect(answer.status == 401)
                }
                #expect(reloads.value == 0)
                let done = try await Self.post(gateway, ["Authorization": "Bearer \(Self.token)"])
                #expect(done.status == 200)
                #expect(done.body.contains(#""deployments_added":["second/there"]"#))
            }
        }
    }

    @Test func withoutATokenItIsOff() async throws {
        try await withScriptedProvider(Self.answer) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { gateway in
                let refused = try await Self.post(gateway, ["Authorization": "Bearer "])
                #expect(refused.status == 403)
                #expect(refused.body.contains("QUINTET_ADMIN_TOKEN"))
            }
        }
    }

    @Test func whatIsWrongIsToldAndTheOldServesOn() async throws {
        try await withScriptedProvider(Self.answer) { provider in
            var options = ServedGateway.Options(adminToken: Self.token)
            options.reload = {
                throw GatewayError(.invalidConfiguration, .gateway, "models.json: models: is missing.")
            }
            try await ServedGateway.run([.init(provider: provider)], options) { gateway in
                let refused = try await Self.post(gateway, ["Authorization": "Bearer \(Self.token)"])
                #expect(refused.status == 422)
                #expect(refused.body.contains("models.json: models: is missing."))
                try await gateway.expect(200)
            }
        }
    }
}
