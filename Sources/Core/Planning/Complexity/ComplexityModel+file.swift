/// The file of weights: text, a line each, so that a person can read what was learnt and a diff shows what changed.
///
///     quintet complexity 1
///     middle -0.0031
///     spread 0.0452
///     length 0.0100 0.4523 0.2310
///
/// Behind each signal stand its weight, its mean and its spread.
extension ComplexityModel {
    private static let header = "quintet complexity 1"

    package var file: String {
        var lines = [Self.header, "middle \(middle)", "spread \(spread)"]
        for signal in PromptSignal.allCases {
            let lane = signal.lane
            lines.append("\(signal.name) \(weights[lane]) \(means[lane]) \(spreads[lane])")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Reads a file's text.
    package init(file: String) throws(WeightsProblem) {
        let lines = file.split(separator: "\n").map { $0.split(separator: " ") }
        guard lines.first?.joined(separator: " ") == Self.header else {
            throw WeightsProblem("do not begin with '\(Self.header)'")
        }
        var numbers: [Substring: [Float]] = [:]
        for line in lines.dropFirst() {
            let values = line.dropFirst().compactMap { Float($0) }
            guard values.count == line.count - 1, values.allSatisfy(\.isFinite) else {
                throw WeightsProblem("have a number that is none for '\(line[0].prefix(40))'")
            }
            guard numbers.updateValue(values, forKey: line[0]) == nil else {
                throw WeightsProblem("have '\(line[0].prefix(40))' twice")
            }
        }
        func take(_ name: String, _ count: Int) throws(WeightsProblem) -> [Float] {
            guard let values = numbers.removeValue(forKey: Substring(name)), values.count == count else {
                throw WeightsProblem("need \(count) number\(count == 1 ? "" : "s") for '\(name)'")
            }
            return values
        }
        self.init(
            means: .zero, spreads: .init(repeating: 1), weights: .zero, middle: try take("middle", 1)[0],
            spread: try take("spread", 1)[0])
        for signal in PromptSignal.allCases {
            let values = try take(signal.name, 3)
            guard values[0] >= 0, values[2] > 0 else {
                throw WeightsProblem("have a weight below 0 or a spread of none for '\(signal.name)'")
            }
            (weights[signal.lane], means[signal.lane], spreads[signal.lane]) = (values[0], values[1], values[2])
        }
        guard spread > 0 else { throw WeightsProblem("have a spread of none") }
        if let unknown = numbers.keys.min() { throw WeightsProblem("speak of '\(unknown.prefix(40))', which Quintet does not measure") }
    }

    /// Every signal alike: what serves where nothing was learnt.
    package static let untrained = {
        var model = ComplexityModel(means: .zero, spreads: .init(repeating: 1), weights: .zero, middle: 0, spread: 0.5)
        for signal in PromptSignal.allCases {
            (model.means[signal.lane], model.spreads[signal.lane]) = (0.2, 0.2)
            model.weights[signal.lane] = 1 / Float(PromptSignal.allCases.count)
        }
        return model
    }()
}
