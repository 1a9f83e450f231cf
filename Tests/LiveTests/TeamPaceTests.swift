import Foundation
import Gateway
import TestKit
import Testing

/// What a team's reader gets when the members are slow, and what the members get when the reader is.
@Suite(.timeLimit(.minutes(1))) struct TeamPaceTests {
    @Test func whileAllAreSilentTheReaderHearsThatTheGatewayIsThere() async throws {
        let (heard, goOn) = (Gate("the first word is heard"), Gate("the members go on"))
        let count = Watched(0)
        let heartbeat = Heartbeat { _ in
            try await heard.wait()
            // Some times the time is over at once. Those that began before the word was heard tell nothing.
            if count.update({ $0 += 1; return $0 }) > 6 { try await Task.sleep(for: .seconds(60)) }
        }
        try await TeamRig.run(heartbeat: heartbeat, { _, _ in
            var script = Script.stream(events: Chat.chunks(["word ", "end"]))
            script.steps.insert(.wait(goOn), at: 3)
            return script
        }) { gateway, _ in
            try await withRawClient(port: gateway.port) { client in
                try await client.send(HTTPTests.post(TeamRig.question("list", stream: true)))
                #expect(try await client.readHead().status == 200)
                var text = ""
                while text.components(separatedBy: "word ").count < 4 { text += try await client.readBodyUntil("\n\n") }
                heard.open()
                while text.components(separatedBy: ": keep-alive\n\n").count < 3 { text += try await client.readBodyUntil("\n\n") }
                goOn.open()
                text += String(decoding: try await client.readBody(), as: UTF8.self)
                #expect(try ToldTeam(stream: text).texts == ["a": "word end", "b": "word end", "c": "word end"])
            }
        }
    }

    @Test func whoIsCancelledIsNotWaitedForBeatByBeat() async throws {
        let late = Watched(0)
        let heartbeat = Heartbeat { _ in
            if Task.isCancelled { late.update { $0 += 1 } }
            try await Task.sleep(for: .seconds(60))
        }
        try await TeamRig.run(limit: 200, heartbeat: heartbeat, { voice, request in
            voice == .member("a") ? TeamRig.say("first", to: request) : Script(TeamRig.say("never", to: request).steps.dropLast() + [.hang])
        }) { gateway, _ in
            for _ in 0..<40 {
                let answer = try await gateway.chat(TeamRig.question("list", own: #","quorum":1"#, stream: true))
                #expect(answer.head.status == 200)
            }
        }
        #expect(late.value == 0)
    }

    @Test func aReaderWhoIsSlowHoldsAllMembersUpAndGetsEverything() async throws {
        let piece = String(repeating: "abcdefgh", count: 32 << 10)
        let events = Chat.chunks(Array(repeating: piece, count: 48))
        try await TeamRig.run(sendBuffer: 64 << 10, { _, _ in .stream(events: events) }) { gateway, provider in
            try await withRawClient(port: gateway.port, receiveBuffer: 64 << 10) { client in
                try await client.send(HTTPTests.post(TeamRig.question("list", stream: true)))
                #expect(try await client.readHead().status == 200)
                let written = try await Self.standstill(of: provider, gateway)
                // Of 12 MiB each: what the kernel's buffers hold, and little more.
                #expect(written < 24 << 20)
                var lengths: [String: Int] = [:]
                while true {
                    let event = try await client.readBodyUntil("\n\n")
                    if event.hasPrefix("data: [DONE]") { break }
                    guard event.contains(piece), let name = ["a", "b", "c"].first(where: { event.contains("\"agent\":\"\($0)\"") })
                    else { continue }
                    lengths[name, default: 0] += 1
                }
                #expect(lengths == ["a": 48, "b": 48, "c": 48])
            }
        }
    }

    /// The bytes that the provider has got rid of once it gets rid of no more.
    private static func standstill(of provider: ScriptedProvider, _ gateway: ServedGateway) async throws -> Int {
        var (written, unchanged) = (0, 0)
        while unchanged < 50 {
            _ = try await gateway.request("GET", "/health")
            let now = provider.record.connections.reduce(0) { $0 + $1.bytesWritten }
            unchanged = now == written && now > 0 ? unchanged + 1 : 0
            written = now
        }
        return written
    }
}
