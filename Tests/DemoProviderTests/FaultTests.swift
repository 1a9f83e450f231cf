import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import DemoProvider

@Suite("Faults that leave the connection whole", .timeLimit(.minutes(1)))
struct FaultTests {
    @Test("the fault models are listed and described, and served only when they are switched on")
    func listing() async throws {
        #expect(DemoProvider.faultModels.count == 21)
        #expect(Set(DemoProvider.faultModels.map(\.summary)).count == 21)
        #expect(DemoProvider.faultModels.allSatisfy { $0.id.hasPrefix("fault-") && $0.quality == 0 })
        try await withLiveDemo { client in
            for model in DemoProvider.faultModels {
                let response = try await client.post(chat(model.id).rendered)
                #expect(response.status == .notFound)
            }
        }
    }

    static let statuses: [(String, HTTPResponse.Status, String?, String?)] = [
        ("fault-500", .internalServerError, nil, nil),
        ("fault-503", .serviceUnavailable, nil, nil),
        ("fault-429", .tooManyRequests, "rate_limit_exceeded", "2"),
        ("fault-429-long", .tooManyRequests, "rate_limit_exceeded", "60"),
        ("fault-401", .unauthorized, "invalid_api_key", nil),
        ("fault-400", .badRequest, "invalid_value", nil),
        ("fault-context", .badRequest, "context_length_exceeded", nil),
        ("fault-filter", .badRequest, "content_filter", nil),
    ]

    @Test("a fault with a status answers it in OpenAI's shape", arguments: statuses, [true, false])
    func status(
        _ expected: (model: String, status: HTTPResponse.Status, code: String?, wait: String?), stream: Bool
    ) async throws {
        try await withLiveDemo(faults: true) { client in
            let response = try await client.post(chat(expected.model, "x", [("stream", .bool(stream))]).rendered)
            #expect(response.status == expected.status)
            #expect(response.headers[.retryAfter] == expected.wait)
            let error = try JSON(parsing: response.body)["error"] ?? .null
            expectShape(error)
            #expect(error["code"]?.text == expected.code)
        }
    }

    @Test("an error event comes after 3 tokens and ends the stream without success")
    func errorEvent() async throws {
        try await withLiveDemo(faults: true) { client in
            let stream = try await client.stream(chat("fault-error-event"))
            #expect(stream.choices().count == 1 + 3)
            #expect(stream.finishReasons().isEmpty)
            #expect(!stream.isDone)
            expectShape(stream.chunks.last?["error"] ?? .null)
            let plain = try await client.answer(to: chat("fault-error-event"))
            expectShape(plain["error"] ?? .null)
        }
    }

    @Test("a page of HTML comes with 200")
    func html() async throws {
        try await withLiveDemo(faults: true) { client in
            let response = try await client.post(chat("fault-html").rendered)
            #expect(response.status == .ok)
            #expect(response.headers[.contentType] == "text/html; charset=utf-8")
            #expect(String(buffer: response.body).hasPrefix("<!doctype html>"))
        }
    }

    @Test("garbage ends in the middle of its JSON", arguments: [true, false])
    func garbage(stream: Bool) async throws {
        try await withLiveDemo(faults: true) { client in
            let response = try await client.post(chat("fault-garbage", "x", [("stream", .bool(stream))]).rendered)
            #expect(response.status == .ok)
            let text = String(buffer: response.body)
            #expect(text.hasPrefix(stream ? "data: {" : "{"))
            let payload = ByteBuffer(string: stream ? String(text.dropFirst("data: ".count)) : text)
            #expect(throws: (any Error).self) { try JSON(parsing: payload) }
        }
    }

    @Test("an empty answer ends well and says nothing")
    func empty() async throws {
        try await withLiveDemo(faults: true) { client in
            let stream = try await client.stream(chat("fault-empty"))
            #expect(stream.content().isEmpty)
            #expect(stream.finishReasons() == ["stop"])
            #expect(stream.isDone)
            let plain = try await client.answer(to: chat("fault-empty"))
            #expect(plain.choice["message"]?["content"]?.text == "")
            #expect(plain["usage"]?["completion_tokens"]?.integer == 0)
        }
    }

    @Test("a stream without [DONE] is whole but for that")
    func noDone() async throws {
        try await withLiveDemo(faults: true) { client in
            let stream = try await client.stream(chat("fault-no-done"))
            #expect(stream.content().hasPrefix("[demo] "))
            #expect(stream.finishReasons() == ["stop"])
            #expect(!stream.isDone)
        }
    }

    @Test("the flaky model fails every second request")
    func flaky() async throws {
        try await withLiveDemo(faults: true) { client in
            var statuses: [Int] = []
            for _ in 0..<4 { statuses.append(try await client.post(chat("fault-flaky").rendered).status.code) }
            #expect(statuses == [200, 500, 200, 500])
        }
    }
}
