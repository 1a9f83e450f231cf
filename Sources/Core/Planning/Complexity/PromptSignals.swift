/// The signals of one prompt, measured in one pass over its bytes. Nothing is allocated, and of a long text only head and
/// tail are read.
package struct PromptSignals: Sendable, Equatable {
    /// A lane for each ``PromptSignal``; the lanes behind the last one are 0.
    package typealias Values = SIMD32<Float>

    package let values: Values
    /// Whether the lists of words know the text's language. Where they do not, the lexical signals say nothing.
    package let isKnownLanguage: Bool

    package init(of text: String) {
        var count = SignalCount()
        TextSample.read(text) { bytes, _ in count.read(bytes) }
        values = count.values
        isKnownLanguage = count.isKnownLanguage
    }

    package subscript(_ signal: PromptSignal) -> Float { values[signal.lane] }
}

extension SignalCount {
    /// Counts become 0…1 by `n / (n + half)`: the first few tell much, the hundredth nothing. Those that grow with the text
    /// are first divided by the root of its length, so that they speak of more than the length.
    fileprivate var values: PromptSignals.Values {
        var values = PromptSignals.Values()
        func set(_ signal: PromptSignal, _ value: Float) { values[signal.lane] = value }
        let words = Float(words) + Float(ideographs) / 2
        let damping = (1 + words / 40).squareRoot()
        func share(_ count: Int, _ half: Float) -> Float {
            let count = Float(count) / damping
            return count / (count + half)
        }
        set(.length, min(1, words / (words + 60) / (80.0 / 140)))
        set(.sentences, share(max(0, sentences - 1), 3))
        let perSentence = words / Float(max(1, sentences))
        set(.sentenceLength, perSentence / (perSentence + 20))
        set(.clauses, share(clauses, 4))
        set(.numbers, share(numbers, 4))
        set(.variables, share(variables, 3))
        set(.operators, share(operators, 6))
        set(.parentheses, share(parentheses, 3))
        set(.quotes, share(quotes, 4))
        for (kind, signal) in SignalWords.Kinds.counted.enumerated() {
            let half: Float =
                switch signal {
                case .mathematics, .people, .programming: 3
                case .demand: 1
                default: 2
                }
            set(signal, share(Int(kinds[kind]), half))
        }
        set(.code, hasCode ? 1 : 0)
        set(.task, beginsWithDemand ? 1 : 0)
        set(.notLookup, beginsWithLookup ? words / (words + 25) : 1)
        set(.repetition, self.words > 5 ? Float(repeated) / Float(min(self.words, Self.repetitionLimit)) : 0)
        set(.choices, Float(min(choices, 10)) / 10)
        let choiceBytes = choices > 0 ? Float(choiceBytes) / Float(choices) : 0
        set(.choiceLength, choiceBytes / (choiceBytes + 40))
        return values
    }

    fileprivate var isKnownLanguage: Bool {
        // Too little to tell is taken for known: "hi" is simple in any language.
        if ideographs > 8 { return false }
        return words < 6 || functionWords * 16 >= words
    }
}
