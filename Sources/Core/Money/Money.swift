/// An exact amount of money in picodollars (10⁻¹² USD): the price of one token of the cheapest model is a whole
/// number of them, and 9 million dollars still fit.
package struct Money: Sendable, Hashable, Comparable {
    package let picodollars: Int64

    package init(picodollars: Int64) { self.picodollars = picodollars }

    /// The nearest amount; nil for what is not a finite amount that fits.
    package init?(usd: Double) {
        let scaled = (usd * 1e12).rounded()
        guard scaled.isFinite, abs(scaled) < 9.2e18 else { return nil }
        picodollars = Int64(scaled)
    }

    package static let zero = Money(picodollars: 0)

    /// In dollars, for JSON numbers: exact enough to print, not to add.
    package var usd: Double { Double(picodollars) / 1e12 }

    /// In dollars with every digit that counts: `0.000123`.
    package var decimalUSD: String {
        let (whole, fraction) = picodollars.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000_000)
        var text = (picodollars < 0 ? "-" : "") + String(whole)
        guard fraction > 0 else { return text }
        text += "."
        // One digit more than the fraction has, so that the zeros at its front stand, too.
        var digits = fraction + 1_000_000_000_000
        while digits.isMultiple(of: 10) { digits /= 10 }
        text.append(contentsOf: Substring(String(digits).utf8.dropFirst()))
        return text
    }

    package static func < (left: Money, right: Money) -> Bool { left.picodollars < right.picodollars }

    /// Saturates instead of overflowing: an absurd token count must not stop the gateway.
    package static func + (left: Money, right: Money) -> Money {
        let (sum, overflow) = left.picodollars.addingReportingOverflow(right.picodollars)
        return Money(picodollars: overflow ? (left.picodollars < 0 ? .min : .max) : sum)
    }

    /// Saturates instead of overflowing.
    package static func * (price: Money, count: Int) -> Money {
        let (product, overflow) = price.picodollars.multipliedReportingOverflow(by: Int64(count))
        return Money(picodollars: overflow ? ((price.picodollars < 0) == (count < 0) ? .max : .min) : product)
    }
}
