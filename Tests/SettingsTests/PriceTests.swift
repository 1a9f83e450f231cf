import Core
import Settings
import Testing

@Suite struct PriceTests {
    private func price(_ keys: String) throws -> Price? {
        let file = try ModelsFile.parse(ModelsFileTests.file(model: ", " + keys), path: "models.json")
        return file.models.first { $0.name == "fast-one" }?.price
    }

    @Test(arguments: [
        ("0", 0), ("1e-12", 1), ("6e-09", 6000), ("1e-7", 100_000), ("0.0000001", 100_000), ("1.5e-07", 150_000),
        ("3.75e-08", 37_500), ("1.36e-06", 1_360_000), ("4.4e-08", 44_000), ("5e-05", 50_000_000), ("0.01", 10_000_000_000),
    ])
    func isExactInPicodollars(dollars: String, picodollars: Int64) throws {
        let price = try price("\"input_cost_per_token\": \(dollars), \"output_cost_per_token\": \(dollars)")
        #expect(price?.rates.prompt == Money(picodollars: picodollars))
        #expect(price?.rates.completion == Money(picodollars: picodollars))
        #expect(price?.rates.cachedPrompt == Money(picodollars: picodollars))
        #expect(price?.longPrompts.isEmpty == true)
    }

    @Test func freeIsNotUnknown() throws {
        #expect(
            try price("\"input_cost_per_token\": 0, \"output_cost_per_token\": 0")
                == Price(.init(prompt: .zero, completion: .zero)))
        #expect(try price("\"quality\": 1") == nil)
        #expect(try price("\"input_cost_per_image\": 0.04, \"cache_creation_input_token_cost\": 1e-6") == nil)
    }

    @Test func longPromptsHaveTheirOwnRates() throws {
        let read = try price(
            """
            "input_cost_per_token": 1e-6, "output_cost_per_token": 5e-6, "cache_read_input_token_cost": 1e-7,
            "output_cost_per_token_above_272k_tokens": 7.5e-6, "input_cost_per_token_above_272k_tokens": 2e-6,
            "cache_read_input_token_cost_above_272k_tokens": 2e-7, "cache_creation_input_token_cost_above_272k_tokens": 3e-6,
            "input_cost_per_token_above_128k_tokens": 1.5e-6, "output_cost_per_token_above_128k_tokens": 6e-6
            """)
        let price = try #require(read)
        #expect(price.longPrompts.map(\.above) == [128_000, 272_000])
        #expect(
            price.longPrompts[1].rates
                == .init(
                    prompt: Money(picodollars: 2_000_000), completion: Money(picodollars: 7_500_000),
                    cachedPrompt: Money(picodollars: 200_000), cacheWrite: Money(picodollars: 3_000_000)))
        // Without a price of its own, what is cached costs what is not: too much rather than too little.
        #expect(price.longPrompts[0].rates.cachedPrompt == Money(picodollars: 1_500_000))
        let usage = Usage(promptTokens: 272_001, completionTokens: 1)
        #expect(price.cost(of: usage) == Money(picodollars: 272_001 * 2_000_000 + 7_500_000))
    }

    @Test func everyClassHasItsField() throws {
        let read = try price(
            """
            "input_cost_per_token": 1e-6, "output_cost_per_token": 5e-6, "cache_read_input_token_cost": 1e-7,
            "cache_creation_input_token_cost": 1.25e-6, "cache_creation_input_token_cost_above_1hr": 2e-6,
            "input_cost_per_audio_token": 4e-5, "input_cost_per_image_token": 3e-6, "output_cost_per_reasoning_token": 6e-6,
            "output_cost_per_audio_token": 8e-5,
            "input_cost_per_token_above_200k_tokens": 2e-6, "output_cost_per_token_above_200k_tokens": 7e-6,
            "cache_creation_input_token_cost_above_1hr_above_200k_tokens": 4e-6
            """)
        let price = try #require(read)
        func rate(_ picodollars: Int64) -> Money { Money(picodollars: picodollars) }
        #expect(
            price.rates
                == .init(
                    prompt: rate(1_000_000), completion: rate(5_000_000), cachedPrompt: rate(100_000),
                    cacheWrite: rate(1_250_000), longCacheWrite: rate(2_000_000), promptAudio: rate(40_000_000),
                    promptImage: rate(3_000_000), reasoning: rate(6_000_000), completionAudio: rate(80_000_000)))
        // What says nothing of long prompts costs what their prompt or completion does, and no less than with short ones.
        #expect(
            price.longPrompts.map(\.rates)
                == [
                    .init(
                        prompt: rate(2_000_000), completion: rate(7_000_000), cachedPrompt: rate(2_000_000),
                        cacheWrite: rate(2_000_000), longCacheWrite: rate(4_000_000), promptAudio: rate(40_000_000),
                        promptImage: rate(3_000_000), reasoning: rate(7_000_000), completionAudio: rate(80_000_000)),
                ])
    }
}
