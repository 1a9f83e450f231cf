import Core
import Foundation
import Gateway
import NIOCore
import TestKit
import Testing
import Wire

/// Teams that are cancelled at any moment leave nothing behind: no call at the provider, no task, no place taken.
@Suite(.timeLimit(.minutes(10))) struct TeamLeavingTests {
    /// `QUINTET_TEST_TEAM_CANCELLATIONS` sets another.
    private static let count = ProcessInfo.processInfo.environment["QUINTET_TEST_TEAM_CANCELLATIONS"].flatMap { Int($0) } ?? 1000

    @Test func randomCancellationsLeaveNothingBehind() async throws {
        let scripts: TeamRig.Scripts = { _, request in
            // What it does depends on who is asked and on the request's number alone.
            let isStream = request.bodyText.contains(#""stream":true"#)
            var script = TeamRig.say("one two three", to: request)
            switch (request.index + Int(request.path.utf8.dropFirst().first ?? 0)) % 8 {
            case 0: return [.hang]
            case 1: return .status(404)
            case 2: return isStream ? .stream(events: Chat.chunks(["half", "whole"]), cutAfter: 2) : [.close]
            case 3: script.steps.insert(.pause(.milliseconds(3)), at: script.steps.count / 2)
            default: break
            }
            return script
        }
        try await TeamRig.run(limit: 60, scripts) { gateway, provider in
            let gateway = gateway.gateway
            try await withThrowingTaskGroup(of: Void.self) { group in
                for seed in 0..<Self.count {
                    if seed >= 16 { _ = try await group.next() }
                    group.addTask { try await Self.cancelledTeam(gateway, UInt64(seed)) }
                }
                try await group.waitForAll()
            }
            // Every call has ended: what is left are idle connections, and the provider knows of no others.
            let found: @Sendable () -> String = { "provider: \(provider.record.openConnections) connections; gateway: \(gateway.pools)" }
            try await FlightTests.wait({ gateway.pools.allSatisfy { $0.inUse == 0 && $0.waiting == 0 } }, found: found)
            try await FlightTests.wait({ provider.record.openConnections == gateway.pools.reduce(0) { $0 + $1.idle } }, found: found)
            #expect(provider.record.requestCount > Self.count / 4)
        }
    }

    /// Asks a team and leaves after a random while, if it does not end before.
    private static func cancelledTeam(_ gateway: Gateway, _ seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let combine = ["list", "synthesis", "vote", "cascade", "race", "sequential"].randomElement(using: &random) ?? "list"
        let isStream = Bool.random(using: &random)
        let patience = Duration.microseconds(Int.random(in: 0...6000, using: &random))
        let chat = try ChatRequest(ByteBuffer(string: TeamRig.question(combine, stream: isStream)))
        guard let team = try gateway.team(for: chat) else { return }
        let ask = Ask(requestID: "r\(seed)", request: chat, target: .auto)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Whatever comes of it: an answer, a failure, the cancellation.
                _ = try? await gateway.answer(TeamAsk(ask, team, created: 0)) { _ in }
            }
            group.addTask { try? await Task.sleep(for: patience, tolerance: .zero) }
            _ = await group.next()
            group.cancelAll()
        }
    }
}
