import Core
@testable import Gateway
import NIOCore
import TestKit
import Testing

/// The cheap call for a provider's list of models, on the handles and connections of all others.
@Suite(.timeLimit(.minutes(1))) struct ModelListTests {
    @Test func aListIsGottenBetweenTwoAnswers() async throws {
        let handler: ScriptedProvider.Handler = { request, _ in .json(body: "\(request.method) \(request.path) \(request.bodyText)") }
        try await withEngine(handler: handler) { engine, provider in
            var list = UpstreamCall.whole("not sent")
            list.kind = .models
            try await engine.expect(.whole("one"), answers: "POST /v1/chat/completions one")
            try await engine.expect(list, answers: "GET /v1/models ")
            try await engine.expect(.whole("two"), answers: "POST /v1/chat/completions two")
            try await engine.expect(list, answers: "GET /v1/models ")
            #expect(provider.record.connections.count == 1)
            #expect(provider.requests[1].headers["content-length"] == nil)
        }
    }
}
