import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import Testing

@testable import DemoProvider

/// The demo provider's server under HummingbirdTesting's live client.
func withLiveDemo(faults: Bool = false, _ test: @Sendable (any TestClientProtocol) async throws -> Void) async throws {
    let server = DemoServer(faults: faults, tokenDelay: .zero, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let application = server.application(address: .hostname("127.0.0.1", port: 0)) { _ in }
    try await application.test(.live, test)
}

/// A chat request's body, from a question and whatever else it should have.
func chat(_ model: String, _ question: String = "What is a gateway?", _ extra: [(String, JSON)] = []) -> JSON {
    .object(
        [
            ("model", .string(model)),
            ("messages", [["role": "system", "content": "Be brief."], ["role": "user", "content": .string(question)]]),
        ] + extra.map { (key: $0.0, value: $0.1) })
}

extension TestClientProtocol {
    /// Posts a chat request.
    func post(_ body: String) async throws -> TestResponse {
        try await execute(uri: "/v1/chat/completions", method: .post, body: ByteBuffer(string: body))
    }

    /// The plain answer to a chat request that must succeed.
    func answer(to body: JSON) async throws -> JSON {
        let response = try await post(body.rendered)
        #expect(response.status == .ok)
        #expect(response.headers[.contentType] == "application/json")
        return try JSON(parsing: response.body)
    }

    /// The streamed answer to a chat request that must succeed.
    func stream(_ body: JSON, _ extra: [(String, JSON)] = []) async throws -> Streamed {
        guard case .object(let members) = body else { throw NotAnObject() }
        let streaming = JSON.object(members + [("stream", true)] + extra.map { (key: $0.0, value: $0.1) })
        let response = try await post(streaming.rendered)
        #expect(response.status == .ok)
        #expect(response.headers[.contentType] == "text/event-stream; charset=utf-8")
        return try Streamed(String(buffer: response.body))
    }
}

struct NotAnObject: Error {}

/// A stream that was read to its end.
struct Streamed {
    /// The events that hold JSON, in their order.
    let chunks: [JSON]
    /// Whether `[DONE]` was the last event.
    let isDone: Bool

    init(_ text: String) throws {
        let events = text.components(separatedBy: "\n\n").filter { !$0.isEmpty }
        #expect(events.allSatisfy { $0.hasPrefix("data: ") && !$0.contains("\n") })
        let payloads = events.map { String($0.dropFirst("data: ".count)) }
        isDone = payloads.last == "[DONE]"
        chunks = try payloads.filter { $0 != "[DONE]" }.map { try JSON(parsing: ByteBuffer(string: $0)) }
    }

    /// The chunks' parts about one choice.
    func choices(_ index: Int = 0) -> [JSON] {
        chunks.flatMap { $0["choices"]?.elements ?? [] }.filter { $0["index"]?.integer == index }
    }

    /// The text of one choice, put together.
    func content(_ index: Int = 0) -> String {
        choices(index).compactMap { $0["delta"]?["content"]?.text }.joined()
    }

    /// The finish reasons that came, which should be one.
    func finishReasons(_ index: Int = 0) -> [String] {
        choices(index).compactMap { $0["finish_reason"]?.text }
    }
}

extension JSON {
    init(parsing buffer: ByteBuffer) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(buffer.readableBytesView))
    }

    var integer: Int? {
        guard case .integer(let integer) = self else { return nil }
        return integer
    }

    var keys: [String] {
        guard case .object(let members) = self else { return [] }
        return members.map(\.key)
    }

    var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The first choice of a plain answer.
    var choice: JSON { self["choices"]?.elements?.first ?? .null }

    /// The first choice's text.
    var content: String { choice["message"]?["content"]?.text ?? "" }
}
