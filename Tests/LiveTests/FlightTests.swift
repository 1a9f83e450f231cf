import Core
import Foundation
import Gateway
import NIOCore
import TestKit
import Testing
import Wire

/// Identical requests at once: one call, whoever comes, joins, leaves or reads slowly.
@Suite(.timeLimit(.minutes(1))) struct FlightTests {
    private static func asked(_ model: String = "model", stream: Bool, id: String = "r") throws -> Ask {
        let chat = try ChatRequest(ByteBuffer(string: ServedGateway.question(model, stream: stream)))
        return Ask(requestID: id, request: chat, target: .init(modelField: model))
    }

    @Test(arguments: [false, true])
    func aThousandAtOnceMakeOneCall(stream: Bool) async throws {
        let (asked, answer) = (Gate("the provider is asked"), Gate("it may answer"))
        let ending: Script = stream ? .stream(events: Chat.chunks(["one ", "for all"])) : .json(body: Chat.answer(text: "one for all"))
        let script = Script([.signal(asked), .wait(answer)] + ending.steps)
        try await CachingTests.withGateway(script) { gateway, provider in
            let texts = try await withThrowingTaskGroup(of: String.self) { group in
                // The script knows one form of the answer, so one that asks for that form leads.
                group.addTask { try await gateway.gateway.answer(Self.asked(stream: stream)).text }
                try await asked.wait()
                for index in 1..<1000 {
                    // Some over sockets, and in both forms; all others straight at the gateway.
                    let isStream = index.isMultiple(of: 3) ? !stream : stream
                    group.addTask {
                        if index < 20 {
                            let answer = try await gateway.chat(ServedGateway.question(stream: isStream))
                            return isStream ? CachingTests.text(answer.body) : ProviderAnswer.whole(ByteBuffer(string: answer.body))?.text ?? ""
                        }
                        return try await gateway.gateway.answer(Self.asked(stream: isStream)).text
                    }
                }
                try await Self.wait { gateway.gateway.keeping?.report.joins == 999 }
                answer.open()
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(texts == ["one for all": 1000])
            #expect(provider.requests.count == 1)
            try await Self.wait { gateway.gateway.keeping?.report.running == 0 }
        }
    }

    /// Until something holds that nobody signals.
    ///
    /// - Parameter found: what to say where it does not.
    static func wait(_ condition: @Sendable () -> Bool, found: () -> String = { "" }) async throws {
        for _ in 0..<10_000 where !condition() { try await Task.sleep(for: .milliseconds(1)) }
        #expect(condition(), "\(found())")
    }

    @Test func whoJoinsInTheMiddleGetsEveryChunk() async throws {
        let (half, rest) = (Gate("half is out"), Gate("the rest"))
        let script = Self.halves(half, rest)
        try await CachingTests.withGateway(script) { gateway, provider in
            let first = try await RawClient.connect(port: gateway.port)
            try await first.send("POST", "/v1/chat/completions", headers: ["Content-Type": "application/json"], body: ServedGateway.question(stream: true))
            #expect(try await first.readHead().headers["x-quintet-cache"] == "miss")
            _ = try await first.readBodyUntil("first")
            let second = try await RawClient.connect(port: gateway.port)
            try await second.send("POST", "/v1/chat/completions", headers: ["Content-Type": "application/json"], body: ServedGateway.question(stream: true))
            let head = try await second.readHead()
            #expect(head.headers["x-quintet-cache"] == "joined")
            #expect(head.headers["cache-status"] == "quintet; fwd=miss; collapsed")
            _ = try await second.readBodyUntil("first")
            rest.open()
            let body = String(decoding: try await second.readBody(), as: UTF8.self)
            #expect(CachingTests.text(body).hasSuffix("second"))
            #expect(CachingTests.data(body).last == "[DONE]")
            _ = try await first.readBody()
            await first.close()
            await second.close()
            #expect(provider.requests.count == 1)
            #expect(try await CachingTests.text(gateway.chat(ServedGateway.question(stream: true)).body) == "first second")
        }
    }

    /// What is forgotten while it is made is given to nobody who asks later, and not kept.
    @Test(arguments: [false, true])
    func whatIsForgottenInTheAirIsMadeAnew(stream: Bool) async throws {
        let (asked, rest) = (Gate("the provider is asked"), Gate("the old answer"))
        let old = Script([.signal(asked), .wait(rest)] + Script.json(body: Chat.answer(text: "old")).steps)
        let slow = stream ? Self.halves(asked, rest) : old
        let question = ServedGateway.question(stream: stream, more: #","cache":{"tags":["faq"]}"#)
        try await withScriptedProvider(handler: { _, index in index == 0 ? slow : .json(body: Chat.answer(text: "new")) }) { provider in
            try await ServedGateway.run([.init(provider: provider)], .init(cache: .init())) { gateway in
                async let first = gateway.chat(question)
                try await asked.wait()
                let other = try await gateway.post("/api/cache/invalidate", #"{"tag":"news"}"#)
                #expect(other.head.status == 200)
                async let joining = gateway.chat(question)
                try await Self.wait { gateway.gateway.keeping?.report.joins == 1 }
                let forgotten = try await gateway.post("/api/cache/invalidate", #"{"tag":"faq"}"#)
                #expect(forgotten.head.status == 200)

                let plain = ServedGateway.question(more: #","cache":{"tags":["faq"]}"#)
                let second = try await gateway.chat(plain)
                #expect(second.head.headers["x-quintet-cache"] == "miss" && second.body.contains("new"))
                rest.open()
                for answer in [try await first, try await joining] { #expect(answer.body.contains(stream ? "second" : "old")) }
                try await Self.wait { gateway.gateway.keeping?.report.refusedStores == ["outdated": 1] }
                let third = try await gateway.chat(plain)
                #expect(third.head.headers["x-quintet-cache"] == "hit" && third.body.contains("new"))
                #expect(provider.requests.count == 2)
            }
        }
    }

    static func halves(_ half: Gate, _ rest: Gate) -> Script {
        let events = Chat.chunks(["first ", "second"])
        let frames = events.map { Step.bytes(Script.chunk("data: \($0)\n\n")) }
        return Script(
            [.bytes(Script.head(status: 200, headers: ["Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"]))]
                + frames.prefix(2) + [.signal(half), .wait(rest)] + frames.dropFirst(2)
                + [.bytes(Script.chunk("data: [DONE]\n\n")), .bytes("0\r\n\r\n"), .keepAlive])
    }

    @Test(arguments: [false, true])
    func aLeaderWhoLeavesHandsOver(stream: Bool) async throws {
        let (half, rest) = (Gate("half is out"), Gate("the rest"))
        let script = stream ? Self.halves(half, rest) : Script([.signal(half), .wait(rest)] + Script.json(body: Chat.answer(text: "first second")).steps)
        try await CachingTests.withGateway(script) { gateway, provider in
            let first = try await RawClient.connect(port: gateway.port)
            try await first.send("POST", "/v1/chat/completions", headers: ["Content-Type": "application/json"], body: ServedGateway.question(stream: stream))
            try await half.wait()
            async let second = gateway.chat(ServedGateway.question(stream: stream))
            try await Self.wait { gateway.gateway.keeping?.report.joins == 1 }
            await first.close()
            // Another request behind it proves that the gateway has seen it leave.
            _ = try await gateway.request("GET", "/health")
            rest.open()
            let answer = try await second
            #expect(answer.head.status == 200)
            #expect(stream ? CachingTests.text(answer.body) == "first second" : answer.body.contains("first second"))
            #expect(provider.requests.count == 1)
        }
    }

    @Test(arguments: [false, true])
    func theLastOneOutEndsTheCall(stream: Bool) async throws {
        let half = Gate("half is out")
        let script = stream ? Self.halves(half, Gate("never")) : Script([.signal(half), .hang])
        try await CachingTests.withGateway(script) { gateway, provider in
            var clients: [RawClient] = []
            for index in 0..<3 {
                let client = try await RawClient.connect(port: gateway.port)
                try await client.send("POST", "/v1/chat/completions", headers: ["Content-Type": "application/json"], body: ServedGateway.question(stream: stream))
                if index == 0 { try await half.wait() }
                clients.append(client)
            }
            try await Self.wait { gateway.gateway.keeping?.report.joins == 2 }
            for client in clients { await client.close() }
            #expect(try await provider.waitForConnectionClosed(0).cause != .provider)
            try await Self.wait { gateway.gateway.keeping?.report.running == 0 }
            #expect(gateway.gateway.keeping?.report.refusedStores == ["left": 1], "nothing failed")
        }
    }

    @Test func aFailureIsEverybodysOnlyBehindTheLastAttempt() async throws {
        let asked = Gate("the provider is asked")
        try await withScriptedProvider(Script([.wait(asked)] + Script.status(503).steps)) { broken in
            try await withScriptedProvider(.json(body: Chat.answer(text: "hello"))) { sound in
                let backends: [ServedGateway.Backend] = [.init(provider: broken, fallbacks: ["other"]), .init(provider: sound, name: "other")]
                try await ServedGateway.run(backends, .init(cache: .init())) { gateway in
                    let answers = try await withThrowingTaskGroup(of: CachingTests.Answer.self) { group in
                        for _ in 0..<10 { group.addTask { try await gateway.chat(ServedGateway.question()) } }
                        try await Self.wait { gateway.gateway.keeping?.report.joins == 9 }
                        asked.open()
                        return try await group.reduce(into: []) { $0.append($1) }
                    }
                    #expect(answers.allSatisfy { $0.head.status == 200 && $0.body.contains("hello") })
                    #expect(sound.requests.count == 1)
                }
            }
        }
    }

    @Test func aSharedFailureNamesWhatWasTried() async throws {
        let asked = Gate("the provider may fail")
        try await CachingTests.withGateway(Script([.wait(asked)] + Script.status(500).steps)) { gateway, provider in
            let answers = try await withThrowingTaskGroup(of: CachingTests.Answer.self) { group in
                for _ in 0..<5 { group.addTask { try await gateway.chat(ServedGateway.question()) } }
                try await Self.wait { gateway.gateway.keeping?.report.joins == 4 }
                asked.open()
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.head.status == 502 && $0.body.contains("attempts") })
            #expect(provider.requests.count == 2, "one retry, for all of them")
        }
    }

    @Test func anImpatientLeaderDoesNotSpoilIt() async throws {
        let asked = Gate("the provider is asked")
        let script = Script([.signal(asked), .pause(.milliseconds(1500))] + Script.json(body: Chat.answer(text: "hello")).steps)
        try await CachingTests.withGateway(script) { gateway, _ in
            async let hasty = gateway.chat(ServedGateway.question(more: #","quintet":{"deadline_seconds":1}"#))
            try await asked.wait()
            let patient = try await gateway.chat(ServedGateway.question())
            #expect(patient.head.status == 200)
            #expect(try await hasty.head.status == 504)
        }
    }
}

extension Answer {
    /// All of it, however it comes.
    fileprivate var text: String {
        get async throws {
            switch self {
            case .whole(_, let answer): return answer.text
            case .stream(_, var stream):
                var text = ""
                while let part = try await stream.next(beat: {}) {
                    guard case .events(let events) = part else { continue }
                    text += events.compactMap { ProviderAnswer.deltaText($0.data) }.joined()
                }
                return text
            }
        }
    }
}
