import TestKit
import Testing

@testable import Core

/// Tables of weights and their file.
@Suite struct WeightsTests {
    private static let weights = Weights(
        kind: "agents", labels: ["a", "b"], notes: ["keywords/a": "x\ny", "größe": "ü"], biases: [0.5, -1.25], temperature: 1.5,
        table: WeightTable(
            bits: 6, lanes: 4, scales: [0.5, 1, 2, 4], bytes: (0..<256).map { Int8(truncatingIfNeeded: $0) }))
    private static let file = weights.encoded()

    private func problem(_ bytes: [UInt8], kind: String = "agents") -> String? {
        do {
            _ = try Weights(decoding: bytes, kind: kind)
            return nil
        } catch { return error.description }
    }

    @Test func aFileIsReadAsItWasWritten() throws {
        #expect(try Weights(decoding: Self.file, kind: "agents") == Self.weights)
        #expect(Self.weights.encoded() == Self.file)
        #expect(Self.file.starts(with: Array("QWEIGHTS".utf8) + [1, 0, 6, 4]))
    }

    @Test func everyDamageIsFound() {
        for place in Self.file.indices {
            var bytes = Self.file
            bytes[place] ^= 0x10
            #expect(problem(bytes) != nil, "byte \(place)")
        }
        for count in 0..<Self.file.count { #expect(problem(Array(Self.file.prefix(count))) != nil) }
        #expect(problem(Self.file + [0]) != nil)
    }

    @Test func whatIsWrongIsSaid() {
        #expect(problem([]) == "are no file of weights")
        #expect(problem(Array("hello, world".utf8)) == "are no file of weights")
        #expect(problem(Array("QWEIGHTS".utf8)) == "are cut short")
        #expect(problem(Self.file, kind: "complexity") == "are for 'agents', not for 'complexity'")
        #expect(problem(Self.file.dropLast(30) + Self.file.suffix(8))?.contains("checksum") == true)
        var newer = Self.file
        newer[8] = 2
        #expect(problem(newer)?.contains("format 2") == true)
    }

    /// Files that are whole but contradict themselves.
    @Test func aWholeFileMayStillBeWrong() {
        var odd = Self.weights
        odd.biases = [1]
        #expect(problem(odd.encoded())?.contains("contradict") == true)
        odd = Self.weights
        odd.labels = ["a", "b", "c", "d", "e"]
        odd.biases = [1, 2, 3, 4, 5]
        #expect(problem(odd.encoded())?.contains("contradict") == true)
        odd = Self.weights
        odd.temperature = 0
        #expect(problem(odd.encoded())?.contains("contradict") == true)
        odd.temperature = .nan
        #expect(problem(odd.encoded())?.contains("number") == true)
    }

    @Test func roundingKeepsMostWeightsAndCutsTheFewBeyond() {
        var weights = (0..<64).map { Float($0 % 11) - 5 }
        weights[7] = 1000
        let table = WeightTable(bits: 6, lanes: 1, rounding: weights, kept: 0.95)
        #expect(table.scales[0] == 5.0 / 127)
        table.withRows { rows in
            #expect(rows.value(7) == 127)
            for row in 0..<64 where row != 7 {
                #expect(abs(Float(rows.value(row)) * table.scales[0] - weights[row]) <= table.scales[0] / 2)
            }
        }
        let nothing = WeightTable(bits: 6, lanes: 2, rounding: .init(repeating: 0, count: 128), kept: 1)
        #expect(nothing.scales == [1, 1])
    }

    @Test func rowsOfEightAreReadAtOnce() {
        let bytes = (0..<512).map { Int8(truncatingIfNeeded: $0 &* 7) }
        let table = WeightTable(bits: 6, lanes: 8, scales: .init(repeating: 1, count: 8), bytes: bytes)
        table.withRows { rows in
            for row in 0..<64 {
                for lane in 0..<8 {
                    #expect(rows.eight(row)[lane] == Int32(bytes[row * 8 + lane]))
                    #expect(rows.value(row, lane: lane) == Int32(bytes[row * 8 + lane]))
                }
            }
        }
    }
}

/// Learning from examples.
@Suite struct LinearTrainingTests {
    private static let values = [Float](repeating: 1, count: 64)

    /// Label 0 has row 1, label 1 row 2, label 2 rows 3 and 4; all have row 0.
    private func examples() -> LinearTraining.Examples {
        var examples = LinearTraining.Examples(labelCount: 3)
        for _ in 0..<30 {
            examples.append(rows: [0, 1], target: [1, 0, 0])
            examples.append(rows: [0, 2], target: [0, 1, 0])
            examples.append(rows: [0, 3, 4], target: [0, 0, 1])
        }
        return examples
    }

    private let training = LinearTraining(bits: 6, epochs: 10, rate: 0.3, decay: 0, seed: 5)

    @Test func learnsWhatTellsLabelsApart() {
        let examples = examples()
        let result = training.train(examples, values: Self.values) { _ in }
        for (example, label) in [(0, 0), (1, 1), (2, 2)] {
            #expect(result.shares(example, of: examples, values: Self.values)[label] > 0.9)
        }
        #expect(result.rows[5] == .zero)
    }

    @Test func isTheSameEachTimeAndTellsHowFarItIs() {
        let examples = examples()
        var told: [Double] = []
        let first = training.train(examples, values: Self.values) { told.append($0) }
        let second = training.train(examples, values: Self.values) { _ in }
        #expect(first.rows == second.rows && first.biases == second.biases)
        #expect(told.last == 1 && told == told.sorted())
        var other = training
        other.seed = 6
        #expect(other.train(examples, values: Self.values) { _ in }.rows != first.rows)
    }

    @Test func leavesOutWhatItShall() {
        let examples = examples()
        let only = training.train(examples, only: [0, 1], values: Self.values) { _ in }
        #expect(only.rows[3] == .zero)
        var values = Self.values
        values[1] = 0
        #expect(training.train(examples, values: values) { _ in }.rows[1] == .zero)
    }

    @Test func theTemperatureMendsOverconfidence() {
        // Sums that claim more than the two thirds that are right.
        let scores = [SIMD8<Float>](repeating: SIMD8(2, 0, 0, 0, 0, 0, 0, 0), count: 300)
        let temperature = LabelShares.temperature(of: scores, labels: (0..<300).map { $0 % 3 == 0 ? 1 : 0 }, count: 2)
        #expect(abs(LabelShares.softmax(scores[0] / temperature, count: 2)[0] - 2.0 / 3) < 0.01)
    }

    @Test func sharesSumToOne() {
        let shares = LabelShares.softmax(SIMD8(1000, 999, -1000, 0, 5, 5, 5, 5), count: 4)
        #expect(abs(shares.sum() - 1) < 1e-5)
        #expect(shares[4] == 0 && shares[0] > 0.7)
    }
}
