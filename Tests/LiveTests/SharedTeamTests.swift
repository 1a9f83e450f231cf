import Foundation
import Gateway
import TestKit
import Testing

/// Identical teams under way are one team for their providers.
@Suite(.timeLimit(.minutes(1))) struct SharedTeamTests {
    private static let receipt: HeaderList = ["x-quintet-receipt": "1"]

    /// Members say a word, and the rest when they are let.
    private static func halves(_ goOn: Gate) -> TeamRig.Scripts {
        { voice, request in
            guard case .member(let name) = voice else { return TeamRig.say("All of them", to: request) }
            guard request.bodyText.contains(#""stream":true"#) else { return TeamRig.say("I am \(name)", to: request).after(.wait(goOn)) }
            var script = Script.stream(events: Chat.chunks(["I am ", name], usage: .init(prompt: 10, completion: 5)))
            script.steps.insert(.wait(goOn), at: 3)
            return script
        }
    }

    /// What the voices are told to have cost.
    private static func costs(_ body: String, isStream: Bool) throws -> [Double] {
        let parts = isStream ? try TeamRig.chunks(body) : (try TeamRig.object(body)["choices"] as? [[String: Any]] ?? [])
        let notes = parts.compactMap { $0["quintet"] as? [String: Any] }.filter { $0["agent"] != nil }
        return notes.compactMap { $0["cost_usd"] as? Double }
    }

    /// Until so many requests have joined.
    private static func wait(for joins: Int, _ gateway: ServedGateway) async throws {
        try await FlightTests.wait({ gateway.gateway.keeping?.report.joins == joins }, found: { "\(gateway.gateway.keeping?.report.joins ?? -1)" })
    }

    @Test(arguments: [(false, false), (false, true), (true, false), (true, true)])
    func whoAsksTheSameGetsTheSameAnswerInTheOrderOfTheirOwn(first: Bool, second: Bool) async throws {
        let goOn = Gate("the second has joined")
        try await TeamRig.run(cache: true, Self.halves(goOn)) { gateway, provider in
            async let leading = gateway.chat(TeamRig.question("synthesis", stream: first), headers: Self.receipt)
            _ = try await provider.waitForRequests(3)
            async let joining = gateway.chat(TeamRig.question("synthesis", ["c", "a", "b"], stream: second), headers: Self.receipt)
            try await Self.wait(for: 1, gateway)
            goOn.open()
            let (leader, joined) = try await (leading, joining)
            #expect(leader.head.headers["x-quintet-cache"] == "miss")
            #expect(joined.head.headers["x-quintet-cache"] == "joined")
            let teams = try [(leader.body, first), (joined.body, second)].map { $1 ? try ToldTeam(stream: $0) : try ToldTeam(whole: $0) }
            #expect(teams[0].names == [0: "a", 1: "b", 2: "c", 3: "synthesis"])
            #expect(teams[1].names == [0: "c", 1: "a", 2: "b", 3: "synthesis"])
            for team in teams {
                #expect(team.texts == ["a": "I am a", "b": "I am b", "c": "I am c", "synthesis": "All of them"])
                #expect(team.finishes == ["a": "stop", "b": "stop", "c": "stop", "synthesis": "stop"])
                #expect(team.answer == "synthesis")
                #expect(team.isSumExact)
            }
            // One of them pays.
            #expect(teams[0].receipt["total"] as? Int != 0)
            #expect(teams[1].receipt["total"] as? Int == 0)
            #expect(try Self.costs(leader.body, isStream: first).count == 4)
            #expect(try Self.costs(joined.body, isStream: second).isEmpty)
            #expect(teams[1].lines.map { $0["kind"] as? String } == ["shared_call"])
            #expect(provider.requests.count == 4)
        }
    }

    @Test func whoJoinsLateHearsAllThatWasSaid() async throws {
        let goOn = Gate("the second has heard the first words")
        try await TeamRig.run(cache: true, Self.halves(goOn)) { gateway, provider in
            try await withRawClient(port: gateway.port) { leader in
                try await leader.send(HTTPTests.post(TeamRig.question("list", stream: true)))
                #expect(try await leader.readHead().status == 200)
                var text = ""
                while text.components(separatedBy: "I am ").count < 4 { text += try await leader.readBodyUntil("\n\n") }
                try await withRawClient(port: gateway.port) { follower in
                    try await follower.send(HTTPTests.post(TeamRig.question("list", stream: true)))
                    #expect(try await follower.readHead().headers["x-quintet-cache"] == "joined")
                    var heard = ""
                    while heard.components(separatedBy: "I am ").count < 4 { heard += try await follower.readBodyUntil("\n\n") }
                    goOn.open()
                    heard += String(decoding: try await follower.readBody(), as: UTF8.self)
                    #expect(try ToldTeam(stream: heard).texts == ["a": "I am a", "b": "I am b", "c": "I am c"])
                    #expect(heard.hasSuffix("data: [DONE]\n\n"))
                }
                text += String(decoding: try await leader.readBody(), as: UTF8.self)
                #expect(try ToldTeam(stream: text).texts.count == 3)
            }
            #expect(provider.requests.count == 3)
        }
    }

    @Test func theCallsGoOnForWhoeverStays() async throws {
        let goOn = Gate("the leader has left")
        try await TeamRig.run(cache: true, Self.halves(goOn)) { gateway, provider in
            let leader = try await RawClient.connect(port: gateway.port)
            try await leader.send(HTTPTests.post(TeamRig.question("list", stream: true)))
            _ = try await leader.readHead()
            async let joining = gateway.chat(TeamRig.question("list", stream: true))
            try await Self.wait(for: 1, gateway)
            await leader.close()
            goOn.open()
            let answer = try await joining
            #expect(try ToldTeam(stream: answer.body).texts == ["a": "I am a", "b": "I am b", "c": "I am c"])
            #expect(provider.requests.count == 3)
        }
    }

    @Test func whenAllHaveLeftAllCallsEnd() async throws {
        try await TeamRig.run(cache: true, Self.halves(Gate("never"))) { gateway, provider in
            let clients = [try await RawClient.connect(port: gateway.port), try await RawClient.connect(port: gateway.port)]
            for client in clients {
                try await client.send(HTTPTests.post(TeamRig.question("list", stream: true)))
                _ = try await client.readHead()
            }
            #expect(gateway.gateway.keeping?.report.joins == 1)
            for client in clients { await client.close() }
            try await FlightTests.wait({ gateway.gateway.pools.allSatisfy { $0.inUse == 0 } })
            try await FlightTests.wait({ gateway.gateway.keeping?.report.running == 0 })
        }
    }

    @Test func aFailureIsToldToAllWhoWaitForIt() async throws {
        let goOn = Gate("the second has joined")
        try await TeamRig.run(cache: true, { _, _ in Script.status(500).after(.wait(goOn)) }) { gateway, provider in
            async let leading = gateway.chat(TeamRig.question("list"))
            _ = try await provider.waitForRequests(3)
            async let joining = gateway.chat(TeamRig.question("list"), headers: Self.receipt)
            try await Self.wait(for: 1, gateway)
            goOn.open()
            for answer in try await [leading, joining] {
                #expect(answer.head.status == 502)
                #expect(answer.body.contains("No member of the team could answer"))
            }
        }
    }

    /// The second one asks anew: its own time is not over.
    @Test func theLeadersTimeIsNotTheFollowers() async throws {
        try await TeamRig.run(cache: true, { _, request in request.index < 3 ? [.hang] : TeamRig.say("Hi", to: request) }) { gateway, provider in
            let question = TeamRig.question("list", own: #","deadline_seconds":4"#)
            async let leading = gateway.chat(question)
            _ = try await provider.waitForRequests(3)
            // So much longer the second one may wait.
            try await Task.sleep(for: .seconds(2))
            let joined = try await gateway.chat(question)
            #expect(try await leading.head.status == 502)
            #expect(joined.head.status == 200, "\(joined.body)")
        }
    }

    @Test func whatIsToBeKeptNowhereIsSharedWithNobody() async throws {
        let goOn = Gate("both are asked")
        try await TeamRig.run(cache: true, limit: 20, Self.halves(goOn)) { gateway, provider in
            async let first = gateway.chat(TeamRig.question("list"), headers: ["cache-control": "no-store"])
            async let second = gateway.chat(TeamRig.question("list"), headers: ["cache-control": "no-store"])
            _ = try await provider.waitForRequests(6)
            goOn.open()
            for answer in try await [first, second] { #expect(answer.head.headers["x-quintet-cache"] == "bypass") }
        }
    }
}
