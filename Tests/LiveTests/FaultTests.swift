import Core
import TestKit
import Testing

/// Every fault of a provider over real sockets: what the caller gets, who is asked again, and what the breaker holds
/// against whom.
@Suite(.timeLimit(.minutes(1))) struct FaultTests {
    /// A model that fails, with another to fall back to.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let fault: Fault
        var script: Script = [.hang]
        var isStream = false
        /// How often the failing model is asked.
        var calls = 1
        var baseURL: String?
        var testDescription: String { name + (isStream ? ", streaming" : "") }

        init(_ name: String, _ fault: Fault, _ script: Script, isStream: Bool = false, calls: Int = 1) {
            self.name = name
            self.fault = fault
            self.script = script
            self.isStream = isStream
            self.calls = calls
        }

        init(_ name: String, _ fault: Fault, at baseURL: String) {
            self.name = name
            self.fault = fault
            self.baseURL = baseURL
            calls = 0
        }
    }

    private static let eventHead = Script.head(
        status: 200, headers: ["Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"])
    private static let jsonHead = Script.head(
        status: 200, headers: ["Content-Type": "application/json", "Content-Length": "1000"])

    private static func refusal(_ status: Int, code: String, message: String = "no") -> Script {
        .json(status: status, body: #"{"error":{"message":"\#(message)","type":"x","param":null,"code":"\#(code)"}}"#)
    }

    /// The provider's: the caller sees nothing of it.
    static let unseen: [Case] = [
        Case("nobody listens", .connect, at: "http://127.0.0.1:\(Ports.refusing)/v1"),
        Case("nobody accepts", .connectTimeout, at: "http://127.0.0.1:\(Ports.silent ?? 1)/v1"),
        Case("silence", .firstContentTimeout, [.hang]),
        Case("silence", .firstContentTimeout, [.hang], isStream: true),
        Case("a head and nothing more", .firstContentTimeout, [.bytes(eventHead), .hang], isStream: true),
        Case("half an answer, then silence", .firstContentTimeout, [.bytes(jsonHead + "{"), .hang]),
        Case(
            "a role and no content", .firstContentTimeout,
            [.bytes(eventHead + Script.chunk("data: \(Chat.chunks([])[0])\n\n")), .hang], isStream: true),
        Case("a reset before the head", .reset, [.reset], calls: 2),
        Case("a reset before the head", .reset, [.reset], isStream: true, calls: 2),
        Case("500", .serverError, .status(500), calls: 2),
        Case("503", .serverError, .status(503), isStream: true, calls: 2),
        Case("529", .serverError, .status(529), calls: 2),
        Case("429", .rateLimited, .status(429)),
        Case("429 for long", .rateLimited, .status(429, retryAfter: 60), isStream: true),
        Case("an answer that is cut", .cut, [.bytes(jsonHead + "{"), .close]),
        Case(
            "a stream that is cut before content", .cut, .stream(events: Chat.chunks(["x"]), cutAfter: 1, cut: .reset),
            isStream: true),
        Case(
            "a stream that ends without content", .cut,
            .stream(events: Chat.chunks([], finish: nil), done: false), isStream: true),
        Case("HTML", .malformed, .json(body: "<html>Welcome</html>")),
        Case(
            "HTML for a stream", .malformed,
            [.bytes(Script.head(status: 200, headers: ["Content-Type": "text/html", "Content-Length": "6"]) + "<html>")],
            isStream: true),
        Case("broken JSON", .malformed, .json(body: #"{"choices":["#)),
        Case(
            "broken UTF-8", .malformed,
            [.bytes(Script.head(status: 200, headers: ["Content-Length": "2"])), .bytes([0xC3, 0x28]), .keepAlive]),
        Case("bytes that are not HTTP", .malformed, [.bytes("220 mail.example ESMTP\r\n"), .close]),
        Case("a redirect", .malformed, .json(status: 302, headers: ["Location": "http://127.0.0.1:1/"], body: "{}")),
        Case(
            "a head without end", .malformed,
            [.bytes("HTTP/1.1 200 OK\r\n" + String(repeating: "x-more: and more\r\n", count: 40_000)), .hang]),
        Case(
            "an event of ten megabytes", .malformed,
            .stream(frames: ["data: " + String(repeating: "x", count: 10 << 20) + "\n\n"]), isStream: true),
        Case("an answer without content", .empty, .json(body: Chat.answer(text: ""))),
        Case("a stream without content", .empty, .stream(events: Chat.chunks([])), isStream: true),
        Case("no such model", .modelGone, refusal(404, code: "model_not_found")),
        Case("gone", .modelGone, .status(410), isStream: true),
    ]

    @Test(arguments: unseen) func theProvidersFaultsGoUnseen(_ fault: Case) async throws {
        try await Self.withFallback(for: fault) { gateway, failing in
            let answer = try await gateway.chat(ServedGateway.question(stream: fault.isStream))
            #expect(answer.head.status == 200)
            #expect(answer.head.headers["x-quintet-model"] == "other")
            #expect(answer.body.contains("from the other"))
            #expect(failing.requests.count == fault.calls)
            let breaker = try await gateway.breaker()
            let faults = try #require(breaker["last_faults"] as? [[String: Any]])
            #expect(faults.count == max(1, fault.calls))
            #expect(faults.allSatisfy { $0["fault"] as? String == fault.fault.rawValue })
        }
    }

    /// Somebody else's: another model is asked, and no breaker counts it.
    static let uncounted: [Case] = [
        Case("a refused key", .badKey, refusal(401, code: "invalid_api_key")),
        Case("no credit", .badKey, refusal(429, code: "insufficient_quota")),
        Case("too long for this model", .contextTooLong, refusal(400, code: "context_length_exceeded")),
    ]

    @Test(arguments: uncounted) func whatIsNotTheProvidersIsNotCounted(_ fault: Case) async throws {
        try await Self.withFallback(for: fault) { gateway, failing in
            let answer = try await gateway.chat(ServedGateway.question())
            #expect(answer.head.headers["x-quintet-model"] == "other")
            #expect(failing.requests.count == 1)
            #expect(try await gateway.breaker()["window_faults"] as? Int == 0)
        }
    }

    /// The caller's: passed on in the provider's words, and nobody else is asked.
    static let refused: [Case] = [
        Case("a filtered prompt", .contentFilter, refusal(400, code: "content_filter", message: "not about that")),
        Case("a wrong field", .callerMistake, refusal(422, code: "bad", message: "not about that")),
    ]

    @Test(arguments: refused) func theCallersFaultsComeBack(_ fault: Case) async throws {
        try await Self.withFallback(for: fault) { gateway, failing in
            let answer = try await gateway.chat(ServedGateway.question())
            #expect((400..<500).contains(answer.head.status))
            #expect(answer.body.contains("not about that"))
            #expect(failing.requests.count == 1)
            #expect(try await gateway.breaker()["window_faults"] as? Int == 0)
        }
    }

    @Test func aKeyIsNeverRepeated() async throws {
        let refusal = Self.refusal(401, code: "invalid_api_key", message: "Incorrect API key: canary")
        try await withScriptedProvider(refusal) { provider in
            try await ServedGateway.run([.init(provider: provider, keys: ["canary"])]) { gateway in
                let answer = try await gateway.chat(ServedGateway.question())
                #expect(answer.head.status >= 500)
                #expect(!answer.body.contains("canary"))
            }
        }
    }

    @Test func countsThatMakeNoSenseCostNothing() async throws {
        let usage = Chat.Usage(prompt: -5, completion: -7)
        try await withScriptedProvider(.json(body: Chat.answer(text: "fine", usage: usage))) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { gateway in
                let answer = try await gateway.chat(ServedGateway.question())
                #expect(answer.head.status == 200)
                #expect(answer.head.headers["x-quintet-cost-usd"].map { $0.hasPrefix("-") } != true)
            }
        }
    }

    private static func withFallback(
        for fault: Case, _ body: @escaping @Sendable (ServedGateway, ScriptedProvider) async throws -> Void
    ) async throws {
        let good: Script =
            fault.isStream
            ? .stream(events: Chat.chunks(["from the other"])) : .json(body: Chat.answer(text: "from the other"))
        try await withScriptedProvider(fault.script) { failing in
            try await withScriptedProvider(good) { other in
                var timeouts = Timeouts()
                // Short only where they are what is proven: a busy machine is slow to answer, too.
                if [.connectTimeout, .firstContentTimeout].contains(fault.fault) {
                    timeouts.connect = .milliseconds(200)
                    timeouts.firstContent = .milliseconds(200)
                    timeouts.answer = .milliseconds(200)
                }
                let model = ServedGateway.Backend(
                    provider: failing, fallbacks: ["other"], timeouts: timeouts, baseURL: fault.baseURL)
                try await ServedGateway.run([model, .init(provider: other, name: "other")]) { gateway in
                    try await body(gateway, failing)
                }
            }
        }
    }
}
