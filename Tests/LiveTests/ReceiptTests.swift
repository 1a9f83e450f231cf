import Core
import Gateway
import NIOCore
import TestKit
import Testing
import Wire

/// Receipts of what went wrong, over sockets. A token costs 1,000,000 picodollars to read and 2,000,000 to write; the question
/// is estimated at 4.
@Suite(.timeLimit(.minutes(1))) struct ReceiptTests {
    private static let asked: HeaderList = ["x-quintet-receipt": "1"]

    /// `One, two` is 8 bytes: 2 tokens.
    private static var cut: Script {
        let events = Chat.chunks(["One, ", "two"], finish: nil)
        return .stream(events: events, cutAfter: events.count, cut: .close)
    }

    private static func withGateway(_ script: Script, _ body: @escaping @Sendable (ServedGateway) async throws -> Void) async throws {
        try await withScriptedProvider(script) { provider in
            try await ServedGateway.run([.init(provider: provider)]) { try await body($0) }
        }
    }

    /// The receipt inside of an error, if there is one.
    private static func receipt(_ error: String) throws -> JSONValue? {
        try #require(JSONDocument(ByteBuffer(string: error)).root["error"])["quintet"]?["receipt"]
    }

    @Test func aStreamsErrorHasOneIfAsked() async throws {
        try await Self.withGateway(Self.cut) { gateway in
            let answer = try await gateway.chat(ServedGateway.question(stream: true), headers: Self.asked)
            let receipt = try #require(try Self.receipt(CachingTests.data(answer.body).last ?? ""))
            #expect(receipt["total"]?.int == 10_000_000)
            #expect(receipt["estimated"]?.bool == true)
            #expect(receipt["lines"]?.children.map { $0["outcome"]?.string } == ["cut"])
            let plain = try await gateway.chat(ServedGateway.question(stream: true))
            #expect(try Self.receipt(CachingTests.data(plain.body).last ?? "") == nil)
        }
    }

    @Test func anErrorHasOneIfAsked() async throws {
        try await Self.withGateway(.json(status: 500, body: "{}")) { gateway in
            let answer = try await gateway.chat(ServedGateway.question(), headers: Self.asked)
            #expect(answer.head.status == 502)
            let receipt = try #require(try Self.receipt(answer.body))
            #expect(receipt["total"]?.int == 0)
            #expect(receipt["lines"]?.children.map { $0["basis"]?.string } == ["nothing", "nothing"])
            #expect(try Self.receipt(await gateway.chat(ServedGateway.question()).body) == nil)
        }
    }

    @Test func theNativeApisErrorsAlwaysHaveOne() async throws {
        try await Self.withGateway(Self.cut) { gateway in
            let message = #"{"message":"Hi","model":"model"}"#
            let stream = try await gateway.post("/api/ai/v4/chat/stream", message)
            #expect(stream.body.contains("event: error"))
            // The question with the gateway's own framing, and 2 tokens.
            let last = CachingTests.data(stream.body.replacing("event: error\ndata: ", with: "data: ")).last
            #expect(try #require(try Self.receipt(last ?? ""))["lines"]?.children.map { $0["outcome"]?.string } == ["cut"])
            // A stream is no answer to a question for a whole one: nothing of it counts, and it says so.
            let whole = try await gateway.post("/api/ai/v4/chat/quick", message)
            #expect(whole.head.status == 502)
            #expect(try Self.receipt(whole.body) != nil)
        }
    }

    /// Whoever joined is told that it paid nothing.
    @Test func whoJoinedACallThatFailedPaidNothing() async throws {
        let (asked, answer) = (Gate("the provider is asked"), Gate("it may answer"))
        let script = Script([.signal(asked), .wait(answer)] + Self.cut.steps)
        try await CachingTests.withGateway(script) { gateway, _ in
            async let first = gateway.chat(ServedGateway.question(stream: true), headers: Self.asked)
            try await asked.wait()
            async let second = gateway.chat(ServedGateway.question(stream: true), headers: Self.asked)
            try await FlightTests.wait { gateway.gateway.keeping?.report.joins == 1 }
            answer.open()
            let totals = try await [first, second].map { try Self.receipt(CachingTests.data($0.body).last ?? "")?["total"]?.int }
            #expect(totals == [10_000_000, 0])
        }
    }
}
