import Foundation

/// Trains a multinomial logistic regression over hashed features, step by step in a fixed order: the same examples give the
/// same weights, to the bit, on the same machine. The result is the mean of the later epochs, which is steadier than the last.
package struct LinearTraining: Sendable {
    /// Texts as the rows of their features, with what each should become.
    package struct Examples: Sendable {
        /// How many labels; at most 8.
        package let labelCount: Int
        fileprivate var rows: [Int32] = []
        fileprivate var ends: [Int] = []
        fileprivate var targets: [SIMD8<Float>] = []
        fileprivate var weights: [Float] = []

        package init(labelCount: Int) {
            precondition((2...8).contains(labelCount))
            self.labelCount = labelCount
        }

        package var count: Int { ends.count }

        /// - Parameters:
        ///   - rows: each at most once.
        ///   - target: the share of each label, summing to 1.
        ///   - weight: how much it counts; 1 is usual.
        package mutating func append(rows: some Sequence<Int32>, target: [Float], weight: Float = 1) {
            precondition(target.count == labelCount)
            self.rows += rows
            ends.append(self.rows.count)
            var lanes = SIMD8<Float>()
            for (lane, share) in target.enumerated() { lanes[lane] = share }
            targets.append(lanes)
            weights.append(weight)
        }

        /// Lets an example count more or less.
        package mutating func scaleWeight(of example: Int, by factor: Float) { weights[example] *= factor }

        fileprivate func rows(_ example: Int) -> Range<Int> { (example == 0 ? 0 : ends[example - 1])..<ends[example] }
    }

    /// What was learnt, in floating point.
    package struct Result: Sendable {
        package let labelCount: Int
        /// By row, the labels' weights in the first lanes.
        package var rows: [SIMD8<Float>]
        package var biases: SIMD8<Float>

        fileprivate mutating func mix(in other: Result, share: Float) {
            for row in rows.indices { rows[row].addProduct(other.rows[row], SIMD8(repeating: share)) }
            biases.addProduct(other.biases, SIMD8(repeating: share))
        }

        /// The labels' shares for an example, not calibrated.
        package func shares(_ example: Int, of examples: Examples, values: [Float]) -> SIMD8<Float> {
            LabelShares.softmax(scores(example, of: examples, values: values), count: labelCount)
        }

        /// The labels' sums for an example, not yet divided by a temperature.
        package func scores(_ example: Int, of examples: Examples, values: [Float]) -> SIMD8<Float> {
            var sum = SIMD8<Float>()
            var norm: Float = 0
            for place in examples.rows(example) {
                let row = Int(examples.rows[place])
                sum.addProduct(rows[row], SIMD8(repeating: values[row]))
                norm += values[row] * values[row]
            }
            return norm > 0 ? biases + sum / norm.squareRoot() : biases
        }
    }

    /// Rows are 2^bits.
    package var bits: Int
    package var epochs: Int
    /// AdaGrad's step.
    package var rate: Float
    /// Pulls weights towards 0, per example that has the feature.
    package var decay: Float
    /// Orders the examples.
    package var seed: UInt64

    package init(bits: Int, epochs: Int, rate: Float, decay: Float, seed: UInt64) {
        self.bits = bits
        self.epochs = epochs
        self.rate = rate
        self.decay = decay
        self.seed = seed
    }

    /// Learns.
    ///
    /// - Parameters:
    ///   - values: by row, what a feature counts in an example before the example is brought to length 1; 0 leaves it out.
    ///   - progress: hears the share done, 0…1.
    ///   - only: the places of the examples to learn from; nil for all.
    package func train(
        _ examples: Examples, only: [Int]? = nil, values: [Float], progress: (Double) -> Void
    ) -> Result {
        precondition(values.count == 1 << bits)
        var result = Result(labelCount: examples.labelCount, rows: .init(repeating: .zero, count: 1 << bits), biases: .zero)
        var squares = [SIMD8<Float>](repeating: .init(repeating: 1e-4), count: 1 << bits)
        var biasSquares = SIMD8<Float>(repeating: 1)
        var average = result
        let averaged = epochs - epochs / 2
        var order = only ?? Array(0..<examples.count)
        var random = SeededNumbers(state: seed)
        for epoch in 0..<epochs {
            order.shuffle(using: &random)
            let rate = rate * (1 - Float(epoch) / Float(epochs))
            for (done, example) in order.enumerated() {
                step(example, of: examples, values, rate, &result, &squares, &biasSquares)
                if done & 4095 == 0 {
                    progress((Double(epoch) + Double(done) / Double(order.count)) / Double(epochs))
                }
            }
            if epoch >= epochs / 2 { average.mix(in: result, share: 1 / Float(averaged)) }
        }
        progress(1)
        return average
    }

    private func step(
        _ example: Int, of examples: Examples, _ values: [Float], _ rate: Float, _ result: inout Result,
        _ squares: inout [SIMD8<Float>], _ biasSquares: inout SIMD8<Float>
    ) {
        let range = examples.rows(example)
        var norm: Float = 0
        for place in range { norm += values[Int(examples.rows[place])] * values[Int(examples.rows[place])] }
        guard norm > 0 else { return }
        let scores = result.scores(example, of: examples, values: values)
        let shares = LabelShares.softmax(scores, count: examples.labelCount)
        let error = (shares - examples.targets[example]) * examples.weights[example]
        let perLength = 1 / norm.squareRoot()
        for place in range {
            let row = Int(examples.rows[place])
            let gradient = error * (values[row] * perLength) + result.rows[row] * decay
            squares[row] += gradient * gradient
            result.rows[row] -= rate * gradient / squares[row].squareRoot()
        }
        biasSquares += error * error
        result.biases -= rate * error / biasSquares.squareRoot()
    }
}

/// Sums made into shares.
package enum LabelShares {
    /// The shares of the first `count` lanes, summing to 1; 0 in the others.
    package static func softmax(_ scores: SIMD8<Float>, count: Int) -> SIMD8<Float> {
        var top = scores[0]
        for lane in 1..<count { top = max(top, scores[lane]) }
        var shares = SIMD8<Float>()
        var total: Float = 0
        for lane in 0..<count {
            shares[lane] = exp(scores[lane] - top)
            total += shares[lane]
        }
        return shares / total
    }

    /// The temperature, 0.2…5, under which the shares of `scores` fit `labels` best (least mean negative logarithm).
    package static func temperature(of scores: [SIMD8<Float>], labels: [Int], weights: [Float]? = nil, count: Int) -> Float {
        func loss(_ temperature: Float) -> Double {
            var sum = 0.0
            for (index, score) in scores.enumerated() {
                let share = softmax(score / temperature, count: count)[labels[index]]
                sum -= Double(weights?[index] ?? 1) * Double(log(max(share, 1e-9)))
            }
            return sum
        }
        // The loss has one valley in the temperature's logarithm: narrow it down.
        var low: Float = log(0.2)
        var high: Float = log(5)
        for _ in 0..<24 {
            let third = (high - low) / 3
            if loss(exp(low + third)) < loss(exp(high - third)) { high -= third } else { low += third }
        }
        return exp((low + high) / 2)
    }
}

/// Shuffles alike everywhere: SplitMix64 (Steele, Lea and Flood, 2014).
private struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
