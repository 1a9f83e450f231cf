import Core
import Gateway
import NIOCore
import TestKit
import Testing
import Upstream

/// What goes out and what comes back when nothing goes wrong.
@Suite(.timeLimit(.minutes(1))) struct DeliveryTests {
    @Test func theFirstChunkIsThereWhileTheProviderStillWaits() async throws {
        let seen = Gate("reader has the first chunk")
        let script: Script = [
            .bytes(Script.head(status: 200, headers: ["Transfer-Encoding": "chunked", "Content-Type": "text/event-stream"])),
            .bytes(Script.chunk("data: 1\n\n")), .wait(seen), .bytes(Script.chunk("data: 2\n\n") + "0\r\n\r\n"), .keepAlive,
        ]
        try await withEngine(script: script) { engine, _ in
            let reply = try await engine.begin(.stream())
            #expect(reply.status == 200)
            #expect(reply.isEventStream)
            #expect(try await reply.chunk() == "data: 1\n\n")
            seen.open()
            #expect(try await reply.chunk() == "data: 2\n\n")
            #expect(try await reply.chunk() == nil)
            #expect(try await reply.chunk() == nil)
        }
    }

    @Test func eachChunkArrivesByItself() async throws {
        let gates = (0..<20).map { Gate("chunk \($0) was read") }
        let steps = gates.enumerated().flatMap { [Step.bytes(Script.chunk("chunk \($0);")), .wait($1)] }
        let head = Step.bytes(Script.head(status: 200, headers: ["Transfer-Encoding": "chunked"]))
        try await withEngine(script: Script([head] + steps + [.bytes("0\r\n\r\n"), .keepAlive])) { engine, _ in
            let reply = try await engine.begin(.stream())
            for (index, gate) in gates.enumerated() {
                #expect(try await reply.chunk() == "chunk \(index);")
                gate.open()
            }
            #expect(try await reply.chunk() == nil)
        }
    }

    @Test(arguments: [1, 7, 1000]) func anAnswerIsTheSameHoweverItsBytesWereCut(slice: Int) async throws {
        let body = Chat.answer(text: "日本語 und 👩‍👩‍👧‍👦 und \"\\\n")
        let script = Script.json(body: body).sliced(every: slice)
        try await withEngine(script: script) { engine, _ in
            for call in [UpstreamCall.whole(), .stream()] {
                let text = try await engine.text(call)
                #expect(text == body)
            }
        }
    }

    @Test func aWholeAnswerIsHandedOverAtItsEnd() async throws {
        let begun = Gate("half the answer is out")
        let goOn = Gate("go on")
        let script: Script = [
            .bytes(Script.head(status: 200, headers: ["Content-Length": "4", "Content-Type": "application/json"]) + "{ "),
            .signal(begun), .wait(goOn), .bytes(" }"), .keepAlive,
        ]
        try await withEngine(script: script) { engine, _ in
            async let reply = engine.begin(.whole())
            try await begun.wait()
            goOn.open()
            #expect(try await reply.isEventStream == false)
            #expect(try await reply.chunk() == "{  }")
            #expect(try await reply.chunk() == nil)
        }
    }

    @Test(arguments: [true, false]) func anAnswerWithoutABodyHasItsStatus(isStream: Bool) async throws {
        try await withEngine(script: .json(status: 503, body: "")) { engine, _ in
            let reply = try await engine.begin(isStream ? .stream() : .whole())
            #expect(reply.status == 503)
            #expect(try await reply.chunk() == nil)
        }
    }

    @Test func theRequestHoldsWhatItMustAndNothingElse() async throws {
        try await withScriptedProvider(.json(body: "{}")) { provider in
            try await withEngine(
                Endpoint(provider, name: "keyed", key: "sk-canary"), Endpoint(provider, name: "keyless")
            ) { engine in
                _ = try await engine.text(.whole(#"{"x":1}"#, to: "keyed"))
                _ = try await engine.text(.stream(#"{"x":2}"#, to: "keyless"))
                let (keyed, keyless) = (provider.requests[0], provider.requests[1])
                #expect(keyed.method == "POST")
                #expect(keyed.path == "/v1/chat/completions")
                #expect(keyed.bodyText == #"{"x":1}"#)
                let common: [String: String] = [
                    "Host": "127.0.0.1:\(provider.port)", "User-Agent": "quintet", "Content-Type": "application/json",
                    "Accept": "*/*", "Content-Length": "7",
                ]
                #expect(keyed.fields == common.merging(["Authorization": "Bearer sk-canary"]) { $1 })
                #expect(keyless.fields == common)
                #expect(keyless.bodyText == #"{"x":2}"#)
            }
        }
    }

    @Test func aLargeRequestArrivesIntactAndWithoutExpect() async throws {
        let body = Pattern.bytes(10 << 20).map { $0 & 0x3F | 0x40 }
        try await withEngine(script: .json(body: "{}")) { engine, provider in
            try await engine.expect(.whole(String(decoding: body, as: UTF8.self)), answers: "{}")
            let request = provider.requests[0]
            #expect(request.body == body)
            #expect(request.headers["Expect"] == nil)
            #expect(request.headers["Content-Length"] == "\(10 << 20)")
            // The same connection, and nothing of the large body is left over.
            try await engine.expect(.whole("{}"), answers: "{}")
            #expect(provider.requests[1].bodyText == "{}")
            #expect(provider.requests[1].connection == 0)
        }
    }

    @Test func aRedirectIsAnAnswerAndNotFollowed() async throws {
        try await withScriptedProvider(.json(body: "elsewhere")) { elsewhere in
            let script = Script.json(status: 302, headers: ["Location": elsewhere.baseURL], body: "moved")
            try await withEngine(script: script) { engine, provider in
                let reply = try await engine.begin(.whole())
                #expect(reply.status == 302)
                #expect(String(buffer: try await reply.rest()) == "moved")
                #expect(provider.requests.count == 1)
            }
            #expect(elsewhere.record.connections.isEmpty)
        }
    }

    @Test func interimHeadsAreSkipped() async throws {
        let interim = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nRetry-After: 7\r\nContent-Type: a/b\r\n\r\n"
        let script: Script = [
            .bytes(interim + Script.head(status: 200, headers: ["Content-Length": "2", "Content-Type": "application/json"]) + "ok"),
            .keepAlive,
        ]
        try await withEngine(script: script) { engine, _ in
            for call in [UpstreamCall.whole(), .stream()] {
                let reply = try await engine.begin(call)
                #expect(reply.status == 200)
                #expect(reply.retryAfter == nil)
                #expect(!reply.isEventStream)
                #expect(try await reply.chunk() == "ok")
            }
        }
    }

    @Test(arguments: [
        ("text/event-stream", true), ("Text/Event-Stream; charset=utf-8", true), ("application/json", false),
        (nil, true),
    ]) func theContentTypeTellsAStream(type: String?, isStream: Bool) async throws {
        var headers: HeaderList = ["Content-Length": "1"]
        if let type { headers.append("content-TYPE", type) }
        let script: Script = [.bytes(Script.head(status: 200, headers: headers) + "x"), .keepAlive]
        try await withEngine(script: script) { engine, _ in
            let reply = try await engine.begin(.stream())
            #expect(reply.isEventStream == isStream)
        }
    }

    @Test func anUnknownProviderIsNoConnection() async throws {
        try await withEngine(script: .json(body: "{}")) { engine, _ in
            #expect(await fault { _ = try await engine.begin(.whole(to: "nobody")) } == .connect)
        }
    }

    @Test func callsMadeBeforeTheStartWaitForIt() async throws {
        try await withScriptedProvider(.json(body: "{}")) { provider in
            let engine = RunningEngine([Endpoint(provider)])
            async let answer = engine.text(.whole())
            engine.start()
            let text = try await answer
            #expect(text == "{}")
            engine.stop()
        }
    }
}

extension RecordedRequest {
    /// The header fields; an issue when one stands twice.
    fileprivate var fields: [String: String] {
        Dictionary(headers.fields.map { ($0.name, $0.value) }) { first, _ in
            Issue.record("a header stands twice: \(first)")
            return first
        }
    }
}
