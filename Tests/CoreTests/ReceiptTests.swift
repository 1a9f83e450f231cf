import Core
import TestKit
import Testing

/// What calls cost, and that the parts sum to the whole.
@Suite struct ReceiptTests {
    private static let price = Price(
        .init(prompt: Money(picodollars: 1000), completion: Money(picodollars: 5000), cachedPrompt: Money(picodollars: 100)),
        longPrompts: [(100, .init(prompt: Money(picodollars: 2000), completion: Money(picodollars: 7000)))], source: "s", date: "2026-01-02")

    private func line(_ charge: Charge, _ kind: Receipt.Kind = .answer) -> Receipt.Line {
        Receipt.Line(kind: kind, model: "m", deployment: "p/m", outcome: "ok", charge: charge)
    }

    @Test func whatTheProviderCountedIsPricedByTheList() {
        let charge = Charge(reported: Usage(promptTokens: 10, completionTokens: 3, cachedPromptTokens: 4), at: Self.price)
        #expect(charge.basis == .reported)
        // 6 × 1000 + 4 × 100 + 3 × 5000.
        #expect(charge.amount == Money(picodollars: 21_400))
        #expect(charge.items.map(\.tokenClass) == [.prompt, .cacheRead, .completion])
        #expect(charge.items.map(\.tokens) == [6, 4, 3])
        #expect(charge.items.map(\.amount?.picodollars) == [6000, 400, 15_000])
        // The long prompt's prices, also in the items.
        let long = Charge(reported: Usage(promptTokens: 101, completionTokens: 1), at: Self.price)
        #expect(long.items.map(\.price?.picodollars) == [2000, 7000])
        #expect(long.amount == Money(picodollars: 209_000))
    }

    @Test func whatTheProviderChargesCountsBeforeTheList() {
        let charge = Charge(reported: Usage(promptTokens: 10, completionTokens: 3, charged: Money(picodollars: 77)), at: Self.price)
        #expect(charge.basis == .charged)
        #expect(charge.amount == Money(picodollars: 77))
        #expect(charge.price == nil)
        #expect(charge.items.map(\.amount) == [nil, nil])
    }

    @Test func withoutAPriceTheAmountIsUnknown() {
        let charge = Charge(estimated: Usage(promptTokens: 10, completionTokens: 3), at: nil)
        #expect(charge.amount == nil)
        #expect(charge.items.map(\.tokens) == [10, 3])
        let receipt = Receipt([line(.nothing, .failedAttempt), line(charge), line(Charge(reported: Usage(promptTokens: 1, completionTokens: 0), at: Self.price))])
        #expect(receipt.total == Money(picodollars: 1000))
        #expect(!receipt.isComplete)
        #expect(receipt.isEstimated)
    }

    @Test func nothingCostsNothing() {
        #expect(Charge.nothing.amount == .zero)
        #expect(Charge.nothing.items.isEmpty)
        let hit = Receipt([.cacheHit(model: "m", deployment: "p/m", saved: Money(picodollars: 9))])
        #expect(hit.total == .zero)
        #expect(hit.lines[0].saved == Money(picodollars: 9))
        #expect(hit.isComplete && !hit.isEstimated)
        #expect(Receipt([]).total == .zero)
    }

    @Test func everySumIsExact() {
        var random = SplitMix64(seed: 3)
        func price() -> Money { Money(picodollars: .random(in: 0...99_999_999, using: &random)) }
        func count() -> Int { .random(in: 0...100_000, using: &random) }
        for _ in 0..<300 {
            let lines = (0..<Int.random(in: 0...6, using: &random)).map { _ in
                let usage = Usage(
                    promptTokens: count(), completionTokens: count(), cachedPromptTokens: count(), cacheWriteTokens: count(),
                    longCacheWriteTokens: count(), promptAudioTokens: count(), promptImageTokens: count(),
                    reasoningTokens: count(), completionAudioTokens: count())
                let rates = Price.Rates(
                    prompt: price(), completion: price(), cachedPrompt: price(), cacheWrite: price(),
                    longCacheWrite: price(), promptAudio: price(), promptImage: price(), reasoning: price(),
                    completionAudio: price())
                return line(Charge(reported: usage, at: Price(rates)))
            }
            for line in lines {
                #expect(line.charge.items.reduce(Money.zero) { $0 + ($1.amount ?? .zero) } == line.charge.amount)
            }
            #expect(lines.reduce(Int64(0)) { $0 + ($1.charge.amount?.picodollars ?? 0) } == Receipt(lines).total.picodollars)
        }
    }

    /// A provider that had the request and did not refuse it may have made something of it.
    @Test func whatMayCost() {
        #expect(Fault.allCases.filter(\.mayCost) == [
            .firstContentTimeout, .stall, .totalTimeout, .cut, .empty, .callerGone, .diverged, .notNeeded,
        ])
    }
}
