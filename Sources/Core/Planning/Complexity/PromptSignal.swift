/// What is measured of a prompt. Each is 0…1, more meaning a harder prompt, so that every weight is at least 0.
///
/// A raw value is the signal's lane in ``PromptSignals/Values``; the case's name is its name in the file of weights.
package enum PromptSignal: Int, CaseIterable, Sendable {
    case length, sentences, sentenceLength, clauses
    case numbers, variables, operators, parentheses, quotes
    case reasoning, negation, comparison, quantity, units, mathematics, people, time, programming, demand, profession
    case code, task, notLookup, repetition, choices, choiceLength

    /// The lane in which it stands.
    package var lane: Int { rawValue }

    /// In the file of weights.
    package var name: String { "\(self)" }

    /// In words, for whoever asks why.
    package var words: String {
        switch self {
        case .length: "length"
        case .sentences: "several sentences"
        case .sentenceLength: "long sentences"
        case .clauses: "many clauses"
        case .numbers: "numbers"
        case .variables: "variables"
        case .operators: "formulas"
        case .parentheses: "parentheses"
        case .quotes: "quoted text"
        case .reasoning: "conditions"
        case .negation: "negations"
        case .comparison: "comparisons"
        case .quantity: "quantities"
        case .units: "units"
        case .mathematics: "mathematics"
        case .people: "people and their relations"
        case .time: "an order of events"
        case .programming: "programming"
        case .demand: "demanding words"
        case .profession: "law or medicine"
        case .code: "code"
        case .task: "a task"
        case .notLookup: "more than a look-up"
        case .repetition: "recurring terms"
        case .choices: "choices"
        case .choiceLength: "long choices"
        }
    }

    /// Found by English (and some German, French and Spanish) words: says nothing of a text in another language.
    package var isLexical: Bool {
        switch self {
        case .reasoning, .negation, .comparison, .quantity, .units, .mathematics, .people, .time, .programming, .demand,
            .profession, .task, .notLookup:
            true
        default: false
        }
    }
}
