import Core
import Foundation

/// Reads a model's price from the fields of the public price catalogue.
struct PriceReader {
    private let reader: ObjectReader
    /// Dollars for one token. The dearest models cost a fraction of it; what costs more is a price per million tokens.
    private static let limit = 0.01

    init(_ reader: ObjectReader) { self.reader = reader }

    /// nil when the price is unknown, which is another thing than free.
    func price() -> Price? {
        let source = reader.text("price_source")
        let date = date()
        let tiers = longPromptTiers()
        let base = parts("")
        let longPrompts = tiers.compactMap { suffix, above in
            parts(suffix).map { (above: above, rates: $0.rates(costingAtLeast: base)) }
        }
        if base == nil, let suffix = tiers.first?.suffix {
            let mend = "The price of long prompts (\(suffix)) needs that of others beside it."
            reader.note("input_cost_per_token", "is missing. \(mend)")
        }
        return base.map { Price($0.rates(), longPrompts: longPrompts, source: source, date: date) }
    }

    /// The field of the price catalogue that says what a token of the class costs.
    private static func field(_ tokenClass: TokenClass) -> String {
        switch tokenClass {
        case .prompt: "input_cost_per_token"
        case .cacheRead: "cache_read_input_token_cost"
        case .cacheWrite: "cache_creation_input_token_cost"
        case .longCacheWrite: "cache_creation_input_token_cost_above_1hr"
        case .promptAudio: "input_cost_per_audio_token"
        case .promptImage: "input_cost_per_image_token"
        case .completion: "output_cost_per_token"
        case .reasoning: "output_cost_per_reasoning_token"
        case .completionAudio: "output_cost_per_audio_token"
        }
    }

    /// What the fields that end in `suffix` say.
    private struct Parts {
        let prompt: Money
        let completion: Money
        /// Of the classes that have a price of their own.
        let others: [TokenClass: Money]

        /// - Parameter base: what shorter prompts cost. A class without a price of its own costs what its whole does, but
        ///   no less than there: too much rather than too little.
        func rates(costingAtLeast base: Parts? = nil) -> Price.Rates {
            func price(_ tokenClass: TokenClass, else whole: Money) -> Money? {
                others[tokenClass] ?? base?.others[tokenClass].map { max($0, whole) }
            }
            return Price.Rates(
                prompt: prompt, completion: completion, cachedPrompt: price(.cacheRead, else: prompt),
                cacheWrite: price(.cacheWrite, else: prompt), longCacheWrite: price(.longCacheWrite, else: prompt),
                promptAudio: price(.promptAudio, else: prompt), promptImage: price(.promptImage, else: prompt),
                reasoning: price(.reasoning, else: completion), completionAudio: price(.completionAudio, else: completion))
        }
    }

    /// Prompt and completion belong together; the other classes are worth nothing without them.
    private func parts(_ suffix: String) -> Parts? {
        let (input, output) = (Self.field(.prompt) + suffix, Self.field(.completion) + suffix)
        var prices: [TokenClass: Money] = [:]
        for tokenClass in TokenClass.allCases { prices[tokenClass] = money(Self.field(tokenClass) + suffix) }
        guard reader.has(input) || reader.has(output) || reader.has(Self.field(.cacheRead) + suffix) else { return nil }
        for key in [input, output] where !reader.has(key) {
            reader.note(key, "is missing. Prices of prompt and completion belong together: add it, or remove the other.")
        }
        guard let prompt = prices.removeValue(forKey: .prompt), let completion = prices.removeValue(forKey: .completion) else {
            return nil
        }
        return Parts(prompt: prompt, completion: completion, others: prices)
    }

    /// The endings `_above_272k_tokens` that occur, with the tokens that they mean.
    private func longPromptTiers() -> [(suffix: String, above: Int)] {
        var tiers: [String: Int] = [:]
        for key in reader.keys where key.hasSuffix("k_tokens") {
            for field in TokenClass.allCases.map({ Self.field($0) + "_above_" }) where key.hasPrefix(field) {
                let digits = key.dropFirst(field.count).dropLast("k_tokens".count)
                guard let thousands = Int(digits), (1...1_000_000).contains(thousands) else { continue }
                tiers["_above_\(digits)k_tokens"] = thousands * 1000
            }
        }
        return tiers.map { ($0.key, $0.value) }.sorted { $0.above < $1.above }
    }

    private func money(_ key: String) -> Money? {
        guard let dollars = reader.number(key) else { return nil }
        guard dollars >= 0 else {
            reader.note(key, "must not be negative.")
            return nil
        }
        guard dollars <= Self.limit, let money = Money(usd: dollars) else {
            let mend = "Prices are US dollars per token: 2.50 per million is written 2.5e-06."
            reader.note(key, "is too high for one token. \(mend)")
            return nil
        }
        guard money > .zero || dollars == 0 else {
            reader.note(key, "is less than a picodollar (1e-12), the smallest price that can be counted. Write 0 for free.")
            return nil
        }
        return money
    }

    private func date() -> String? {
        guard let text = reader.text("price_date") else { return nil }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let isShaped = parts.map(\.count) == [4, 2, 2] && parts.allSatisfy { $0.consists(of: NameCharacters.digits) }
        let numbers = parts.compactMap { Int($0) }
        let calendar = Calendar(identifier: .gregorian)
        guard isShaped, numbers.count == 3,
            DateComponents(calendar: calendar, year: numbers[0], month: numbers[1], day: numbers[2]).isValidDate
        else {
            reader.note("price_date", "must be a date written YYYY-MM-DD.")
            return nil
        }
        return text
    }
}
