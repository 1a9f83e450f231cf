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
        let rates = rates("")
        let longPrompts = longPromptSuffixes().compactMap { suffix, above in
            self.rates(suffix).map { (above: above, rates: $0) }
        }
        if rates == nil, let suffix = longPromptSuffixes().first?.suffix {
            let mend = "The price of long prompts (\(suffix)) needs that of others beside it."
            reader.note("input_cost_per_token", "is missing. \(mend)")
        }
        return rates.map { Price($0, longPrompts: longPrompts, source: source, date: date) }
    }

    /// The prices of the fields that end in `suffix`; prompt and completion belong together.
    private func rates(_ suffix: String) -> Price.Rates? {
        let input = "input_cost_per_token" + suffix
        let output = "output_cost_per_token" + suffix
        let cached = "cache_read_input_token_cost" + suffix
        let prices = (money(input), money(output), money(cached))
        guard reader.has(input) || reader.has(output) || reader.has(cached) else { return nil }
        for key in [input, output] where !reader.has(key) {
            reader.note(key, "is missing. Prices of prompt and completion belong together: add it, or remove the other.")
        }
        guard let prompt = prices.0, let completion = prices.1 else { return nil }
        return Price.Rates(prompt: prompt, completion: completion, cachedPrompt: prices.2)
    }

    /// The endings `_above_272k_tokens` that occur, with the tokens that they mean.
    private func longPromptSuffixes() -> [(suffix: String, above: Int)] {
        var suffixes: [String: Int] = [:]
        let fields = ["input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost"]
        for key in reader.keys {
            guard let field = fields.first(where: { key.hasPrefix($0 + "_above_") }), key.hasSuffix("k_tokens")
            else { continue }
            let digits = key.dropFirst(field.count + "_above_".count).dropLast("k_tokens".count)
            guard let thousands = Int(digits), (1...1_000_000).contains(thousands) else { continue }
            suffixes[String(key.dropFirst(field.count))] = thousands * 1000
        }
        return suffixes.map { ($0.key, $0.value) }.sorted { $0.above < $1.above }
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
