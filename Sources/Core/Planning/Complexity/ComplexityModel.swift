import Foundation

/// Weighs the signals of a prompt: the sum of each signal's distance from what is usual, times its weight.
///
/// Weights are never negative, so more of a signal never makes a prompt look easier.
package struct ComplexityModel: Sendable, Equatable {
    package typealias Values = PromptSignals.Values

    /// What is usual, and how far prompts usually are from it.
    package var means: Values
    package var spreads: Values
    package var weights: Values
    /// The sum of a prompt that is as hard as not.
    package var middle: Float
    /// The sums' spread.
    package var spread: Float

    package init(means: Values, spreads: Values, weights: Values, middle: Float, spread: Float) {
        self.means = means
        self.spreads = spreads
        self.weights = weights
        self.middle = middle
        self.spread = spread
    }

    /// How many spreads from the mean a signal counts at most.
    static let reach: Float = 2.5

    /// Lanes whose signals need a known language.
    private static let lexical = PromptSignal.allCases.filter(\.isLexical).reduce(into: Values()) { $0[$1.lane] = 1 }

    /// What each signal adds to the sum.
    package func contributions(_ signals: PromptSignals) -> Values {
        let distances = (signals.values - means) / spreads
        let bounded = distances.clamped(
            lowerBound: Values(repeating: -Self.reach), upperBound: Values(repeating: Self.reach))
        let weighed = bounded * weights
        // A signal that cannot be read in this language counts as usual.
        return signals.isKnownLanguage ? weighed : weighed - weighed * Self.lexical
    }

    /// How hard the prompt is, as a number whose 0 is the middle and whose 1 is one spread; to the same result in `score`.
    package func level(_ signals: PromptSignals) -> Double {
        Double((contributions(signals).sum() - middle) / spread)
    }

    /// The share 0…1 of a level: about the share of prompts with a lower one.
    package static func score(ofLevel level: Double) -> Double { 1 / (1 + exp(-1.702 * level)) }
}
