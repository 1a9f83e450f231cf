import Core
import Gateway
import NIOCore
import TestKit
import Testing
import Upstream

/// Whoever leaves takes the call along.
@Suite(.timeLimit(.minutes(1))) struct CancellationTests {
    private static let firstChunk = Script.head(status: 200, headers: ["Transfer-Encoding": "chunked"]) + Script.chunk("1")

    @Test(arguments: [true, false]) func beforeTheHead(isStream: Bool) async throws {
        let asked = Gate("provider has the request")
        try await withEngine(script: [.signal(asked), .hang]) { engine, provider in
            let task = Task { try await engine.begin(isStream ? .stream() : .whole()) }
            try await asked.wait()
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            try await provider.expectLeft(0)
            try await engine.waitForPool(inUse: 0)
        }
    }

    @Test func inTheMiddleOfAStream() async throws {
        try await withEngine(script: [.bytes(Self.firstChunk), .hang]) { engine, provider in
            let reply = try await engine.begin(.stream())
            #expect(try await reply.chunk() == "1")
            let task = Task { try await reply.chunk() }
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            try await provider.expectLeft(0)
            // It stays cancelled, although this task is not.
            await #expect(throws: CancellationError.self) { _ = try await reply.chunk() }
        }
    }

    @Test func inTheMiddleOfAWholeAnswer() async throws {
        let begun = Gate("the answer has begun")
        let script: Script = [.bytes(Script.head(status: 200, headers: ["Content-Length": "9"]) + "{"), .signal(begun), .hang]
        try await withEngine(script: script) { engine, provider in
            let task = Task { try await engine.text(.whole()) }
            try await begun.wait()
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            try await provider.expectLeft(0)
        }
    }

    @Test func whileItWaitsInThePool() async throws {
        let asked = Gate("provider has the request")
        let goOn = Gate("answer now")
        try await withEngine(script: .json(body: "{}").after(.signal(asked), .wait(goOn)), limit: 1) { engine, provider in
            async let first = engine.text(.whole("1"))
            try await asked.wait()
            let waiting = Task { try await engine.text(.whole("2")) }
            try await engine.waitForPool(inUse: 1, waiting: 1)
            waiting.cancel()
            await #expect(throws: CancellationError.self) { _ = try await waiting.value }
            try await engine.waitForPool(inUse: 1, waiting: 0)
            goOn.open()
            #expect(try await first == "{}")
            try await engine.expect(.whole("3"), answers: "{}")
            #expect(provider.requests.map(\.bodyText) == ["1", "3"])
        }
    }

    @Test func whileItConnects() async throws {
        let port = try #require(Ports.silent)
        let endpoint = Endpoint(access: "scripted", baseURL: "http://127.0.0.1:\(port)/v1", key: nil, limit: 10)
        try await withEngine(endpoint) { engine in
            let task = Task { try await engine.begin(.whole()) }
            try await engine.waitForPool(inUse: 1)
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            try await engine.waitForPool(inUse: 0)
        }
    }

    @Test func whileALargeRequestIsBeingSent() async throws {
        try await withEngine(script: .json(body: "{}"), onAccept: [.readNothing]) { engine, provider in
            let task = Task { try await engine.begin(.whole(String(repeating: "x", count: 10 << 20))) }
            try await provider.waitForConnections(1)
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            try await engine.waitForPool(inUse: 0)
            try await eventually("closed socket") { Sockets.connected(to: provider.port) == 0 }
        }
    }

    @Test func aTaskThatIsCancelledAlreadySendsNothing() async throws {
        try await withEngine(script: .json(body: "{}")) { engine, provider in
            let task = Task {
                try? await Gate("never").wait()
                return try await engine.begin(.whole("never"))
            }
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            _ = try await engine.text(.whole("once"))
            #expect(provider.requests.map(\.bodyText) == ["once"])
        }
    }

    @Test func lettingGoOfAReplyEndsItsCall() async throws {
        try await withEngine(script: [.bytes(Self.firstChunk), .hang]) { engine, provider in
            var reply: (any ProviderReply)? = try await engine.begin(.stream())
            #expect(reply?.status == 200)
            #expect(engine.pool?.inUse == 1)
            reply = nil
            try await provider.expectLeft(0)
            try await engine.waitForPool(inUse: 0)
        }
    }

    @Test func oneCancelledCallDoesNotDisturbTheOthers() async throws {
        let goOn = Gate("go on")
        let script: Script = [
            .bytes(Self.firstChunk), .wait(goOn), .bytes(Script.chunk("2") + "0\r\n\r\n"), .keepAlive,
        ]
        try await withEngine(script: script) { engine, provider in
            var replies: [any ProviderReply] = []
            for _ in 0..<10 { replies.append(try await engine.begin(.stream())) }
            for index in [7, 4, 1] { replies.remove(at: index) }
            try await engine.waitForPool(inUse: 7)
            for left in [1, 4, 7] { try await provider.expectLeft(left) }
            goOn.open()
            for reply in replies { #expect(String(buffer: try await reply.rest()) == "12") }
            try await provider.waitForOpenConnections(7)
        }
    }

    /// Calls are dropped at any time of their lives, with a seed that a failure can be repeated with.
    @Test func threeHundredCancellationsLeaveNothingBehind() async throws {
        let scripts: [Script] = [
            [.hang], [.bytes(Self.firstChunk), .hang], .json(body: "{}"), .json(body: "{}").sliced(every: 20),
            .stream(events: ["1", "2"], done: true), [.bytes(Self.firstChunk), .close], [.reset],
        ]
        try await withEngine(limit: 20, handler: { _, index in scripts[index % scripts.count] }) { engine, provider in
            var generator = SplitMix64(seed: 20_260)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<300 {
                    let call: UpstreamCall = Bool.random(using: &generator) ? .stream() : .whole()
                    let patience = Int.random(in: 0..<200, using: &generator)
                    group.addTask {
                        let task = Task { _ = try await engine.text(call, within: .milliseconds(200)) }
                        for _ in 0..<patience { await Task.yield() }
                        if index % 4 != 0 { task.cancel() }
                        _ = await task.result
                    }
                }
                try await group.waitForAll()
            }
            try await engine.waitForPool(inUse: 0)
            // No socket but those that the pool keeps, and they are good.
            do {
                try await eventually("sockets of the pool alone") {
                    Sockets.connected(to: provider.port) == engine.pool?.idle
                }
            } catch {
                Issue.record("\(error): \(Sockets.connected(to: provider.port)) sockets, the pool says \(engine.pools)")
            }
            provider.setScript(.json(body: "fine"))
            try await engine.expect(.whole(), answers: "fine")
            engine.stop()
            try await eventually("no sockets after the stop") { Sockets.connected(to: provider.port) == 0 }
            try await provider.waitForOpenConnections(0)
        }
    }
}
