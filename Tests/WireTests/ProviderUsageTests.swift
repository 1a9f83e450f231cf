import Core
import NIOCore
import TestKit
import Testing
@testable import Wire

/// What each provider's usage means, and what it costs: every amount is worked out by hand beside it.
@Suite struct ProviderUsageTests {
    /// Millionths of a dollar are a million picodollars each: a token of the price "2.5 per million dollars" costs 2,500,000.
    private static func rates(
        _ prompt: Int64, _ completion: Int64, cached: Int64? = nil, write: Int64? = nil, longWrite: Int64? = nil,
        audio: Int64? = nil, image: Int64? = nil, reasoning: Int64? = nil, speech: Int64? = nil
    ) -> Price {
        func money(_ picodollars: Int64) -> Money { Money(picodollars: picodollars) }
        return Price(.init(
            prompt: money(prompt), completion: money(completion), cachedPrompt: cached.map(money), cacheWrite: write.map(money),
            longCacheWrite: longWrite.map(money), promptAudio: audio.map(money), promptImage: image.map(money),
            reasoning: reasoning.map(money), completionAudio: speech.map(money)))
    }

    /// One provider's answer.
    struct Shape: CustomTestStringConvertible, Sendable {
        let name: String
        let usage: String
        let expected: Usage
        let price: Price
        /// By hand.
        let picodollars: Int64

        var testDescription: String { name }
    }

    static let shapes = [
        Shape(
            name: "OpenAI: cached tokens are in the prompt, predictions that were rejected in the completion",
            usage: #"""
                {"prompt_tokens":2006,"completion_tokens":300,"total_tokens":2306,
                 "prompt_tokens_details":{"cached_tokens":1920,"audio_tokens":0},
                 "completion_tokens_details":{"reasoning_tokens":128,"audio_tokens":0,
                  "accepted_prediction_tokens":40,"rejected_prediction_tokens":12}}
                """#,
            expected: Usage(promptTokens: 2006, completionTokens: 300, cachedPromptTokens: 1920, reasoningTokens: 128),
            // 86 × 2.5 + 1920 × 1.25 + 172 × 10 + 128 × 10 = 215 + 2400 + 1720 + 1280
            price: rates(2_500_000, 10_000_000, cached: 1_250_000), picodollars: 5_615_000_000),
        Shape(
            name: "OpenAI with audio in and out",
            usage: #"""
                {"prompt_tokens":120,"completion_tokens":90,"total_tokens":210,
                 "prompt_tokens_details":{"cached_tokens":0,"audio_tokens":100},
                 "completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":70}}
                """#,
            expected: Usage(promptTokens: 120, completionTokens: 90, promptAudioTokens: 100, completionAudioTokens: 70),
            // 20 × 2.5 + 100 × 40 + 20 × 10 + 70 × 80 = 50 + 4000 + 200 + 5600
            price: rates(2_500_000, 10_000_000, audio: 40_000_000, speech: 80_000_000), picodollars: 9_850_000_000),
        Shape(
            name: "OpenAI with tokens written to its cache",
            usage: #"""
                {"prompt_tokens":4000,"completion_tokens":10,"total_tokens":4010,
                 "prompt_tokens_details":{"cached_tokens":1000,"cache_write_tokens":2500}}
                """#,
            expected: Usage(promptTokens: 4000, completionTokens: 10, cachedPromptTokens: 1000, cacheWriteTokens: 2500),
            // 500 × 2 + 1000 × 0.1 + 2500 × 2.5 + 10 × 10 = 1000 + 100 + 6250 + 100
            price: rates(2_000_000, 10_000_000, cached: 100_000, write: 2_500_000), picodollars: 7_450_000_000),
        Shape(
            name: "Azure: OpenAI's, among other members",
            usage: #"""
                {"completion_tokens":13,"completion_tokens_details":{"accepted_prediction_tokens":0,"audio_tokens":0,
                 "reasoning_tokens":0,"rejected_prediction_tokens":0},"prompt_tokens":1105,
                 "prompt_tokens_details":{"audio_tokens":0,"cached_tokens":1024},"total_tokens":1118}
                """#,
            expected: Usage(promptTokens: 1105, completionTokens: 13, cachedPromptTokens: 1024),
            // 81 × 0.4 + 1024 × 0.1 + 13 × 1.6 = 32.4 + 102.4 + 20.8
            price: rates(400_000, 1_600_000, cached: 100_000), picodollars: 155_600_000),
        Shape(
            name: "DeepSeek: hits and misses make the prompt",
            usage: #"""
                {"prompt_tokens":1200,"completion_tokens":450,"total_tokens":1650,"prompt_cache_hit_tokens":1088,
                 "prompt_cache_miss_tokens":112,"completion_tokens_details":{"reasoning_tokens":300}}
                """#,
            expected: Usage(promptTokens: 1200, completionTokens: 450, cachedPromptTokens: 1088, reasoningTokens: 300),
            // 112 × 0.28 + 1088 × 0.028 + 450 × 0.42 = 31.36 + 30.464 + 189
            price: rates(280_000, 420_000, cached: 28_000), picodollars: 250_824_000),
        Shape(
            name: "Moonshot: cached tokens at the top",
            usage: #"{"prompt_tokens":1336,"completion_tokens":31,"total_tokens":1367,"cached_tokens":1280}"#,
            expected: Usage(promptTokens: 1336, completionTokens: 31, cachedPromptTokens: 1280),
            // 56 × 3 + 1280 × 0.3 + 31 × 15 = 168 + 384 + 465
            price: rates(3_000_000, 15_000_000, cached: 300_000), picodollars: 1_017_000_000),
        Shape(
            name: "Gemini: thoughts only in the total",
            usage: #"{"prompt_tokens":20,"completion_tokens":151,"total_tokens":553}"#,
            expected: Usage(promptTokens: 20, completionTokens: 533, reasoningTokens: 382),
            // 20 × 0.3 + 533 × 2.5 = 6 + 1332.5
            price: rates(300_000, 2_500_000), picodollars: 1_338_500_000),
        Shape(
            name: "Gemini: thoughts beside a completion of nothing",
            usage: #"""
                {"prompt_tokens":21,"completion_tokens":0,"total_tokens":81,
                 "completion_tokens_details":{"reasoning_tokens":60},"prompt_tokens_details":{"cached_tokens":8}}
                """#,
            expected: Usage(promptTokens: 21, completionTokens: 60, cachedPromptTokens: 8, reasoningTokens: 60),
            // 13 × 0.3 + 8 × 0.03 + 60 × 2.5 = 3.9 + 0.24 + 150
            price: rates(300_000, 2_500_000, cached: 30_000), picodollars: 154_140_000),
        Shape(
            name: "Groq: with its times",
            usage: #"""
                {"queue_time":0.03,"prompt_tokens":512,"prompt_time":0.01,"completion_tokens":128,"completion_time":0.2,
                 "total_tokens":640,"total_time":0.21,"prompt_tokens_details":{"cached_tokens":256}}
                """#,
            expected: Usage(promptTokens: 512, completionTokens: 128, cachedPromptTokens: 256),
            // 256 × 0.075 + 256 × 0.0375 + 128 × 0.3 = 19.2 + 9.6 + 38.4
            price: rates(75_000, 300_000, cached: 37_500), picodollars: 67_200_000),
        Shape(
            name: "Mistral: three names for one number",
            usage: #"""
                {"prompt_tokens":1013,"total_tokens":1043,"completion_tokens":30,"prompt_audio_seconds":null,
                 "num_cached_tokens":1008,"prompt_tokens_details":{"cached_tokens":1008},"prompt_token_details":{"cached_tokens":1008}}
                """#,
            expected: Usage(promptTokens: 1013, completionTokens: 30, cachedPromptTokens: 1008),
            // 5 × 0.5 + 1008 × 0.05 + 30 × 1.5 = 2.5 + 50.4 + 45
            price: rates(500_000, 1_500_000, cached: 50_000), picodollars: 97_900_000),
        Shape(
            name: "Mistral: the other spelling alone",
            usage: #"{"prompt_tokens":801,"completion_tokens":2,"total_tokens":803,"prompt_token_details":{"cached_tokens":768}}"#,
            expected: Usage(promptTokens: 801, completionTokens: 2, cachedPromptTokens: 768),
            // 33 × 0.5 + 768 × 0.05 + 2 × 1.5 = 16.5 + 38.4 + 3
            price: rates(500_000, 1_500_000, cached: 50_000), picodollars: 57_900_000),
        Shape(
            name: "xAI: thoughts beside the completion",
            usage: #"""
                {"prompt_tokens":10120,"completion_tokens":1499,"total_tokens":14428,
                 "prompt_tokens_details":{"text_tokens":10120,"audio_tokens":0,"image_tokens":0,"cached_tokens":128},
                 "completion_tokens_details":{"reasoning_tokens":2809}}
                """#,
            expected: Usage(promptTokens: 10120, completionTokens: 4308, cachedPromptTokens: 128, reasoningTokens: 2809),
            // 9992 × 1.25 + 128 × 0.2 + 4308 × 2.5 = 12490 + 25.6 + 10770
            price: rates(1_250_000, 2_500_000, cached: 200_000), picodollars: 23_285_600_000),
        Shape(
            name: "xAI with an image, and the amount in ticks",
            usage: #"""
                {"prompt_tokens":300,"completion_tokens":5,"total_tokens":399,"cost_in_usd_ticks":232856000,
                 "prompt_tokens_details":{"text_tokens":44,"image_tokens":256},"completion_tokens_details":{"reasoning_tokens":94}}
                """#,
            expected: Usage(
                promptTokens: 300, completionTokens: 99, promptImageTokens: 256, reasoningTokens: 94,
                charged: Money(picodollars: 23_285_600_000)),
            // 44 × 2 + 256 × 3 + 99 × 10 = 88 + 768 + 990
            price: rates(2_000_000, 10_000_000, image: 3_000_000), picodollars: 1_846_000_000),
        Shape(
            name: "OpenRouter: with its own cost",
            usage: #"""
                {"completion_tokens":2,"completion_tokens_details":{"reasoning_tokens":0},"cost":0.00095,
                 "cost_details":{"upstream_inference_cost":null},"prompt_tokens":194,
                 "prompt_tokens_details":{"cached_tokens":10,"cache_write_tokens":100,"audio_tokens":0},"total_tokens":196}
                """#,
            expected: Usage(
                promptTokens: 194, completionTokens: 2, cachedPromptTokens: 10, cacheWriteTokens: 100,
                charged: Money(picodollars: 950_000_000)),
            // 84 × 2 + 10 × 0.25 + 100 × 2.5 + 2 × 6 = 168 + 2.5 + 250 + 12
            price: rates(2_000_000, 6_000_000, cached: 250_000, write: 2_500_000), picodollars: 432_500_000),
        Shape(
            name: "OpenRouter with the caller's own key: fee and price",
            usage: #"""
                {"prompt_tokens":10,"completion_tokens":1,"total_tokens":11,"cost":0.0001,"is_byok":true,
                 "cost_details":{"upstream_inference_cost":0.0019}}
                """#,
            expected: Usage(promptTokens: 10, completionTokens: 1, charged: Money(picodollars: 2_000_000_000)),
            price: rates(1_000_000, 1_000_000), picodollars: 11_000_000),
        Shape(
            name: "Perplexity: an object of costs",
            usage: #"{"prompt_tokens":7,"completion_tokens":3,"total_tokens":10,"cost":{"request_cost":0.005,"total_cost":0.005006}}"#,
            expected: Usage(promptTokens: 7, completionTokens: 3, charged: Money(picodollars: 5_006_000_000)),
            price: rates(1_000_000, 1_000_000), picodollars: 10_000_000),
        Shape(
            name: "Together: the plain numbers, cached ones at the top",
            usage: #"{"prompt_tokens":91,"completion_tokens":45,"total_tokens":136,"cached_tokens":64}"#,
            expected: Usage(promptTokens: 91, completionTokens: 45, cachedPromptTokens: 64),
            // 27 × 1.4 + 64 × 0.26 + 45 × 4.4 = 37.8 + 16.64 + 198
            price: rates(1_400_000, 4_400_000, cached: 260_000), picodollars: 252_440_000),
        Shape(
            name: "Alibaba: Anthropic's names inside OpenAI's details",
            usage: #"""
                {"prompt_tokens":1800,"completion_tokens":20,"total_tokens":1820,
                 "prompt_tokens_details":{"cached_tokens":100,"cache_creation_input_tokens":1605,"cache_type":"ephemeral",
                  "cache_creation":{"ephemeral_5m_input_tokens":1605}}}
                """#,
            expected: Usage(promptTokens: 1800, completionTokens: 20, cachedPromptTokens: 100, cacheWriteTokens: 1605),
            // 95 × 1 + 100 × 0.1 + 1605 × 1.25 + 20 × 4 = 95 + 10 + 2006.25 + 80
            price: rates(1_000_000, 4_000_000, cached: 100_000, write: 1_250_000), picodollars: 2_191_250_000),
        Shape(
            name: "every class at once",
            usage: #"""
                {"prompt_tokens":1000,"completion_tokens":600,"total_tokens":1600,
                 "prompt_tokens_details":{"cached_tokens":100,"audio_tokens":50,"image_tokens":150,
                  "cache_creation_token_details":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":300}},
                 "completion_tokens_details":{"reasoning_tokens":250,"audio_tokens":50}}
                """#,
            expected: Usage(
                promptTokens: 1000, completionTokens: 600, cachedPromptTokens: 100, cacheWriteTokens: 200,
                longCacheWriteTokens: 300, promptAudioTokens: 50, promptImageTokens: 150, reasoningTokens: 250,
                completionAudioTokens: 50),
            // 200 × 1 + 100 × 0.1 + 200 × 1.25 + 300 × 2 + 50 × 8 + 150 × 1.5 + 300 × 4 + 250 × 5 + 50 × 16
            // = 200 + 10 + 250 + 600 + 400 + 225 + 1200 + 1250 + 800
            price: rates(
                1_000_000, 4_000_000, cached: 100_000, write: 1_250_000, longWrite: 2_000_000, audio: 8_000_000,
                image: 1_500_000, reasoning: 5_000_000, speech: 16_000_000), picodollars: 4_935_000_000),
        Shape(
            name: "vLLM, Ollama, llama.cpp: no details",
            usage: #"{"prompt_tokens":14,"total_tokens":21,"completion_tokens":7,"prompt_tokens_details":null}"#,
            expected: Usage(promptTokens: 14, completionTokens: 7), price: rates(0, 0), picodollars: 0),
        Shape(
            name: "a proxy for Anthropic: writes of both kinds in the prompt",
            usage: #"""
                {"prompt_tokens":5000,"completion_tokens":100,"total_tokens":5100,"cache_creation_input_tokens":1500,
                 "cache_read_input_tokens":3000,"prompt_tokens_details":{"cached_tokens":3000,
                  "cache_creation_token_details":{"ephemeral_5m_input_tokens":500,"ephemeral_1h_input_tokens":1000}}}
                """#,
            expected: Usage(
                promptTokens: 5000, completionTokens: 100, cachedPromptTokens: 3000, cacheWriteTokens: 500,
                longCacheWriteTokens: 1000),
            // 500 × 4 + 3000 × 0.2 + 500 × 5 + 1000 × 8 + 100 × 20 = 2000 + 600 + 2500 + 8000 + 2000
            price: rates(4_000_000, 20_000_000, cached: 200_000, write: 5_000_000, longWrite: 8_000_000),
            picodollars: 15_100_000_000),
    ]

    @Test(arguments: shapes) func everyShapeIsReadAndPriced(shape: Shape) throws {
        let body = ByteBuffer(string: #"{"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}],"usage":\#(shape.usage)}"#)
        let usage = try #require(ProviderAnswer.whole(body)?.usage)
        #expect(usage == shape.expected)
        #expect(shape.price.cost(of: usage) == Money(picodollars: shape.picodollars))
        #expect(TokenClass.allCases.reduce(0) { $0 + usage[$1] } == usage.totalTokens)
        // The same in a stream, alone and beside a choice.
        let alone = ProviderAnswer.chunk(ByteBuffer(string: #"{"choices":[],"usage":\#(shape.usage)}"#))
        #expect(alone?.usage == usage)
        #expect(alone?.isUsageOnly == true)
        let beside = ProviderAnswer.chunk(ByteBuffer(string: #"{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":\#(shape.usage)}"#))
        #expect(beside?.usage == usage)
        #expect(beside?.isUsageOnly == false)
    }

    // MARK: Anthropic's own wire

    /// Anthropic's `input_tokens` leave out what was read from the cache or written to it.
    private static let anthropic = #"""
        {"input_tokens":21,"cache_creation_input_tokens":2251,"cache_read_input_tokens":1886,
         "cache_creation":{"ephemeral_5m_input_tokens":456,"ephemeral_1h_input_tokens":1795},"output_tokens":503,
         "output_tokens_details":{"thinking_tokens":100}}
        """#
    private static let anthropicUsage = Usage(
        promptTokens: 4158, completionTokens: 503, cachedPromptTokens: 1886, cacheWriteTokens: 456,
        longCacheWriteTokens: 1795, reasoningTokens: 100)

    @Test func anthropicExcludesWhatIsCached() throws {
        let message = ByteBuffer(string: #"""
            {"type":"message","id":"m","model":"c","role":"assistant","content":[{"type":"text","text":"a"}],
             "stop_reason":"end_turn","usage":\#(Self.anthropic)}
            """#)
        let answer = try #require(AnthropicAnswer.whole(message, created: 1))
        let usage = try #require(ProviderAnswer.whole(answer)?.usage)
        #expect(usage == Self.anthropicUsage)
        // 21 × 4 + 1886 × 0.2 + 456 × 5 + 1795 × 8 + 503 × 20 = 84 + 377.2 + 2280 + 14360 + 10060
        let price = Self.rates(4_000_000, 20_000_000, cached: 200_000, write: 5_000_000, longWrite: 8_000_000)
        #expect(price.cost(of: usage) == Money(picodollars: 27_161_200_000))
    }

    @Test func anthropicsCountsGrow() throws {
        var stream = AnthropicStream(model: "c", created: 1)
        func take(_ data: String) -> [SSEEvent] { stream.translate(SSEEvent(plain: SSEFrame.data(ByteBuffer(string: data)))) }
        let start = #"{"type":"message_start","message":{"id":"m","model":"c","usage":{"input_tokens":21,"cache_read_input_tokens":1886,"cache_creation_input_tokens":2251,"cache_creation":{"ephemeral_5m_input_tokens":456,"ephemeral_1h_input_tokens":1795},"output_tokens":1}}}"#
        _ = take(start)
        #expect(stream.usage == Self.anthropicUsage.with(completion: 1, reasoning: 0))
        _ = take(#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":503,"output_tokens_details":{"thinking_tokens":100}}}"#)
        let chunk = try #require(take(#"{"type":"message_stop"}"#).first)
        #expect(ProviderAnswer.chunk(chunk.data)?.usage == Self.anthropicUsage)
        #expect(stream.usage == Self.anthropicUsage)
    }

    /// Whatever a provider says, no token is counted twice or less than not at all.
    @Test func theClassesAlwaysSumToTheTotal() throws {
        var random = SplitMix64(seed: 17)
        let counts = ["prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "prompt_cache_hit_tokens", "reasoning_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "cache_write_tokens"]
        let parts = ["cached_tokens", "audio_tokens", "image_tokens", "reasoning_tokens", "cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens"]
        let splits = ["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"]
        func members(_ names: [String], _ more: [String] = []) -> String {
            let told = names.filter { _ in Bool.random(using: &random) }.map { name in
                let value = ["-1", "null", "0", "9007199254740991"].randomElement(using: &random).flatMap { Int.random(in: 0...9, using: &random) == 0 ? $0 : nil }
                return #""\#(name)":\#(value ?? "\(Int.random(in: 0...5000, using: &random))")"#
            }
            return "{\((told + more).joined(separator: ","))}"
        }
        for _ in 0..<2000 {
            let prompt = members(parts, [#""cache_creation_token_details":\#(members(splits))"#])
            let text = members(counts, [#""prompt_tokens_details":\#(prompt)"#, #""completion_tokens_details":\#(members(parts))"#])
            guard let usage = Usage(try JSONDocument(ByteBuffer(string: text)).root) else { continue }
            let tokens = TokenClass.allCases.map { usage[$0] }
            #expect(tokens.allSatisfy { $0 >= 0 }, "\(text)")
            #expect(tokens.reduce(0, +) == usage.totalTokens, "\(text)")
        }
    }

    // MARK: Odd places

    @Test(arguments: [
        #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"x_groq":{"id":"r","usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}}"#,
        #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}],"usage":null}"#,
    ])
    func usageInsideTheLastChunk(chunk: String) throws {
        let payload = ByteBuffer(string: chunk)
        let facts = try #require(ProviderAnswer.chunk(payload))
        #expect(facts.usage == Usage(promptTokens: 7, completionTokens: 2))
        #expect(!facts.isUsageOnly)
        let alone = try #require(ProviderAnswer.usageChunk(of: payload))
        let root = try JSONDocument(alone.data).root
        #expect(root["choices"]?.isEmpty == true)
        #expect(root["usage"]?["prompt_tokens"]?.int == 7)
        #expect(root.children.map(\.key).count { $0 == "usage" } == 1)
    }

    @Test func aUsageChunkKeepsAllElse() throws {
        let payload = ByteBuffer(string: #"{"id":"c","created":5,"choices":[{"index":0,"delta":{"content":"x"}}],"usage":{"prompt_tokens":7,"cost":0.1},"new":[1]}"#)
        let alone = try #require(ProviderAnswer.usageChunk(of: payload))
        #expect(String(buffer: alone.data) == #"{"id":"c","created":5,"choices":[],"usage":{"prompt_tokens":7,"cost":0.1},"new":[1]}"#)
        #expect(ProviderAnswer.usageChunk(of: ByteBuffer(string: #"{"choices":[]}"#)) == nil)
        #expect(ProviderAnswer.usageChunk(of: ByteBuffer(string: "x")) == nil)
        // In one line, however the provider broke it.
        let broken = try #require(ProviderAnswer.usageChunk(of: ByteBuffer(string: "{\"choices\":[{}],\n\"usage\":{}}")))
        #expect(String(buffer: broken.frame) == "data: {\"choices\":[], \"usage\":{}}\n\n")
    }

    @Test(arguments: [
        // Thoughts inside the completion stay there, whatever the total says.
        (#"{"prompt_tokens":10,"completion_tokens":50,"total_tokens":60,"completion_tokens_details":{"reasoning_tokens":40}}"#, 50, 40),
        (#"{"prompt_tokens":10,"completion_tokens":50,"total_tokens":0,"completion_tokens_details":{"reasoning_tokens":40}}"#, 50, 40),
        (#"{"prompt_tokens":10,"completion_tokens":50,"completion_tokens_details":{"reasoning_tokens":40}}"#, 50, 40),
        // A total that is a little larger for another reason is not all thoughts.
        (#"{"prompt_tokens":10,"completion_tokens":50,"total_tokens":70,"completion_tokens_details":{"reasoning_tokens":40}}"#, 50, 40),
        // More thoughts than completion can only stand outside of it.
        (#"{"prompt_tokens":10,"completion_tokens":5,"completion_tokens_details":{"reasoning_tokens":40}}"#, 45, 40),
        (#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":10,"completion_tokens_details":{"reasoning_tokens":40}}"#, 45, 40),
        (#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":9007199254740991,"reasoning_tokens":-4}"#, 9_007_199_254_740_981, 9_007_199_254_740_976),
    ])
    func whereThoughtsAreCounted(usage: String, completion: Int, reasoning: Int) throws {
        let value = try JSONDocument(ByteBuffer(string: usage)).root
        let read = try #require(Usage(value))
        #expect(read.completionTokens == completion)
        #expect(read.reasoningTokens == reasoning)
    }

    @Test(arguments: ["-1", "\"2\"", "null", "1e300", "{}", #"{"total_cost":-1}"#, "true"])
    func aCostThatMeansNothingIsNone(cost: String) throws {
        let usage = #"{"prompt_tokens":1,"completion_tokens":1,"cost":\#(cost),"cost_in_usd_ticks":-7}"#
        let value = try JSONDocument(ByteBuffer(string: usage)).root
        let read = try #require(Usage(value))
        #expect(read.charged == nil)
    }

    // MARK: How much content there is

    @Test(arguments: [
        (#"{"content":"four"}"#, 4, 0), (#"{"role":"assistant","content":"a\nb"}"#, 4, 0), (#"{"refusal":"no"}"#, 2, 0),
        (#"{"content":"ab","reasoning_content":"xyz"}"#, 2, 3),
        (#"{"reasoning":"xyz","reasoning_details":[]}"#, 0, 3),
        (#"{"tool_calls":[{"index":0,"id":"call_123456789","type":"function","function":{"name":"find","arguments":"{\"a\"}"}}]}"#, 11, 0),
        (#"{"function_call":{"name":"f","arguments":"{}"}}"#, 3, 0), (#"{"audio":{"data":"AAAAAAAA","transcript":"hi"}}"#, 2, 0),
        ("{}", 0, 0),
    ])
    func contentIsMeasured(delta: String, written: Int, thought: Int) {
        let size = ContentSize(written: written, thought: thought)
        #expect(ProviderAnswer.chunk(ByteBuffer(string: #"{"choices":[{"index":0,"delta":\#(delta)}]}"#))?.size == size)
        #expect(ProviderAnswer.whole(ByteBuffer(string: #"{"choices":[{"message":\#(delta)}]}"#))?.size == size)
        let counted = #"{"choices":[{"message":\#(delta)}],"usage":{"prompt_tokens":1}}"#
        #expect(ProviderAnswer.whole(ByteBuffer(string: counted))?.size == ContentSize())
    }
}

extension Usage {
    fileprivate func with(completion: Int, reasoning: Int) -> Usage {
        Usage(
            promptTokens: promptTokens, completionTokens: completion, cachedPromptTokens: cachedPromptTokens,
            cacheWriteTokens: cacheWriteTokens, longCacheWriteTokens: longCacheWriteTokens, reasoningTokens: reasoning)
    }
}
