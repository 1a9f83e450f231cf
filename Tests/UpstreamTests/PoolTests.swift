import Core
import Gateway
import NIOCore
import TestKit
import Testing
import Upstream

/// The limit of calls to one provider, and what is told about it.
@Suite(.timeLimit(.minutes(1))) struct PoolTests {
    @Test func fiveCallsThroughTwoPlaces() async throws {
        let goOn = (0..<5).map { Gate("answer \($0)") }
        try await withEngine(limit: 2, handler: { _, index in .json(body: "\(index)").after(.wait(goOn[index])) }) {
            engine, provider in
            #expect(engine.pool == PoolReport(access: "scripted", inUse: 0, idle: 0, waiting: 0, limit: 2))
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<5 { group.addTask { try await engine.text(.whole()) } }
                try await provider.waitForRequests(2)
                try await engine.waitForPool(inUse: 2, waiting: 3)
                #expect(provider.record.connections.count == 2)
                var answers: [String] = []
                for done in 0..<5 {
                    goOn[done].open()
                    let answer = try await group.next()
                    answers.append(try #require(answer))
                    #expect(answers.last == "\(done)")
                    let left = 4 - done
                    try await engine.waitForPool(inUse: min(2, left), waiting: max(0, left - 2))
                    if left >= 2 { try await provider.waitForRequests(min(5, done + 3)) }
                    #expect(provider.record.requestCount <= done + 3)
                }
                #expect(Set(answers).count == 5)
            }
            #expect(engine.pool == PoolReport(access: "scripted", inUse: 0, idle: 2, waiting: 0, limit: 2))
            #expect(provider.record.connections.count == 2)
        }
    }

    @Test func waitingCallsAreServedInTheirOrder() async throws {
        let goOn = Gate("go on")
        try await withEngine(script: .json(body: "{}").after(.wait(goOn)), limit: 1) { engine, provider in
            try await withThrowingTaskGroup(of: String.self) { group in
                for index in 0..<6 {
                    group.addTask { try await engine.text(.whole("\(index)")) }
                    try await engine.waitForPool(inUse: 1, waiting: index)
                }
                goOn.open()
                while try await group.next() != nil {}
            }
            #expect(provider.requests.map(\.bodyText) == ["0", "1", "2", "3", "4", "5"])
            #expect(provider.record.connections.count == 1)
        }
    }

    @Test func whoeverReadsTheEndFindsThePlaceFree() async throws {
        try await withEngine(script: .json(body: "{}"), limit: 1) { engine, _ in
            for index in 0..<100 {
                _ = try await engine.text(index % 2 == 0 ? .whole() : .stream())
                #expect(engine.pool?.inUse == 0)
            }
        }
    }

    @Test func aPlaceThatDoesNotComeFreeInTime() async throws {
        try await withEngine(script: [.hang], limit: 1) { engine, provider in
            let first = Task { try await engine.begin(.whole()) }
            try await provider.waitForRequests(1)
            #expect(await fault { _ = try await engine.begin(.whole(acquire: .milliseconds(100))) } == .poolExhausted)
            #expect(engine.pool?.waiting == 0)
            #expect(engine.pool?.inUse == 1)
            #expect(provider.requests.count == 1)
            first.cancel()
            _ = await first.result
        }
    }

    @Test func aFailedCallFreesItsPlace() async throws {
        try await withEngine(handler: { request, _ in request.bodyText == "fail" ? [.reset] : .json(body: "{}") }) {
            engine, _ in
            for _ in 0..<3 {
                #expect(await fault { _ = try await engine.begin(.whole("fail")) } == .reset)
                #expect(engine.pool?.inUse == 0)
            }
            try await engine.expect(.whole(), answers: "{}")
        }
    }

    @Test func aFullProviderDoesNotHoldUpAnother() async throws {
        try await withScriptedProvider([.hang]) { full in
            try await withScriptedProvider(.json(body: "{}")) { free in
                try await withEngine(Endpoint(full, limit: 1), Endpoint(free, name: "free")) { engine in
                    let stuck = (0..<2).map { _ in Task { try await engine.begin(.whole()) } }
                    try await engine.waitForPool(inUse: 1, waiting: 1)
                    try await engine.expect(.whole(to: "free"), answers: "{}")
                    for task in stuck { task.cancel() }
                    for task in stuck { _ = await task.result }
                }
            }
        }
    }

    @Test func aStreamHoldsItsPlaceUntilItsEnd() async throws {
        let goOn = Gate("go on")
        let head = Script.head(status: 200, headers: ["Content-Length": "2"])
        try await withEngine(script: [.bytes(head + "1"), .wait(goOn), .bytes("2"), .keepAlive], limit: 3) { engine, _ in
            var replies: [any ProviderReply] = []
            for count in 1...3 {
                replies.append(try await engine.begin(.stream()))
                #expect(engine.pool?.inUse == count)
            }
            goOn.open()
            for reply in replies { _ = try await reply.rest() }
            #expect(engine.pool == PoolReport(access: "scripted", inUse: 0, idle: 3, waiting: 0, limit: 3))
        }
    }

    @Test func theStopFailsCallsThatRunAndThatWait() async throws {
        let asked = Gate("provider has the request")
        try await withEngine(script: [.signal(asked), .hang], limit: 1) { engine, provider in
            let tasks = [Task { try await engine.begin(.whole()) }, Task { try await engine.begin(.stream()) }]
            try await asked.wait()
            try await engine.waitForPool(inUse: 1, waiting: 1)
            engine.stop()
            for task in tasks { #expect(await fault { _ = try await task.value } == .reset) }
            try await provider.waitForOpenConnections(0)
        }
    }

    @Test func theStopFailsAStreamUnderWay() async throws {
        let head = Script.head(status: 200, headers: ["Content-Length": "2"])
        try await withEngine(script: [.bytes(head + "1"), .hang]) { engine, _ in
            let reply = try await engine.begin(.stream())
            engine.stop()
            #expect(try await reply.chunk() == "1")
            #expect(await fault { _ = try await reply.chunk() } == .reset)
        }
    }

    @Test func callsBehindTheStopFail() async throws {
        try await withEngine(script: .json(body: "{}")) { engine, provider in
            try await engine.expect(.whole(), answers: "{}")
            engine.stop()
            try await provider.waitForOpenConnections(0)
            let failure = await #expect(throws: (any Error).self) {
                try await withHardLimit("end of a late call", limit: .seconds(2)) { _ = try await engine.begin(.whole()) }
            }
            #expect(failure is UpstreamFailure)
        }
    }
}
