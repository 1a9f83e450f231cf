/// Guesses what a misspelt word was meant to be.
enum Spelling {
    /// `" Did you mean 'openai'?"`, or nothing when no word is near.
    static func suggestion(for word: String, among words: some Sequence<String>) -> String {
        nearest(to: word, among: words).map { " Did you mean '\($0)'?" } ?? ""
    }

    /// The word with the fewest typing mistakes between it and `word`, a third of its letters at most; the first of equals.
    static func nearest(to word: String, among words: some Sequence<String>, limit: Int = 3) -> String? {
        let limit = max(1, min(limit, word.count / 3))
        return words.map { (word: $0, distance: distance($0.lowercased(), word.lowercased())) }
            .filter { $0.distance <= limit }
            .min { ($0.distance, $0.word) < ($1.distance, $1.word) }?.word
    }

    /// Letters to add, drop, replace or swap with their neighbour (optimal string alignment).
    static func distance(_ left: String, _ right: String) -> Int {
        // Names are short; what is longer is no misspelling of one.
        let left = Array(left.prefix(100))
        let right = Array(right.prefix(100))
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for (row, letter) in left.enumerated() {
            var current = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                    best = min(best, beforeLast[column - 1] + 1)
                }
                current.append(best)
            }
            (beforeLast, last) = (last, current)
        }
        return last[right.count]
    }
}
