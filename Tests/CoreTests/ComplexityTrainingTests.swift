import TestKit
import Testing

@testable import Core

/// Learning the complexity's weights.
@Suite struct ComplexityTrainingTests {
    /// Questions whose hard ones have a "prove" and whose easy ones have none; `flip` turns that round.
    private func benchmark(_ name: String, count: Int, seed: UInt64, flip: Bool = false) throws -> ComplexityBenchmark {
        var random = SplitMix64(seed: seed)
        var lines = ["category,prompt,weak_ok,strong_ok"]
        for index in 0..<count {
            let isHard = Bool.random(using: &random)
            let task = isHard ? "prove and justify" : "repeat"
            let gains = isHard != flip ? Double.random(in: 0...1, using: &random) < 0.7 : false
            lines.append("c\(index % 3),\"\(name) \(index): please \(task) the statement, number \(index)\",\(gains ? 0 : 1),1")
        }
        return try ComplexityBenchmark(name: name, csv: Array(lines.joined(separator: "\n").utf8))
    }

    @Test func itLearnsWhatHelps() throws {
        let sets = ComplexityBenchmark.inFamilies([
            try benchmark("a", count: 400, seed: 1), try benchmark("b", count: 400, seed: 2), try benchmark("c", count: 50, seed: 3),
        ])
        #expect(sets.map(\.family) == [0, 1, 2])
        var training = ComplexityTraining()
        training.pull = 0.1
        let model = training.train(sets)
        let heaviest = PromptSignal.allCases.max { model.weights[$0.lane] < model.weights[$1.lane] }
        #expect(heaviest == .demand)
        for (_, worth) in training.leaveOneOut(sets) { #expect((worth.apgr ?? 0) > 0.6) }
        #expect(training.train(sets) == model)
    }

    @Test func nothingIsLearntTheOtherWayRound() throws {
        var training = ComplexityTraining()
        training.pull = 0.001
        let model = training.train(ComplexityBenchmark.inFamilies([try benchmark("a", count: 400, seed: 1, flip: true)]))
        for signal in PromptSignal.allCases { #expect(model.weights[signal.lane] >= 0) }
        #expect(model.weights[PromptSignal.demand.lane] == 0)
    }

    @Test func sharedQuestionsMakeAFamily() throws {
        let one = try benchmark("a", count: 100, seed: 1)
        let csv = "category,prompt,weak_ok,strong_ok\nc,\"a 1: please prove and justify the statement, number 1\",0,1\nc,other,1,1"
        let sets = ComplexityBenchmark.inFamilies([
            try ComplexityBenchmark(name: "z", csv: Array(csv.utf8)), one, try benchmark("q", count: 20, seed: 5),
        ])
        let sharing = Set(one.questions).intersection(sets[2].questions).count > 0
        #expect(sets.map(\.name) == ["a", "q", "z"])
        #expect(sets.map(\.family) == [0, 1, sharing ? 0 : 2])
    }

    @Test func theWorthOfARouter() {
        func worth(_ scored: [(Double, Double)]) -> Double? { RoutingWorth(scored.map { (score: $0.0, gain: $0.1) }).apgr }
        #expect(worth([(1, 1), (0, 0)]) == 0.75)
        #expect(worth([(0, 1), (1, 0)]) == 0.25)
        // All alike is a coin.
        #expect(worth([(0.5, 1), (0.5, 0), (0.5, 0), (0.5, 1)]) == 0.5)
        #expect(worth([(1, 1), (0, -1)]) == nil)
        #expect(worth([]) == nil)
    }

    @Test func tables() throws {
        let table = try CSVTable(Array("a,b\r\n1,\"x, \"\"y\"\"\nz\"\n,\n".utf8))
        #expect(table.header == ["a", "b"])
        #expect(table.rows == [["1", "x, \"y\"\nz"], ["", ""]])
        #expect(throws: CSVProblem("a quoted field does not end")) { try CSVTable(Array("a\n\"x".utf8)) }
        #expect(throws: CSVProblem("record 2 has 1 fields, the header 2")) { try CSVTable(Array("a,b\nx".utf8)) }
        #expect(throws: CSVProblem.self) { try CSVTable([]) }
        #expect(throws: CSVProblem.self) { try ComplexityBenchmark(name: "x", csv: Array("prompt\nx".utf8)) }
        #expect(throws: CSVProblem.self) {
            try ComplexityBenchmark(name: "x", csv: Array("category,prompt,weak_ok,strong_ok\nc,p,yes,1".utf8))
        }
    }

    // MARK: The file

    @Test func aFileIsReadAsItWasWritten() throws {
        let model = try shippedComplexityModel()
        #expect(try ComplexityModel(file: model.file) == model)
        #expect(try ComplexityModel(file: ComplexityModel.untrained.file) == .untrained)
    }

    @Test func wrongFilesAreRefused() throws {
        let file = ComplexityModel.untrained.file
        func with(_ new: String, for old: String) -> String { file.replacing(old, with: new) }
        let wrong = [
            "", "quintet complexity 2\n", with("length -0.0", for: "length 0.0"), file + "taste 1 2 3\n",
            file + "length 1 2 3\n", with("centre", for: "middle"), with("sentences x", for: "sentences "),
            with("spread 0", for: "spread 0.5"), with("spread nan", for: "spread 0.5"), String(file.dropLast(40)),
        ]
        for text in wrong { #expect(throws: WeightsProblem.self, "\(text.prefix(40))") { try ComplexityModel(file: text) } }
    }
}
