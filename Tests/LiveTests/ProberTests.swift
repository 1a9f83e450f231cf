import Core
import Gateway
import TestKit
import Testing

/// A provider recovers, and its breaker closes without a request.
@Suite(.timeLimit(.minutes(1))) struct ProberTests {
    @Test(arguments: [Provider.API.openai, .anthropic]) func theBreakerClosesWithoutTraffic(api: Provider.API) async throws {
        let isWell = Watched(false)
        let message = #"{"id":"m","type":"message","role":"assistant","model":"there","content":[{"type":"text","text":"H"}],"stop_reason":"max_tokens"}"#
        let answer = api == .openai ? Chat.answer(text: "H", finish: "length") : message
        let handler: ScriptedProvider.Handler = { request, _ in
            guard isWell.value else { return .status(500) }
            return .json(body: request.method == "GET" ? #"{"data":[]}"# : answer)
        }
        try await withScriptedProvider(handler: handler) { provider in
            var options = ServedGateway.Options()
            options.policy.breaker = BreakerSettings(
                consecutiveFaults: 2, openFor: .milliseconds(20), openForMax: .milliseconds(50))
            options.probeInterval = .milliseconds(5)
            try await ServedGateway.run([.init(provider: provider, api: api, keys: ["canary"])], options) { gateway in
                // The request fails twice, its one retry included, and opens the breaker.
                try await gateway.expect(502)
                let asked = provider.requests.count
                isWell.update { $0 = true }
                try await withHardLimit("a closed breaker") {
                    while gateway.gateway.breakers.reports()[0].report.phase != .closed {
                        try await Task.sleep(for: .milliseconds(1))
                    }
                }
                let probes = provider.requests.dropFirst(asked)
                let key = api == .openai ? "Bearer canary" : "canary"
                let keys = probes.map { $0.headers[api == .openai ? "authorization" : "x-api-key"] }
                #expect(Set(keys) == [key])
                #expect(probes.map(\.method) == ["GET", "POST", "GET", "POST", "GET", "POST"])
                #expect(probes.first?.path == "/v1/models")
                let small = probes.map(\.bodyText).filter { $0.contains(#""max_tokens":1,"#) || $0.contains(#""max_tokens":1}"#) }
                #expect(small.count == 3)
                try await gateway.expect(200)
            }
        }
    }
}
