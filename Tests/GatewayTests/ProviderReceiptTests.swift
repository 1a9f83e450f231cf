import Core
@testable import Gateway
import NIOCore
import TestKit
import Testing
import Wire

/// Receipts of providers that count in their own ways, from their bytes to the last line.
@Suite struct ProviderReceiptTests {
    /// A token each; whoever mistakes one class for another gets another amount.
    private static let price = Price(.init(
        prompt: Money(picodollars: 100), completion: Money(picodollars: 1000), cachedPrompt: Money(picodollars: 10),
        cacheWrite: Money(picodollars: 125), longCacheWrite: Money(picodollars: 200), reasoning: Money(picodollars: 1500)))

    private static func model(_ api: Provider.API) -> ModelSpec {
        var model = ModelSpec.named("a")
        (model.api, model.price) = (api, price)
        return model
    }

    /// Of each class its tokens and amount, and the line's basis and amount.
    private static func brief(_ receipt: Receipt?) -> [String] {
        (receipt?.lines ?? []).flatMap { line in
            line.charge.items.map { "\($0.tokenClass.rawValue) \($0.tokens) \($0.amount?.picodollars ?? -1)" }
                + ["\(line.charge.basis.rawValue) \(line.charge.amount?.picodollars ?? -1)"]
        }
    }

    // MARK: Anthropic

    private static let prompt = #""input_tokens":21,"cache_creation_input_tokens":2251,"cache_read_input_tokens":1886,"cache_creation":{"ephemeral_5m_input_tokens":456,"ephemeral_1h_input_tokens":1795}"#
    private static let thoughts = #""output_tokens":503,"output_tokens_details":{"thinking_tokens":100}"#
    private static let events = [
        #"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{\#(prompt),"output_tokens":1}}}"#,
        #"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"12345678"}}"#,
        #"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"12345678"}}"#,
        #"{"type":"content_block_stop","index":0}"#,
        #"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{\#(thoughts)}}"#,
        #"{"type":"message_stop"}"#,
    ]

    /// 21 × 100, 1886 × 10, 456 × 125, 1795 × 200, 403 × 1000 and 100 × 1500.
    @Test(arguments: [true, false]) func anthropicsPromptIsWhatItReadAndWroteAndTheRest(isStream: Bool) async throws {
        let whole = #"{"type":"message","id":"m","model":"c","role":"assistant","content":[{"type":"text","text":"a"}],"stop_reason":"end_turn","usage":{\#(Self.prompt),\#(Self.thoughts)}}"#
        let rig = GatewayRig([Self.model(.anthropic)]) { _, _ in
            isStream ? .events(Self.events) : .answer(200, [.bytes(whole)], isEventStream: false)
        }
        if isStream { _ = try await StreamParts(reading: rig.stream()) } else { _ = await rig.ask() }
        #expect(try Self.brief(rig.outcomes.only().attempts.receipt) == [
            "prompt 21 2100", "cache_read 1886 18860", "cache_write_5m 456 57000", "cache_write_1h 1795 359000",
            "completion 403 403000", "reasoning 100 150000", "reported 989960",
        ])
    }

    /// The prompt is counted first, the answer last: 8 bytes were delivered, 2 tokens.
    @Test func whoLeavesAnthropicPaysTheCountedPromptAndWhatCame() async throws {
        let rig = GatewayRig([Self.model(.anthropic)]) { _, _ in .events(Self.events) }
        do {
            var stream = try await rig.stream()
            _ = try await stream.next {}
        }
        #expect(try Self.brief(rig.outcomes.only().attempts.receipt) == [
            "prompt 21 2100", "cache_read 1886 18860", "cache_write_5m 456 57000", "cache_write_1h 1795 359000",
            "completion 2 2000", "estimated 438960",
        ])
    }

    // MARK: OpenAI's wire

    /// The count stands beside the last choice, and again alone in a chunk that says the same.
    @Test(arguments: [true, false]) func usageBesideAChoiceCountsOnce(isTwice: Bool) async throws {
        let usage = #""usage":{"prompt_tokens":1000,"completion_tokens":60,"total_tokens":1060,"prompt_tokens_details":{"cached_tokens":900},"completion_tokens_details":{"reasoning_tokens":50}}"#
        let events = [
            #"{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":null}"#,
            #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],\#(usage)}"#,
        ] + (isTwice ? [#"{"choices":[],\#(usage)}"#] : []) + ["[DONE]"]
        let rig = GatewayRig([Self.model(.openai)]) { _, _ in .events(events) }
        _ = try await StreamParts(reading: rig.stream())
        // 100 × 100, 900 × 10, 10 × 1000, 50 × 1500.
        #expect(try Self.brief(rig.outcomes.only().attempts.receipt) == [
            "prompt 100 10000", "cache_read 900 9000", "completion 10 10000", "reasoning 50 75000", "reported 104000",
        ])
    }

    /// Thoughts are delivered as well, and priced as what they are: 12 bytes of them, and 4 of text.
    @Test func withoutACountThoughtsAreEstimatedApart() async throws {
        let events = [
            #"{"choices":[{"index":0,"delta":{"reasoning_content":"Let me think"}}]}"#,
            #"{"choices":[{"index":0,"delta":{"content":"Four"},"finish_reason":"stop"}]}"#, "[DONE]",
        ]
        let rig = GatewayRig([Self.model(.openai)]) { _, _ in .events(events) }
        _ = try await StreamParts(reading: rig.stream())
        #expect(try Self.brief(rig.outcomes.only().attempts.receipt) == [
            "prompt 6 600", "completion 1 1000", "reasoning 3 4500", "estimated 6100",
        ])
    }
}
