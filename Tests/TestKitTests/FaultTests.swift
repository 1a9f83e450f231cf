import TestKit
import Testing

/// Every way in which a provider can misbehave, seen from the other end of a real socket.
@Suite(.timeLimit(.minutes(1))) struct FaultTests {
    @Test func aStreamCutByFINIsSeenAsCut() async throws {
        try await withScriptedProvider(.stream(events: ["1", "2", "3"], cutAfter: 2)) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/")
                _ = try await client.readHead()
                #expect(try await client.readBodyUntil("\n\n") == "data: 1\n\n")
                #expect(try await client.readBodyUntil("\n\n") == "data: 2\n\n")
                await expectEnded(.eof) { _ = try await client.readChunk() }
            }
            #expect(try await provider.waitForConnectionClosed(0).cause == .provider)
        }
    }

    @Test func aStreamCutByRSTIsSeenAsReset() async throws {
        let seen = Gate("client has the first event")
        let script = Script([.bytes("HTTP/1.1 200 OK\r\n\r\ndata: 1\n\n"), .wait(seen), .reset])
        try await withScriptedProvider(script) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/")
                #expect(try await client.readUntil("\n\n").hasPrefix("HTTP/1.1 200 OK\r\n"))
                seen.open()
                await expectEnded(.reset) { _ = try await client.readAll() }
                #expect(try await client.readEnding() == .reset)
            }
        }
    }

    @Test func bytesBeforeARSTAreStillRead() async throws {
        try await withScriptedProvider(.stream(events: ["1"], cutAfter: 1, cut: .reset)) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/")
                _ = try await client.readHead()
                #expect(try await client.readBodyUntil("\n\n") == "data: 1\n\n")
                #expect(try await client.readEnding() == .reset)
            }
        }
    }

    @Test func acceptedAndResetBeforeAnyRequest() async throws {
        let connected = Gate("connected")
        try await withScriptedProvider([], onAccept: [.wait(connected), .reset]) { provider in
            try await withRawClient(port: provider.port) { client in
                connected.open()
                let ending = try await client.readEnding()
                #expect(ending == .reset)
                #expect(provider.requests.isEmpty)
            }
        }
    }

    @Test func acceptedAndClosedBeforeAnyRequest() async throws {
        try await withScriptedProvider([], onAccept: [.close]) { provider in
            try await withRawClient(port: provider.port) { try await $0.readEOF() }
        }
    }

    @Test func acceptStepsCanDifferByConnection() async throws {
        try await withScriptedProvider(
            onAccept: { $0 == 0 ? [.close] : [] }, handler: { _, _ in .json(body: "ok") }
        ) { provider in
            try await withRawClient(port: provider.port) { try await $0.readEOF() }
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/")
                #expect(try await client.readHead().status == 200)
            }
            #expect(provider.requests.map(\.connection) == [1])
            provider.setOnAccept { _ in [.close] }
            try await withRawClient(port: provider.port) { try await $0.readEOF() }
        }
    }

    @Test func aHalfClosedAnswerLeavesTheOtherDirectionOpen() async throws {
        let script = Script([.bytes("HTTP/1.0 200 OK\r\n\r\nx"), .closeOutput, .bytes("never sent"), .hang])
        try await withScriptedProvider(script) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/1")
                #expect(try await client.readAll() == Array("HTTP/1.0 200 OK\r\n\r\nx".utf8))
                #expect(provider.record.connections[0].isOpen)
                #expect(provider.record.connections[0].end == nil)
                try await client.send("GET", "/2")
                try await provider.waitForRequests(2)
            }
            #expect(try await provider.waitForConnectionClosed(0).cause == .eof)
            try await provider.waitForOpenConnections(0)
        }
    }

    @Test func aClientThatHalfClosesStillGetsItsAnswer() async throws {
        let gate = Gate("client has closed its half")
        try await withScriptedProvider(Script.json(body: "late").after(.wait(gate))) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/")
                try await client.shutdownWrite()
                #expect(try await provider.waitForConnectionClosed(0).cause == .eof)
                gate.open()
                _ = try await client.readHead()
                #expect(try await client.readBody() == Array("late".utf8))
                try await client.readEOF()
            }
        }
    }

    @Test(arguments: [false, true]) func theProviderSeesItsPeerLeave(abortively: Bool) async throws {
        let reached = Gate("hang")
        try await withScriptedProvider([.signal(reached), .hang]) { provider in
            let client = try await RawClient.connect(port: provider.port)
            try await client.send("GET", "/")
            try await reached.wait()
            let start = ContinuousClock.now
            if abortively { await client.reset() } else { await client.close() }
            let end = try await provider.waitForConnectionClosed(0)
            #expect(end.cause == (abortively ? .reset : .eof))
            #expect(end.at >= start)
            try await provider.waitForOpenConnections(0)
        }
    }

    @Test func aResetAfterOurHalfIsClosedIsNotTakenForFIN() async throws {
        try await withScriptedProvider([.bytes("HTTP/1.0 200 OK\r\n\r\n"), .closeOutput, .hang]) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/")
                _ = try await client.readAll()
                await client.reset()
                #expect(try await provider.waitForConnectionClosed(0).cause == .reset)
            }
        }
        let halfClosed = Gate("client has closed its half")
        try await withScriptedProvider([.wait(halfClosed), .reset]) { provider in
            try await withRawClient(port: provider.port) { client in
                try await client.send("GET", "/")
                try await client.shutdownWrite()
                halfClosed.open()
                #expect(try await client.readEnding() == .reset)
            }
        }
    }

    @Test func aPauseLastsAsLongAsItSays() async throws {
        try await withScriptedProvider(Script.json(body: "").after(.pause(.milliseconds(30)))) { provider in
            try await withRawClient(port: provider.port) { client in
                let start = ContinuousClock.now
                try await client.send("GET", "/")
                _ = try await client.readHead()
                #expect(ContinuousClock.now - start >= .milliseconds(30))
            }
        }
    }

    @Test func aDribbleWithGapsArrivesSliceBySlice() async throws {
        let script: Script = [.dribble("HTTP/1.1 200 OK\r\n\r\nabcdef", sliceSize: 5, gap: .milliseconds(2)), .close]
        try await withScriptedProvider(script) { provider in
            try await withRawClient(port: provider.port) { client in
                let start = ContinuousClock.now
                try await client.send("GET", "/")
                #expect(try await client.readHead().status == 200)
                #expect(try await client.readBody() == Array("abcdef".utf8))
                #expect(ContinuousClock.now - start >= .milliseconds(8))
                #expect(provider.record.connections[0].bytesWritten == 25)
            }
        }
    }

    @Test func stoppingClosesEveryConnection() async throws {
        let provider = try await ScriptedProvider.start([.wait(Gate("never"))])
        let client = try await RawClient.connect(port: provider.port)
        let idle = try await RawClient.connect(port: provider.port)
        try await client.send("GET", "/")
        try await provider.waitForRequests(1)
        try await provider.waitForConnections(2)
        await provider.stop()
        await provider.stop()
        #expect(provider.record.openConnections == 0)
        try await client.readEOF()
        try await idle.readEOF()
        #expect(try await provider.waitForConnectionClosed(0).cause == .provider)
        await client.close()
        await idle.close()
    }

    @Test func theRefusingPortRefuses() async throws {
        for _ in 0..<2 {
            let error = await #expect(throws: (any Error).self) { try await RawClient.connect(port: Ports.refusing) }
            #expect(!(error is TimeLimitExceeded))
        }
    }

    @Test func theSilentPortNeitherAcceptsNorRefuses() async throws {
        let port = try #require(Ports.silent)
        for _ in 0..<2 {
            await #expect(throws: TimeLimitExceeded.self) {
                try await RawClient.connect(port: port, limit: .milliseconds(50))
            }
        }
    }
}

/// Expects that the connection ended that way while something was being read.
func expectEnded(
    _ ending: RawClient.Ending, sourceLocation: SourceLocation = #_sourceLocation, _ read: () async throws -> Void
) async {
    do {
        try await read()
        Issue.record("read to its end", sourceLocation: sourceLocation)
    } catch RawClientError.ended(let actual, _) {
        #expect(actual == ending, sourceLocation: sourceLocation)
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}
