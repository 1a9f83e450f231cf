/// Prompts of one benchmark, with what a weak and a strong model made of them.
package struct ComplexityBenchmark: Sendable {
    package struct Example: Sendable {
        package let signals: PromptSignals
        /// By how much the strong model's answer was the better one, −1…1.
        package let gain: Double
        package let category: String
        /// Tells the question, however it is set and whatever choices follow.
        package let question: UInt64
    }

    /// The file's name without its ending.
    package let name: String
    /// Benchmarks with the same questions are of one family: they are learnt from and left out together.
    package internal(set) var family: Int
    package internal(set) var examples: [Example]

    /// Reads a table with the columns `category`, `prompt`, `weak_ok` and `strong_ok`.
    ///
    /// - Parameter csv: the file's bytes.
    package init(name: String, csv: [UInt8]) throws(CSVProblem) {
        let table = try CSVTable(csv)
        let (category, prompt) = (try table.column("category"), try table.column("prompt"))
        let (weak, strong) = (try table.column("weak_ok"), try table.column("strong_ok"))
        var examples: [Example] = []
        for (index, row) in table.rows.enumerated() {
            guard let weakShare = Double(row[weak]), let strongShare = Double(row[strong]) else {
                throw CSVProblem("record \(index + 2): 'weak_ok' and 'strong_ok' must be numbers")
            }
            examples.append(
                Example(
                    signals: PromptSignals(of: row[prompt]), gain: strongShare - weakShare, category: row[category],
                    question: Self.question(of: row[prompt])))
        }
        self.name = name
        self.examples = examples
        family = 0
    }

    /// The first 120 letters and digits before the choices, as a hash.
    private static func question(of prompt: String) -> UInt64 {
        var hash = SignalWords.seed
        var count = 0
        var previous = UInt8(0)
        for byte in prompt.utf8 {
            if previous == 0x0A, byte == UInt8(ascii: "A") { break }
            previous = byte
            let small = byte | 0x20
            let isDigit = byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
            guard isDigit || (small >= UInt8(ascii: "a") && small <= UInt8(ascii: "z")) else { continue }
            SignalWords.add(isDigit ? byte : small, to: &hash)
            count += 1
            if count == 120 { break }
        }
        return SignalWords.finish(hash)
    }

    package var questions: Set<UInt64> { Set(examples.map(\.question)) }

    /// Numbers the families: two benchmarks that share a fifth of the smaller one's questions are of one.
    package static func inFamilies(_ benchmarks: [ComplexityBenchmark]) -> [ComplexityBenchmark] {
        var sorted = benchmarks.sorted { $0.name < $1.name }
        let questions = sorted.map(\.questions)
        for index in sorted.indices {
            let relative = sorted[..<index].indices.first {
                questions[$0].intersection(questions[index]).count * 5 >= min(questions[$0].count, questions[index].count)
            }
            sorted[index].family = relative.map { sorted[$0].family } ?? (sorted[..<index].map(\.family).max() ?? -1) + 1
        }
        return sorted
    }
}

/// What a router is worth on a benchmark.
///
/// PGR = (quality of the routed answers − weak) ÷ (strong − weak); `apgr` is its mean over all shares of strong calls: 0.5 for
/// a router that tosses coins, whatever the benchmark.
package struct RoutingWorth: Sendable, Equatable {
    package let count: Int
    /// Mean gain of the strong model.
    package let gap: Double
    /// nil where the strong model is no better.
    package let apgr: Double?

    /// - Parameter scored: each prompt's score and gain.
    package init(_ scored: [(score: Double, gain: Double)]) {
        count = scored.count
        let total = scored.reduce(0) { $0 + $1.gain }
        gap = total / Double(max(1, count))
        guard total != 0 else {
            apgr = nil
            return
        }
        // The area under the sum of gains, best score first; equal scores come in random order, which is a straight line.
        let sorted = scored.sorted { $0.score > $1.score }
        var (area, sum, start) = (0.0, 0.0, 0)
        while start < sorted.count {
            let end = sorted[start...].firstIndex { $0.score != sorted[start].score } ?? sorted.count
            let gain = sorted[start..<end].reduce(0) { $0 + $1.gain }
            area += Double(end - start) * (sum + gain / 2)
            sum += gain
            start = end
        }
        apgr = area / Double(sorted.count) / total
    }
}

extension ComplexityTraining {
    /// Each benchmark's worth under a model that saw neither it nor any of its questions.
    package func leaveOneOut(_ benchmarks: [ComplexityBenchmark]) -> [(benchmark: ComplexityBenchmark, worth: RoutingWorth)] {
        let families = Dictionary(grouping: benchmarks, by: \.family)
        var results: [(benchmark: ComplexityBenchmark, worth: RoutingWorth)] = []
        for (family, members) in families.sorted(by: { $0.key < $1.key }) {
            let questions = members.reduce(into: Set<UInt64>()) { $0.formUnion($1.questions) }
            let model = train(benchmarks.filter { $0.family != family }, except: questions)
            for member in members {
                results.append((member, RoutingWorth(member.examples.map { (model.level($0.signals), $0.gain) })))
            }
        }
        return results
    }
}
