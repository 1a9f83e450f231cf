import Core
@testable import Gateway
import NIOCore
import TestKit
import Testing
import Wire

/// What becomes of a stream that breaks off behind the commit point.
@Suite(.timeLimit(.minutes(1))) struct ResumeTests {
    private static let two = [ModelSpec.named("a", fallbacks: ["b"]), .named("b")]
    private static var prefilling: [ModelSpec] {
        var b = ModelSpec.named("b")
        b.acceptsPrefill = true
        return [.named("a", fallbacks: ["b"]), b]
    }

    /// These texts, and then no end.
    private static func broken(_ texts: [String], _ ending: ScriptedCalls.Piece = .fail(.cut)) -> ScriptedCalls.Reaction {
        .events(Chat.chunks(texts, finish: nil), then: ending)
    }

    // MARK: Restart

    @Test(arguments: [
        ScriptedCalls.Piece.fail(.cut), .fail(.reset), .silence, .bytes("data: \(Chat.error(message: "no", code: 500))\n\n"),
        .bytes(String(repeating: "data: nonsense\n\n", count: 20)), .bytes(""),
    ])
    func anAnswerThatIsRepeatedGoesOn(ending: ScriptedCalls.Piece) async throws {
        let rig = GatewayRig(Self.two) { provider, _ in
            provider == "a1" ? Self.broken(["One, ", "two, "], ending) : .stream(["One", ", two, thr", "ee."])
        }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.text == "One, two, three.")
        #expect(parts.order == "ered")
        #expect(parts.resumptions == [Resumption(model: "b", by: .restart)])
        #expect(rig.calls.providers == ["a1", "b1"])
        let bodies = rig.calls.record.value.calls.map(\.body)
        #expect(bodies[1] == bodies[0].replacing("a-there", with: "b-there"))
        let outcome = try rig.outcomes.only()
        #expect(outcome.ending == .complete)
        #expect(outcome.resumptions == parts.resumptions)
        #expect(outcome.attempts.map(\.deployment) == ["a1/there", "b1/there"])
        #expect(outcome.attempts[0].fault != nil)
        #expect(outcome.attempts[1].fault == nil)
        #expect(rig.counts("a1") == [1, 1])
        #expect(rig.counts("b1") == [1, 0])
    }

    @Test func theContinuationBearsTheFirstStreamsNameAndSaysWhatItIs() async throws {
        let rig = GatewayRig(Self.two) { provider, _ in
            provider == "a1"
                ? .events(Chat.chunks(["One "], model: "first", finish: nil), then: .fail(.cut))
                : .events((Chat.chunks(["One ", "two ", "three"], model: "second") + ["[DONE]"]).map {
                    $0.replacing("chatcmpl-scripted", with: "other").replacing("1700000000", with: "1800000000")
                })
        }
        let parts = try await StreamParts(reading: rig.stream())
        let chunks = parts.events.compactMap { try? JSONDocument(ByteBuffer(string: $0)).root }
        #expect(chunks.count == parts.events.count)
        for chunk in chunks {
            #expect(chunk["id"]?.string == "chatcmpl-scripted")
            #expect(chunk["created"]?.int == 1_700_000_000)
            #expect(chunk["model"]?.string == "first")
        }
        // Only the first chunk of the continuation declares it, and no role comes twice.
        #expect(chunks.map { $0["quintet"] != nil } == [false, false, true, false, false])
        #expect(chunks[2]["quintet"]?["resumed"]?["model"]?.string == "b")
        #expect(chunks[2]["quintet"]?["resumed"]?["by"]?.string == "restart")
        #expect(parts.events.count { $0.contains(#""role""#) } == 1)
    }

    @Test func anAnswerThatSaysSomethingElseIsNotGluedOn() async throws {
        let models = [ModelSpec.named("a", fallbacks: ["b", "c"]), .named("b"), .named("c")]
        let rig = GatewayRig(models) { provider, _ in
            switch provider {
            case "a1": Self.broken(["One, ", "two"])
            case "b1": .stream(["One and two"])
            default: .stream(["One, two", ", three"])
            }
        }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.text == "One, two, three")
        #expect(parts.resumptions.map(\.model) == ["c"])
        #expect(try rig.outcomes.only().attempts.map(\.result) == ["cut", "diverged", "ok"])
        #expect(rig.counts("b1") == [0, 0])
    }

    @Test func whereNobodyRepeatsItTheStreamEndsWithAnError() async throws {
        let rig = GatewayRig(Self.two) { provider, _ in
            provider == "a1" ? Self.broken(["One, "]) : .stream(["Une, ", "deux"])
        }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.text == "One, ")
        #expect(parts.order == "ef")
        #expect(parts.failures == [.providersFailed])
        #expect(parts.message.contains("b1/there (diverged"))
        #expect(!parts.events.contains { $0.contains(#""finish_reason":"stop""#) })
        #expect(rig.outcomes.endings == [.failed(.providersFailed)])
        #expect(rig.calls.record.value.released == 2)
    }

    @Test func anAnswerThatEndsBeforeWhatWasDeliveredDiverges() async throws {
        let rig = GatewayRig(Self.two) { provider, _ in
            provider == "a1" ? Self.broken(["One, two"]) : .stream(["One"])
        }
        #expect(try await StreamParts(reading: rig.stream()).order == "ef")
    }

    @Test func whereOnlyTheEndWasMissingNothingIsSaidTwice() async throws {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? Self.broken(["All"]) : .stream(["A", "ll"]) }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.text == "All")
        #expect(parts.order == "ered")
        #expect(parts.events.last?.contains(#""finish_reason":"stop""#) == true)
    }

    @Test func aContinuationThatBreaksOffIsTakenUpInTurn() async throws {
        let models = [ModelSpec.named("a", fallbacks: ["b", "c"]), .named("b"), .named("c")]
        let rig = GatewayRig(models) { provider, _ in
            switch provider {
            case "a1": Self.broken(["1", "2"])
            case "b1": Self.broken(["1", "23", "4"])
            default: .stream(["12345"])
            }
        }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.text == "12345")
        #expect(parts.resumptions.map(\.model) == ["b", "c"])
        #expect(try rig.outcomes.only().attempts.map(\.result) == ["cut", "cut", "ok"])
    }

    // MARK: Prefill

    @Test func aModelThatTakesAPrefillGetsTheTextSoFar() async throws {
        let rig = GatewayRig(Self.prefilling) { provider, _ in
            provider == "a1" ? Self.broken(["Say \"hi\"\n", "and "]) : .stream(["leave", "."])
        }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.text == "Say \"hi\"\nand leave.")
        #expect(parts.resumptions == [Resumption(model: "b", by: .prefill)])
        let body = try #require(rig.calls.record.value.calls.last?.body)
        // White space at its end, which providers refuse, is left out.
        #expect(body.contains(#"{"role":"user","content":"hi"},{"role":"assistant","content":"Say \"hi\"\nand"}]"#))
    }

    @Test(arguments: [("One ", " two", "One two"), ("One ", "two", "One two"), ("One\n\n", "\n- two", "One\n\n- two"), ("One", " two", "One two")])
    func blanksAtTheSeamComeOnce(first: String, second: String, whole: String) async throws {
        let rig = GatewayRig(Self.prefilling) { provider, _ in provider == "a1" ? Self.broken([first]) : .stream([second]) }
        #expect(try await StreamParts(reading: rig.stream()).text == whole)
    }

    @Test func aProviderThatEchoesThePrefillIsUnderstood() async throws {
        var models = Self.prefilling
        models[1].prefill = Provider.Prefill(
            messageFields: ["prefix": true], requestFields: ["continue_final_message": true], isEchoed: true)
        let rig = GatewayRig(models) { provider, _ in
            provider == "a1" ? Self.broken(["One, two "]) : .stream(["One,", " two", " three"])
        }
        #expect(try await StreamParts(reading: rig.stream()).text == "One, two three")
        let body = try #require(rig.calls.record.value.calls.last?.body)
        #expect(body.contains(#"{"role":"assistant","content":"One, two","prefix":true}"#))
        #expect(body.contains(#""continue_final_message":true"#))
    }

    @Test func aRefusedPrefillDoesNotEndTheAttempts() async throws {
        var models = [ModelSpec.named("a", fallbacks: ["b", "c"]), .named("b"), .named("c")]
        models[1].acceptsPrefill = true
        let rig = GatewayRig(models) { provider, _ in
            switch provider {
            case "a1": Self.broken(["One"])
            case "b1": .error(400, "no assistant message at the end")
            default: .stream(["One", " two"])
            }
        }
        #expect(try await StreamParts(reading: rig.stream()).text == "One two")
        #expect(rig.calls.providers == ["a1", "b1", "c1"])
    }

    @Test func thoughtsDoNotComeTwice() async throws {
        let thoughts = #"{"id":"x","choices":[{"index":0,"delta":{"role":"assistant","reasoning_content":"hm"},"finish_reason":null}]}"#
        let rig = GatewayRig(Self.two) { provider, _ in
            provider == "a1"
                ? .events([thoughts] + Chat.chunks(["One"], finish: nil), then: .fail(.cut))
                : .events([thoughts] + Chat.chunks(["One", " two"]) + ["[DONE]"])
        }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.text == "One two")
        #expect(parts.events.count { $0.contains("reasoning_content") } == 1)
    }

    @Test func thoughtsAloneAreTakenUpByARestart() async throws {
        let thoughts = #"{"id":"x","choices":[{"index":0,"delta":{"reasoning":"hm"},"finish_reason":null}]}"#
        let rig = GatewayRig(Self.prefilling) { provider, _ in
            provider == "a1" ? .events([thoughts], then: .fail(.cut)) : .events([thoughts] + Chat.chunks(["One"]) + ["[DONE]"])
        }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.text == "One")
        #expect(parts.resumptions.map(\.by) == [.restart])
    }

    // MARK: What is not resumed

    @Test func afterItsFinishReasonAnAnswerIsWhole() async throws {
        for ending in [ScriptedCalls.Piece.fail(.cut), .silence, .bytes("data: \(Chat.error(message: "late", code: 500))\n\n")] {
            let rig = GatewayRig(Self.two) { _, _ in .events(Chat.chunks(["One"]), then: ending) }
            let parts = try await StreamParts(reading: rig.stream())
            #expect(parts.order == "ed")
            #expect(rig.calls.providers == ["a1"])
            #expect(rig.outcomes.endings == [.complete])
        }
    }

    @Test func ofSeveralChoicesAllMustHaveEnded() async throws {
        @Sendable func chunk(_ index: Int, _ delta: String, _ finish: String = "null") -> String {
            #"{"id":"x","choices":[{"index":\#(index),"delta":\#(delta),"finish_reason":\#(finish)}]}"#
        }
        let begin = [chunk(0, #"{"content":"a"}"#), chunk(1, #"{"content":"b"}"#), chunk(0, "{}", #""stop""#)]
        for ending in [ScriptedCalls.Piece.fail(.cut), .bytes("")] {
            let rig = GatewayRig(Self.two) { _, _ in .events(begin, then: ending) }
            let parts = try await StreamParts(reading: rig.stream(more: #","n":2"#))
            #expect(parts.order == "ef")
            #expect(rig.calls.providers == ["a1"])
        }
        let whole = GatewayRig(Self.two) { _, _ in .events(begin + [chunk(1, "{}", #""stop""#)]) }
        #expect(try await StreamParts(reading: whole.stream(more: #","n":2"#)).order == "ed")
    }

    @Test(arguments: [
        #"{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]}"#,
        #"{"refusal":"no"}"#, #"{"audio":{"id":"a"}}"#,
    ])
    func whatIsNoPlainTextIsNotTakenUp(delta: String) async throws {
        let chunk = #"{"id":"x","choices":[{"index":0,"delta":\#(delta),"finish_reason":null}]}"#
        let rig = GatewayRig(Self.two) { _, _ in .events([chunk], then: .fail(.cut)) }
        #expect(try await StreamParts(reading: rig.stream()).order == "ef")
        #expect(rig.calls.providers == ["a1"])
    }

    @Test(arguments: [#","logprobs":true"#, #","top_logprobs":2"#, #","quintet":{"on_cut":"error"}"#])
    func whatTheCallerAskedForForbidsIt(more: String) async throws {
        let rig = GatewayRig(Self.two) { _, _ in Self.broken(["One"]) }
        #expect(try await StreamParts(reading: rig.stream(more: more)).order == "ef")
        #expect(rig.calls.providers == ["a1"])
    }

    @Test func aCallersResumeWinsOverThePolicy() async throws {
        var policy = Policy()
        policy.onCut = .error
        let rig = GatewayRig(Self.two, policy: policy) { provider, _ in
            provider == "a1" ? Self.broken(["One"]) : .stream(["One", " two"])
        }
        #expect(try await StreamParts(reading: rig.stream(more: #","quintet":{"on_cut":"resume"}"#)).text == "One two")
        #expect(rig.calls.record.value.calls.allSatisfy { !$0.body.contains("quintet") })
    }

    @Test func aContentFilterIsNotWorkedAround() async throws {
        let error = #"{"error":{"message":"filtered","code":"content_filter"}}"#
        let rig = GatewayRig(Self.two) { _, _ in .events(Chat.chunks(["One"], finish: nil) + [error]) }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.order == "ef")
        #expect(parts.message.contains("filtered"))
        #expect(rig.calls.providers == ["a1"])
        #expect(rig.counts("a1") == [0, 0])
    }

    @Test func anAnswerOverAMebibyteIsNotTakenUp() async throws {
        let piece = String(repeating: "x", count: 64 << 10)
        let rig = GatewayRig(Self.two) { _, _ in Self.broken(Array(repeating: piece, count: 17)) }
        #expect(try await StreamParts(reading: rig.stream()).order == "ef")
        #expect(rig.calls.providers == ["a1"])
    }

    // MARK: What it costs

    @Test func theCostIsOnlyToldWhereAllOfItIsKnown() async throws {
        let usage = Chat.Usage(prompt: 10, completion: 5)
        let rig = GatewayRig(Self.two) { provider, _ in
            provider == "a1" ? Self.broken(["One"]) : .stream(["One", " two"], usage: usage)
        }
        let parts = try await StreamParts(reading: rig.stream(wantsUsage: true))
        #expect(parts.usage == Usage(promptTokens: 10, completionTokens: 5))
        #expect(parts.cost == nil)
        #expect(try rig.outcomes.only().cost == nil)
        #expect(parts.events.last?.contains(#""prompt_tokens":10"#) == true)

        // A provider that counts as it goes.
        let counting = Chat.chunks(["One"], finish: nil) + [#"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":2}}"#]
        let both = GatewayRig(Self.two) { provider, _ in
            provider == "a1" ? .events(counting, then: .fail(.cut)) : .stream(["One", " two"], usage: usage)
        }
        // 10 × 100 + 2 × 1000 and 10 × 100 + 5 × 1000 picodollars.
        #expect(try await StreamParts(reading: both.stream()).cost == Money(picodollars: 9000))
    }

    @Test func attemptsAndTimeAreSharedWithTheRest() async throws {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h"]
        let models = [ModelSpec.named("a", fallbacks: Array(names.dropFirst()))] + names.dropFirst().map { .named($0) }
        let rig = GatewayRig(models) { provider, _ in
            provider == "a1" ? .fail(.connect) : provider == "b1" ? Self.broken(["One"]) : .fail(.connect)
        }
        #expect(try await StreamParts(reading: rig.stream()).order == "ef")
        #expect(rig.calls.providers == ["a1", "b1", "c1", "d1", "e1", "f1"])

        let late = GatewayRig(Self.two) { _, _ in Self.broken(["One"], .silence) }
        let parts = try await StreamParts(reading: late.stream(more: #","quintet":{"deadline_seconds":12}"#))
        #expect(parts.order == "ef")
        #expect(late.calls.providers == ["a1"])
        #expect(try late.outcomes.only().attempts.map(\.fault) == [.totalTimeout])
    }

    @Test func anOpenBreakerIsNotAskedToResume() async throws {
        let rig = GatewayRig(Self.two) { _, _ in Self.broken(["One"]) }
        let stream = try await rig.stream()
        rig.open("b1")
        #expect(try await StreamParts(reading: stream).order == "ef")
        #expect(rig.calls.providers == ["a1"])
    }
}

extension StreamParts {
    /// The text of all events joined, as a client reads it.
    var text: String {
        events.compactMap { ProviderAnswer.deltaText(ByteBuffer(string: $0)) }.joined()
    }
}
