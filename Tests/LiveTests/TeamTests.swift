import Gateway
import TestKit
import Testing

/// Every way for a team to answer, over sockets.
@Suite(.timeLimit(.minutes(1))) struct TeamTests {
    private static let receipt: HeaderList = ["x-quintet-receipt": "1"]

    /// Each says its name.
    private static let names: TeamRig.Scripts = { voice, request in
        switch voice {
        case .member(let name): TeamRig.say("I am \(name)", to: request)
        case .synthesis: TeamRig.say("All of them", to: request)
        }
    }

    private static func told(_ gateway: ServedGateway, _ question: String, headers: HeaderList = receipt) async throws -> ToldTeam {
        let answer = try await gateway.chat(question, headers: headers)
        #expect(answer.head.status == 200, "\(answer.body)")
        guard question.contains(#""stream":true"#) else { return try ToldTeam(whole: answer.body) }
        #expect(answer.body.hasSuffix("data: [DONE]\n\n"))
        #expect(!answer.body.contains("keep-alive"), "nobody was silent for so long")
        return try ToldTeam(stream: answer.body)
    }

    // MARK: Ways to combine

    @Test(arguments: [false, true]) func aListHasAChoiceForEachMember(stream: Bool) async throws {
        try await TeamRig.run(Self.names) { gateway, provider in
            let team = try await Self.told(gateway, TeamRig.question("list", stream: stream))
            #expect(team.names == [0: "a", 1: "b", 2: "c"])
            #expect(team.texts == ["a": "I am a", "b": "I am b", "c": "I am c"])
            #expect(team.finishes == ["a": "stop", "b": "stop", "c": "stop"])
            #expect(team.isDegraded == false)
            #expect(team.kinds == ["a": "answer", "b": "answer", "c": "answer"])
            #expect(team.isSumExact)
            #expect(team.receipt["total"] as? Int == 3 * (10 * 1_000_000 + 5 * 2_000_000))
            #expect(provider.requests.count == 3)
        }
    }

    @Test(arguments: [false, true]) func aSynthesisSeesAllAnswersAndComesLast(stream: Bool) async throws {
        try await TeamRig.run(Self.names) { gateway, provider in
            let question = TeamRig.question("synthesis", stream: stream, more: stream ? #","stream_options":{"include_usage":true}"# : "")
            let team = try await Self.told(gateway, question)
            #expect(team.texts == ["a": "I am a", "b": "I am b", "c": "I am c", "synthesis": "All of them"])
            #expect(team.names[3] == "synthesis")
            #expect(team.answer == "synthesis")
            // A plain caller reads the first choice.
            if !stream { #expect(team.first == "synthesis") }
            #expect(team.usage?["total_tokens"] as? Int == 60)
            #expect(team.kinds["synthesis"] == "synthesis")
            #expect(team.isSumExact)
            let last = try #require(provider.requests.last)
            #expect(TeamRig.voice(of: last) == .synthesis)
            for name in ["a", "b", "c"] { #expect(last.bodyText.contains("I am \(name)")) }
        }
    }

    @Test func membersAreAskedAtOnceAndTheirWordsGoOutAsTheyCome() async throws {
        let (others, end) = (Gate("a may end"), Gate("all may end"))
        try await TeamRig.run({ voice, request in
            guard case .member(let name) = voice else { return TeamRig.say("All", to: request) }
            var script = Script.stream(events: Chat.chunks(["\(name)-one ", "\(name)-two"]))
            script.steps.insert(.wait(name == "a" ? others : end), at: 3)
            return script
        }) { gateway, provider in
            try await withRawClient(port: gateway.port) { client in
                try await client.send(HTTPTests.post(TeamRig.question("synthesis", stream: true)))
                #expect(try await client.readHead().status == 200)
                // All speak before any has ended.
                var text = ""
                while !["a-one", "b-one", "c-one"].allSatisfy(text.contains) { text += try await client.readBodyUntil("\n\n") }
                try await provider.waitForRequests(3)
                others.open()
                text += try await client.readBodyUntil("a-two")
                end.open()
                text += String(decoding: try await client.readBody(), as: UTF8.self)
                let team = try ToldTeam(stream: text)
                #expect(team.texts["b"] == "b-one b-two")
                #expect(team.texts["synthesis"] == "All")
            }
        }
    }

    @Test(arguments: [false, true]) func aRaceGoesToTheFirstAnswerAndTheOthersAreWaste(stream: Bool) async throws {
        let asked = Gate("a hangs")
        try await TeamRig.run({ voice, request in
            if voice == .member("a") {
                return Script(Script.stream(events: Chat.chunks(["slow"]), done: false).steps.dropLast(3) + [.signal(asked), .hang])
            }
            if voice == .member("b") { return TeamRig.say("first", to: request).after(.wait(asked)) }
            return .status(400)
        }) { gateway, provider in
            let team = try await Self.told(gateway, TeamRig.question("race", stream: stream))
            #expect(team.names == [0: "b"])
            #expect(team.texts == ["b": "first"])
            #expect(team.isDegraded == false)
            #expect(team.kinds["a"] == "waste")
            #expect(team.kinds["b"] == "answer")
            #expect(team.isSumExact)
            let hanging = try #require(provider.requests.first { TeamRig.voice(of: $0) == .member("a") })
            let end = try await provider.waitForConnectionClosed(hanging.connection)
            #expect(end.cause != .provider)
        }
    }

    @Test(arguments: [false, true]) func aVoteGoesToWhatMostSay(stream: Bool) async throws {
        try await TeamRig.run({ voice, request in
            TeamRig.say(voice == .member("a") ? "Perhaps 41" : "**42**.", to: request)
        }) { gateway, _ in
            let team = try await Self.told(gateway, TeamRig.question("vote", stream: stream))
            #expect(team.texts.values.map(\.self) == ["**42**."])
            #expect(team.note["votes"] as? Int == 2)
            #expect(team.isDegraded == false)
        }
    }

    @Test(arguments: [(true, 2, "a", false), (false, 3, "c", false), (false, 3, "c", true)])
    func aCascadeAsksItsLastOnlyWhereTheOthersDisagree(agree: Bool, calls: Int, winner: String, stream: Bool) async throws {
        try await TeamRig.run({ voice, request in
            switch voice {
            case .member("a"): TeamRig.say("So it is 1,042.", to: request)
            case .member("b"): TeamRig.say(agree ? "= 1042" : "= 1043", to: request)
            default: TeamRig.say("1044", to: request)
            }
        }) { gateway, provider in
            let team = try await Self.told(gateway, TeamRig.question("cascade", own: #","agree":"numeric""#, stream: stream))
            #expect(team.names == [0: winner])
            #expect(provider.requests.count == calls)
            #expect(team.isSumExact)
        }
    }

    @Test(arguments: [false, true]) func inTurnEachHearsThoseBefore(stream: Bool) async throws {
        try await TeamRig.run(Self.names) { gateway, provider in
            let team = try await Self.told(gateway, TeamRig.question("sequential", ["b", "a", "c"], stream: stream))
            #expect(team.names == [0: "b", 1: "a", 2: "c"])
            #expect(team.answer == "c")
            let heard = provider.requests.map { request in ["a", "b", "c"].filter { request.bodyText.contains("I am \($0)") } }
            #expect(heard == [[], ["b"], ["a", "b"]])
        }
    }

    // MARK: Trouble

    @Test(arguments: ["list", "synthesis"], [false, true]) func whoFailsIsToldOf(combine: String, stream: Bool) async throws {
        try await TeamRig.run({ voice, request in
            voice == .member("b") ? .status(500) : Self.names(voice, request)
        }) { gateway, provider in
            let team = try await Self.told(gateway, TeamRig.question(combine, stream: stream))
            #expect(team.isDegraded == true)
            #expect(team.failed == ["b": "providers_failed"])
            #expect(team.texts["a"] == "I am a")
            #expect(team.texts["b"] ?? "" == "")
            #expect(team.isSumExact)
            guard combine == "synthesis" else { return }
            #expect(team.answer == "synthesis")
            #expect(provider.requests.last?.bodyText.contains("No answer came from: b") == true)
        }
    }

    @Test func whoIsCutOffHasNoWholeAnswer() async throws {
        try await TeamRig.run({ voice, request in
            voice == .member("b")
                ? .stream(events: Chat.chunks(["half", "whole"]), cutAfter: 2) : Self.names(voice, request)
        }) { gateway, _ in
            let team = try await Self.told(gateway, TeamRig.question("list", stream: true))
            #expect(team.failed == ["b": "providers_failed"])
            #expect(team.texts["b"] == "half")
            #expect(team.finishes["b"] == nil)
            #expect(team.isDegraded == true)
        }
    }

    @Test(arguments: [false, true]) func oneSurvivorAnswersForItself(stream: Bool) async throws {
        try await TeamRig.run({ voice, request in
            voice == .member("c") ? TeamRig.say("I am c", to: request) : .status(404)
        }) { gateway, provider in
            let team = try await Self.told(gateway, TeamRig.question("synthesis", stream: stream))
            #expect(team.answer == "c")
            #expect(team.isDegraded == true)
            #expect(team.failed.keys.sorted() == ["a", "b"])
            let voices = provider.requests.map { TeamRig.voice(of: $0) }
            #expect(!voices.contains(.synthesis))
        }
    }

    @Test func aSynthesisThatFailsLeavesTheAnswersAndSaysSo() async throws {
        try await TeamRig.run({ voice, request in
            voice == .synthesis ? .status(400) : Self.names(voice, request)
        }) { gateway, _ in
            let team = try await Self.told(gateway, TeamRig.question("synthesis"))
            #expect(team.failed.keys.sorted() == ["synthesis"])
            #expect(team.isDegraded == true)
            #expect(team.answer == "a")
        }
    }

    @Test(arguments: [false, true]) func nobodyLeftIsAnErrorAndKeptNowhere(stream: Bool) async throws {
        try await TeamRig.run(cache: true, { _, _ in .status(500) }) { gateway, provider in
            for _ in 0..<2 {
                let answer = try await gateway.chat(TeamRig.question("synthesis", stream: stream))
                #expect(answer.head.status == 502)
                #expect(answer.body.contains("No member of the team could answer"))
            }
            // Each asks its provider once more.
            #expect(provider.requests.count == 12)
        }
    }

    @Test func theMembersCommonMistakeIsTheCallers() async throws {
        try await TeamRig.run({ _, _ in .status(404, message: "no such thing") }) { gateway, _ in
            let answer = try await gateway.chat(TeamRig.question("list"))
            #expect(answer.head.status == 404)
            #expect(answer.body.contains("no such thing"))
        }
    }

    @Test func aQuorumIsEnoughAndTheRestIsCancelled() async throws {
        let asked = Gate("c hangs")
        try await TeamRig.run({ voice, request in
            switch voice {
            case .member("c"): [.signal(asked), .hang]
            case .member: Script(Self.names(voice, request).after(.wait(asked)).steps)
            case .synthesis: TeamRig.say("Both", to: request)
            }
        }) { gateway, provider in
            let team = try await Self.told(gateway, TeamRig.question("synthesis", own: #","quorum":2"#))
            #expect(team.texts == ["a": "I am a", "b": "I am b", "synthesis": "Both"])
            #expect(team.isDegraded == false)
            #expect(team.kinds["c"] == "waste")
            let hanging = try #require(provider.requests.first { TeamRig.voice(of: $0) == .member("c") })
            let end = try await provider.waitForConnectionClosed(hanging.connection)
            #expect(end.cause != .provider)
        }
    }

    @Test(arguments: ["list", "synthesis"]) func whoHangsIsNotWaitedForLongerThanTheDeadline(combine: String) async throws {
        try await TeamRig.run({ voice, request in voice == .member("b") ? [.hang] : Self.names(voice, request) }) { gateway, provider in
            let team = try await Self.told(gateway, TeamRig.question(combine, own: #","deadline_seconds":1.5"#))
            #expect(team.failed == ["b": "deadline_exceeded"])
            #expect(team.texts["a"] == "I am a")
            if combine == "synthesis" { #expect(team.texts["synthesis"] == "All of them") }
            let hanging = try #require(provider.requests.first { TeamRig.voice(of: $0) == .member("b") })
            try await provider.waitForConnectionClosed(hanging.connection)
        }
    }

    @Test func nobodyIsAskedWhoCouldBreakTheCeiling() async throws {
        try await TeamRig.run(Self.names) { gateway, provider in
            // Each is expected to cost about 0.001: 500 tokens of answer.
            let team = try await Self.told(gateway, TeamRig.question("list", own: #","max_cost":0.0025"#))
            #expect(team.texts.keys.sorted() == ["a", "b"])
            #expect(team.failed == ["c": "max_cost_exceeded"])
            #expect(provider.requests.count == 2)
            let none = try await gateway.chat(TeamRig.question("list", own: #","max_cost":0.0005"#))
            #expect(none.head.status == 400)
            #expect(none.body.contains(#""param":"quintet.max_cost""#))
            // The last call is set aside before any member spends.
            let dear = try await gateway.chat(TeamRig.question("synthesis", own: #","max_cost":0.0005"#))
            #expect(dear.head.status == 400)
            #expect(provider.requests.count == 2)
        }
    }

    @Test(arguments: [false, true]) func whoLeavesEndsAllCalls(stream: Bool) async throws {
        let gates = ["a", "b", "c"].map { (name: $0, gate: Gate("\($0) is asked")) }
        try await TeamRig.run({ voice, _ in
            let gate = gates.first { voice == .member($0.name) }?.gate
            var steps = stream ? Array(Script.stream(events: Chat.chunks(["word"]), done: false).steps.dropLast(3)) : []
            if let gate { steps.append(.signal(gate)) }
            return Script(steps + [.hang])
        }) { gateway, provider in
            let client = try await RawClient.connect(port: gateway.port)
            try await client.send(HTTPTests.post(TeamRig.question("synthesis", stream: stream)))
            for (_, gate) in gates { try await gate.wait() }
            if stream {
                _ = try await client.readHead()
                _ = try await client.readBodyUntil("word")
            }
            await client.close()
            for connection in 0..<3 {
                let end = try await provider.waitForConnectionClosed(connection)
                #expect(end.cause != .provider)
            }
        }
    }

    // MARK: The cache

    @Test(arguments: [false, true]) func theSameQuestionIsAnsweredFromTheCacheInWhateverOrder(stream: Bool) async throws {
        try await TeamRig.run(cache: true, Self.names) { gateway, provider in
            let first = try await Self.told(gateway, TeamRig.question("synthesis", stream: !stream))
            let question = TeamRig.question("synthesis", ["c", "a", "b"], stream: stream)
            let hit = try await gateway.chat(question, headers: Self.receipt)
            #expect(hit.head.headers["x-quintet-cache"] == "hit")
            let second = stream ? try ToldTeam(stream: hit.body) : try ToldTeam(whole: hit.body)
            #expect(second.texts == first.texts)
            #expect(second.finishes == first.finishes)
            #expect(second.names == [0: "c", 1: "a", 2: "b", 3: "synthesis"])
            #expect(second.answer == "synthesis")
            let kinds = second.lines.map { $0["kind"] as? String }
            #expect(kinds == ["cache_hit"])
            #expect(provider.requests.count == 4)
            // In turn the order is part of the question.
            _ = try await Self.told(gateway, TeamRig.question("sequential", ["a", "b"]))
            _ = try await Self.told(gateway, TeamRig.question("sequential", ["b", "a"]))
            #expect(provider.requests.count == 8)
        }
    }

    /// Members speak side by side again, the synthesis behind them, in pieces of a few words.
    @Test func aKeptTeamIsToldAtTheCachesPace() async throws {
        let text = "one two three four five six seven eight nine ten"
        try await TeamRig.run(cache: true, pace: 1e6, { _, request in TeamRig.say(text, to: request) }) { gateway, _ in
            _ = try await Self.told(gateway, TeamRig.question("synthesis", ["a", "b"]))
            let hit = try await gateway.chat(TeamRig.question("synthesis", ["a", "b"], stream: true))
            #expect(hit.head.headers["x-quintet-cache"] == "hit")
            #expect(try ToldTeam(stream: hit.body).texts == ["a": text, "b": text, "synthesis": text])
            let speakers = try TeamRig.chunks(hit.body).filter { chunk in
                (chunk["choices"] as? [[String: Any]])?.contains { ($0["delta"] as? [String: Any])?["content"] as? String ?? "" != "" } ?? false
            }.compactMap { ($0["quintet"] as? [String: Any])?["agent"] as? String }
            let pieces = speakers.count / 3
            #expect(pieces > 2)
            #expect(speakers == Array(repeating: ["a", "b"], count: pieces).flatMap(\.self) + Array(repeating: "synthesis", count: pieces))
        }
    }

    @Test func aDegradedAnswerIsNotKept() async throws {
        try await TeamRig.run(cache: true, { voice, request in
            voice == .member("b") ? .status(404) : Self.names(voice, request)
        }) { gateway, provider in
            for _ in 0..<2 {
                let team = try await Self.told(gateway, TeamRig.question("list"))
                #expect(team.isDegraded == true)
            }
            #expect(provider.requests.count == 6)
            let refused = gateway.gateway.keeping?.report.refusedStores ?? [:]
            #expect(refused["degraded"] == 2)
        }
    }

    // MARK: Bad input

    @Test(arguments: [
        (#""quintet":{"agents":["nobody"]}"#, "quintet.agents"), (#""quintet":{"agents":[]}"#, "quintet.agents"),
        (#""quintet":{"members":["a","zzz"]}"#, "quintet.members"), (#""quintet":{"members":[]}"#, "quintet.members"),
        (#""quintet":{"members":["a","a","a","a","a","a","a","a","a"]}"#, "quintet.members"),
        (#""quintet":{"members":["a",7]}"#, "quintet.members[1]"), (#""quintet":{"members":"a"}"#, "quintet.members"),
        (#""quintet":{"members":["a","b"],"quorum":3}"#, "quintet.quorum"), (#""quintet":{"members":["a"],"quorum":0}"#, "quintet.quorum"),
        (#""quintet":{"members":["a"],"quorum":1.5}"#, "quintet.quorum"), (#""quintet":{"members":["a"],"max_cost":0}"#, "quintet.max_cost"),
        (#""quintet":{"members":["a"],"max_cost":-1}"#, "quintet.max_cost"),
        (#""quintet":{"members":["a"],"deadline_seconds":-5}"#, "quintet.deadline_seconds"),
        (#""quintet":{"members":["a"],"deadline_seconds":0}"#, "quintet.deadline_seconds"),
        (#""quintet":{"members":["a"],"combine":"shout"}"#, "quintet.combine"), (#""quintet":{"members":["a"],"agree":"vaguely"}"#, "quintet.agree"),
        (#""quintet":{"members":["a"],"mode":"backwards"}"#, "quintet.mode"),
        (#""quintet":{"members":["a"],"mode":"sequential","combine":"race"}"#, "quintet.combine"),
        (#""quintet":{"members":["a","b"],"combine":"cascade"}"#, "quintet.members"), (#""quintet":{"members":["a"],"team":1}"#, "quintet.team"),
        (#""n":2,"quintet":{"members":["a"]}"#, "n"),
        (#""tools":[{"type":"function","function":{"name":"f"}}],"quintet":{"members":["a"]}"#, "tools"),
    ])
    func aMistakeIsRefusedByItsField(field: String, param: String) async throws {
        try await TeamRig.run(Self.names) { gateway, provider in
            let answer = try await gateway.chat(#"{"model":"team","messages":[{"role":"user","content":"Hi"}],\#(field)}"#)
            #expect([400, 404].contains(answer.head.status))
            let error = try TeamRig.object(answer.body)["error"] as? [String: Any]
            #expect(error?["param"] as? String == param, "\(answer.body)")
            #expect(provider.requests.isEmpty)
        }
    }

    @Test func aTeamInTheModelsNameIsCheckedToo() async throws {
        try await TeamRig.run(Self.names) { gateway, _ in
            for model in ["team/", "team/nobody", "team/a+", "team/a++b"] {
                let answer = try await gateway.chat(#"{"model":"\#(model)","messages":[{"role":"user","content":"Hi"}]}"#)
                #expect(answer.head.status == 400)
                #expect(answer.body.contains(#""param":"model""#), "\(answer.body)")
            }
            let other = try await gateway.chat(#"{"model":"a","messages":[{"role":"user","content":"Hi"}],"quintet":{"combine":"vote"}}"#)
            #expect(other.head.status == 400)
        }
    }
}
