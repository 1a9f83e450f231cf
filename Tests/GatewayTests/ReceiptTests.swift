import Core
@testable import Gateway
import NIOCore
import TestKit
import Testing
import Wire

/// What requests cost, attempt by attempt. Tokens cost 100 picodollars to read and 1000 to write; the question, `hi` in one
/// message, is estimated at 6 tokens.
@Suite struct ReceiptTests {
    private static let two = [ModelSpec.named("a", fallbacks: ["b"]), .named("b")]
    private static let usage = Chat.Usage(prompt: 9, completion: 3)

    /// A line in short: kind, deployment, outcome, basis, amount.
    private static func brief(_ attempts: [AttemptRecord]) -> [String] { brief(attempts.receipt) }

    private static func brief(_ receipt: Receipt?) -> [String] {
        (receipt?.lines ?? []).map { line in
            "\(line.kind.rawValue) \(line.deployment) \(line.outcome) \(line.charge.basis.rawValue) \(line.charge.amount.map { "\($0.picodollars)" } ?? "?")"
        }
    }

    private func attempts(of rig: GatewayRig) throws -> [AttemptRecord] { try rig.outcomes.only().attempts }

    /// 9 × 100 + 3 × 1000.
    @Test(arguments: [true, false]) func anAnswerHasOneLine(isStream: Bool) async throws {
        let rig = GatewayRig(Self.two) { _, _ in isStream ? .stream(usage: Self.usage) : .whole(usage: Self.usage) }
        if isStream {
            #expect(try await StreamParts(reading: rig.stream()).cost == Money(picodollars: 3900))
        } else {
            guard case .whole(_, let answer) = try await rig.ask().get() else { throw Unexpected(what: "a stream") }
            #expect(answer.cost == Money(picodollars: 3900))
            #expect(Self.brief(answer.attempts) == ["answer a1/there ok reported 3900"])
        }
        #expect(try Self.brief(attempts(of: rig)) == ["answer a1/there ok reported 3900"])
        #expect(try rig.outcomes.only().cost == Money(picodollars: 3900))
    }

    @Test func attemptsThatWereRefusedCostNothing() async throws {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? .error(500) : .whole(usage: Self.usage) }
        _ = await rig.ask()
        #expect(try Self.brief(attempts(of: rig)) == [
            "failed_attempt a1/there server_error nothing 0", "failed_attempt a1/there server_error nothing 0",
            "answer b1/there ok reported 3900",
        ])
        #expect(try rig.outcomes.only().cost == Money(picodollars: 3900))
    }

    /// It had the question and may have been at work: 6 × 100.
    @Test func oneThatWasGivenUpIsEstimated() async throws {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? .silence : .whole(usage: Self.usage) }
        _ = await rig.ask()
        #expect(try Self.brief(attempts(of: rig)) == [
            "failed_attempt a1/there first_content_timeout estimated 600", "answer b1/there ok reported 3900",
        ])
        // An estimate is no known cost.
        #expect(try rig.outcomes.only().cost == nil)
        #expect(try attempts(of: rig).receipt.total == Money(picodollars: 4500))
    }

    /// `hello` is 5 bytes: 2 tokens, so 6 × 100 + 2 × 1000.
    @Test(arguments: [true, false]) func withoutACountItIsEstimated(isStream: Bool) async throws {
        let rig = GatewayRig(Self.two) { _, _ in isStream ? .stream() : .whole("hello", usage: nil) }
        if isStream { _ = try await StreamParts(reading: rig.stream()) } else { _ = await rig.ask() }
        #expect(try Self.brief(attempts(of: rig)) == ["answer a1/there ok estimated 2600"])
        #expect(try rig.outcomes.only().cost == nil)
        #expect(try rig.outcomes.only().usage == nil)
    }

    @Test func anEmptyAnswerCostsWhatItsProviderCounted() async throws {
        let rig = GatewayRig(Self.two) { provider, _ in
            .whole(provider == "a1" ? "" : "hello", usage: Chat.Usage(prompt: 9, completion: provider == "a1" ? 1 : 3))
        }
        _ = await rig.ask()
        #expect(try Self.brief(attempts(of: rig)) == ["failed_attempt a1/there empty reported 1900", "answer b1/there ok reported 3900"])
        #expect(try rig.outcomes.only().cost == Money(picodollars: 5800))
    }

    /// The first wrote `One`, a token. The second wrote it again, which is paid, too.
    @Test func bothPartsOfAnAnswerThatWasTakenUpAreCharged() async throws {
        let rig = GatewayRig(Self.two) { provider, _ in
            provider == "a1"
                ? .events(Chat.chunks(["One"], finish: nil), then: .fail(.cut))
                : .stream(["One", " two"], usage: Chat.Usage(prompt: 9, completion: 5))
        }
        #expect(try await StreamParts(reading: rig.stream()).order == "ered")
        // 6 × 100 + 1 × 1000, and 9 × 100 + 5 × 1000.
        #expect(try Self.brief(attempts(of: rig)) == ["answer a1/there cut estimated 1600", "resumed_part b1/there ok reported 5900"])
    }

    /// What repeats the text is made and paid, though the caller gets none of it: `Once upon` is 9 bytes, 3 tokens.
    @Test func whatIsSkippedIsChargedAsWell() async throws {
        let rig = GatewayRig(Self.two) { provider, _ in
            .events(Chat.chunks(provider == "a1" ? ["Once upon"] : ["Once up"], finish: nil), then: .fail(.cut))
        }
        #expect(try await StreamParts(reading: rig.stream()).order == "ef")
        // 6 × 100 + 3 × 1000; the second came to `Once up`, 7 bytes, 2 tokens.
        #expect(try Self.brief(attempts(of: rig)) == ["answer a1/there cut estimated 3600", "failed_attempt b1/there cut estimated 2600"])
    }

    /// A provider that counts as it goes is believed up to its last count.
    @Test func aCutBehindACountIsReported() async throws {
        let counting = #"{"choices":[{"index":0,"delta":{"content":"One"}}],"usage":{"prompt_tokens":10,"completion_tokens":2}}"#
        let more = #"{"choices":[{"index":0,"delta":{"content":" more than two tokens"}}]}"#
        let alone = [ModelSpec.named("a")]
        let counted = GatewayRig(alone) { _, _ in .events([counting], then: .fail(.cut)) }
        _ = try await StreamParts(reading: counted.stream())
        #expect(try Self.brief(attempts(of: counted)) == ["answer a1/there cut reported 3000"])
        // 3 + 21 bytes are 6 tokens: 10 × 100 + 6 × 1000.
        let beyond = GatewayRig(alone) { _, _ in .events([counting, more], then: .fail(.cut)) }
        _ = try await StreamParts(reading: beyond.stream())
        #expect(try Self.brief(attempts(of: beyond)) == ["answer a1/there cut estimated 7000"])
    }

    /// Wherever the caller leaves, it is charged what came until then: never nothing, never all.
    @Test(arguments: 0...5) func whoLeavesIsChargedWhatWasDelivered(after chunks: Int) async throws {
        let texts = ["12345678", "12345678", "12345678", "12345678", "12345678", "12345678"]
        let rig = GatewayRig(Self.two) { _, _ in .events(Chat.chunks(texts, usage: Chat.Usage(prompt: 9, completion: 90)) + ["[DONE]"]) }
        do {
            var stream = try await rig.stream()
            for _ in 0..<chunks { _ = try await stream.next {} }
        }
        let outcome = try rig.outcomes.only()
        #expect(outcome.ending == .callerGone)
        // Each chunk is 8 bytes, 2 tokens; the first is there before anybody reads.
        let tokens = 2 * max(1, chunks)
        #expect(Self.brief(outcome.attempts) == ["answer a1/there caller_gone estimated \(600 + tokens * 1000)"])
    }

    @Test func whoLeavesBeforeTheFirstWordIsChargedTheQuestion() async throws {
        let asked = Gate()
        let rig = GatewayRig(Self.two) { _, _ in .wait(asked, then: .whole()) }
        let task = Task { await rig.ask() }
        _ = try await rig.calls.record.wait("the call") { $0.calls.isEmpty ? nil : true }
        task.cancel()
        _ = await task.value
        #expect(try Self.brief(attempts(of: rig)) == ["failed_attempt a1/there caller_gone estimated 600"])
    }

    @Test func withoutAPriceTheAmountIsUnknown() async throws {
        var model = ModelSpec.named("a")
        model.price = nil
        let rig = GatewayRig([model]) { _, _ in .whole(usage: Self.usage) }
        _ = await rig.ask()
        #expect(try Self.brief(attempts(of: rig)) == ["answer a1/there ok reported ?"])
        #expect(try rig.outcomes.only().cost == nil)
        #expect(try attempts(of: rig).receipt.isComplete == false)
    }

    @Test func aRequestOverItsLimitIsRefused() async throws {
        let rig = GatewayRig([.named("a")]) { _, _ in .whole() }
        // 6 × 100 + 500 × 1000 picodollars.
        let failure = await rig.ask(more: #","quintet":{"max_cost":5e-7}"#)
        #expect(failure.status == 400)
        #expect(failure.error?.code == .costLimit)
        #expect(failure.error?.param == "quintet.max_cost")
        #expect(failure.error?.message == "No model can answer this within 'quintet.max_cost' (0.0000005 USD). The cheapest, a, would cost about 0.0000005006 USD: raise the limit, or ask for a shorter answer by max_tokens.")
        #expect(rig.calls.providers.isEmpty)
        #expect(await rig.ask(more: #","quintet":{"max_cost":5.006e-7}"#).text == "hello")
        #expect(await rig.ask(more: #","max_tokens":5,"quintet":{"max_cost":5.6e-9}"#).text == "hello")
        let unknown = await rig.ask(more: #","quintet":{"models":["nope"]}"#)
        #expect(unknown.status == 400)
        #expect(unknown.error?.param == "quintet.models")
        #expect(await GatewayRig(Self.two) { _, _ in .whole() }.ask(more: #","quintet":{"models":["b"]}"#).head?.model == "b")
    }

    // MARK: Errors

    /// The first had the question and was silent, the second refused it: 6 × 100.
    @Test(arguments: [true, false]) func anErrorTellsWhatItsAttemptsCost(isStream: Bool) async throws {
        let rig = GatewayRig(Self.two) { provider, _ in provider == "a1" ? .silence : .error(429) }
        let failure = try #require(await rig.ask(isStream: isStream).failure)
        #expect(Self.brief(failure.receipt) == ["failed_attempt a1/there first_content_timeout estimated 600", "failed_attempt b1/there rate_limited nothing 0"])
        let told = try JSONDocument(failure.body(withReceipt: true)).root["error"]
        #expect(told?["code"]?.string == "providers_failed")
        #expect(told?["quintet"]?["receipt"]?["total"]?.int == 600)
        #expect(told?["quintet"]?["receipt"]?["estimated"]?.bool == true)
        #expect(try JSONDocument(failure.body(withReceipt: false)).root["error"]?["quintet"] == nil)
    }

    /// `Once upon` is 3 tokens, and `Once up` 2, each behind a question of 4.
    @Test func aStreamThatBreaksOffTellsWhatItCost() async throws {
        let rig = GatewayRig(Self.two) { provider, _ in
            .events(Chat.chunks(provider == "a1" ? ["Once upon"] : ["Once up"], finish: nil), then: .fail(.cut))
        }
        let parts = try await StreamParts(reading: rig.stream())
        #expect(parts.failures == [.providersFailed])
        #expect(Self.brief(parts.receipt) == ["answer a1/there cut estimated 3600", "failed_attempt b1/there cut estimated 2600"])
        #expect(parts.receipt?.total == Money(picodollars: 6200))
    }

    /// What a caller reads of a provider's own error stays as it was, byte for byte.
    @Test func aProvidersOwnErrorGetsItsReceiptInside() async throws {
        let rig = GatewayRig([.named("a")]) { _, _ in .error(400, "no such thing") }
        let failure = try #require(await rig.ask().failure)
        let own = String(buffer: try #require(failure.providerBody))
        let told = String(buffer: failure.body(withReceipt: true))
        #expect(String(buffer: failure.body(withReceipt: false)) == own)
        let root = try JSONDocument(ByteBuffer(string: told)).root
        let receipt = try #require(root["error"]?["quintet"])
        #expect(receipt["receipt"]?["total"]?.int == 0)
        #expect(receipt["receipt"]?["lines"]?.children.map { $0["basis"]?.string } == ["nothing"])
        #expect(told.replacing(#","quintet":\#(String(buffer: receipt.text))"#, with: "") == own)
    }

    @Test func whoWasNotAskedCostsNothing() async throws {
        let failure = try #require(await GatewayRig([.named("a")]) { _, _ in .whole() }.ask("nope").failure)
        #expect(failure.receipt == nil)
        #expect(!String(buffer: failure.body(withReceipt: true)).contains("receipt"))
    }

    /// 6 × 100 + 500 × 1000, also where nobody asked for a receipt.
    @Test func aRefusalForItsCostTellsTheEstimate() async throws {
        let rig = GatewayRig([.named("a")]) { _, _ in .whole() }
        let failure = try #require(await rig.ask(more: #","quintet":{"max_cost":5e-7}"#).failure)
        let told = try JSONDocument(failure.body(withReceipt: false)).root["error"]?["quintet"]?.text
        #expect(told.map { String(buffer: $0) } == #"{"estimate":{"unit":"picodollars","total":500600,"total_usd":"0.0000005006","model":"a","tokens":["#
            + #"{"class":"prompt","count":6,"price":100,"amount":600},{"class":"completion","count":500,"price":1000,"amount":500000}]}}"#)
    }
}
