import TestKit
import Testing

@testable import Core

/// Who is asked first among a model's deployments, and who follows.
@Suite struct BalancerTests {
    private static func deployments(_ weights: [Int]) -> [Deployment] {
        weights.enumerated().map {
            Deployment(index: $0, id: "p/\($0)", provider: "p", modelName: "m", weight: $1, isLive: true)
        }
    }

    /// The indices in their order.
    private static func order(
        _ weights: [Int], by balance: Balance, loads: [DeploymentLoad] = [], turn: Int = 0, spread: Double
    ) -> [Int] {
        Balancer.order(deployments(weights), by: balance, loads: loads, turn: turn, spread: spread).map(\.index)
    }

    /// How often each comes first, and second where another one is first.
    private static func shares(
        _ weights: [Int], by balance: Balance, loads: [DeploymentLoad] = [], draws: Int = 20_000, place: Int = 0, seed: UInt64
    ) -> [Double] {
        var random = SplitMix64(seed: seed)
        var counts = weights.map { _ in 0 }
        for _ in 0..<draws {
            let order = order(weights, by: balance, loads: loads, spread: .random(in: 0..<1, using: &random))
            counts[order[place]] += 1
        }
        return counts.map { Double($0) / Double(draws) }
    }

    /// Five standard deviations of a share of 20,000 draws are less than 0.02.
    private func isNear(_ shares: [Double], _ wanted: [Double]) -> Bool {
        zip(shares, wanted).allSatisfy { abs($0 - $1) < 0.02 }
    }

    private static let strategies = Balance.allCases

    @Test(arguments: strategies) func oneAloneIsAsked(balance: Balance) {
        #expect(Balancer.order([], by: balance, spread: 0.5) == [])
        #expect(Self.order([7], by: balance, loads: [.init()], spread: 0.5) == [0])
    }

    @Test(arguments: strategies) func everyOneIsInTheOrderOnce(balance: Balance) {
        var random = SplitMix64(seed: 4)
        for count in [2, 3, 10, 100] {
            let weights = (0..<count).map { _ in Int.random(in: 1...1_000_000, using: &random) }
            let loads = weights.map { _ in
                DeploymentLoad(inFlight: .random(in: 0...3, using: &random), latency: .random(in: 0...3, using: &random))
            }
            for spread in [0, 0.5, 1.0.nextDown, .random(in: 0..<1, using: &random)] {
                #expect(Self.order(weights, by: balance, loads: loads, turn: 3, spread: spread).sorted() == Array(0..<count))
            }
        }
    }

    // MARK: Weighted

    @Test func weightsShareTheCalls() {
        #expect(isNear(Self.shares([2, 1, 1], by: .weighted, seed: 1), [0.5, 0.25, 0.25]))
        #expect(isNear(Self.shares([1, 9], by: .weighted, seed: 2), [0.1, 0.9]))
    }

    /// Drawn without putting back: second is 0 after 1 (0.3 · 6/7), after 2 (0.1 · 6/9), and so on.
    @Test func whoFollowsIsDrawnByWeightToo() {
        let second = [0.3 * 6 / 7 + 0.1 * 6 / 9, 0.6 * 3 / 4 + 0.1 * 3 / 9, 0.6 * 1 / 4 + 0.3 * 1 / 7]
        #expect(isNear(Self.shares([6, 3, 1], by: .weighted, place: 1, seed: 3), second))
    }

    // MARK: Round robin

    @Test func turnsGoRoundWhateverTheWeights() {
        let orders = (0..<4).map { Self.order([9, 1, 1], by: .roundRobin, turn: $0, spread: 0.7) }
        #expect(orders == [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 1, 2]])
        // The counter may run over.
        #expect(Self.order([1, 1], by: .roundRobin, turn: .min, spread: 0).count == 2)
    }

    // MARK: Least busy

    @Test func theLeastBusyForItsWeightIsFirst() {
        let loads = [4, 3, 9].map { DeploymentLoad(inFlight: $0) }
        #expect(Self.order([1, 1, 1], by: .leastBusy, loads: loads, spread: 0.99) == [1, 0, 2])
        #expect(Self.order([2, 1, 9], by: .leastBusy, loads: loads, spread: 0.99) == [2, 0, 1])
    }

    @Test func equallyBusyOnesShareByWeight() {
        let shares = Self.shares([3, 1], by: .leastBusy, loads: [.init(), .init()], seed: 5)
        #expect(isNear(shares, [0.75, 0.25]))
    }

    // MARK: Peak EWMA

    @Test func theCheaperOfTwoIsFirst() {
        let loads = [DeploymentLoad(inFlight: 0, latency: 2), .init(inFlight: 4, latency: 0.3), .init(inFlight: 9, latency: 1)]
        #expect(isNear(Self.shares([1, 1, 1], by: .peakEWMA, loads: loads, seed: 6), [1.0 / 3, 2.0 / 3, 0]))
        // Whatever the chance, those behind the first come by their cost.
        #expect(Self.order([1, 1, 1], by: .peakEWMA, loads: loads, spread: 0.4).last == 2)
    }

    @Test func aWeightDividesTheCost() {
        let loads = [DeploymentLoad(inFlight: 0, latency: 1), .init(inFlight: 2, latency: 1)]
        #expect(Self.order([1, 2], by: .peakEWMA, loads: loads, spread: 0.99) == [0, 1])
        #expect(Self.order([1, 4], by: .peakEWMA, loads: loads, spread: 0) == [1, 0])
    }

    @Test func anUnknownOneIsTriedOnceAndNotStormed() {
        let known = DeploymentLoad(inFlight: 5, latency: 0.2)
        #expect(Self.order([1, 1], by: .peakEWMA, loads: [known, .init()], spread: 0) == [1, 0])
        #expect(Self.order([1, 1], by: .peakEWMA, loads: [known, .init(inFlight: 1)], spread: 0.99) == [0, 1])
    }

    /// A hundred calls a second for five minutes on three deployments, the last of which is ten times slower than the others.
    @Test func aSlowDeploymentGetsLittle() throws {
        var random = SplitMix64(seed: 7)
        let latencies = [0.2, 0.2, 2]
        let deployments = Self.deployments([1, 1, 1])
        let start = ContinuousClock.now
        var averages = latencies.map { _ in PeakEWMA() }
        var running: [(end: Double, index: Int)] = []
        var counts = [0, 0, 0]
        for call in 0..<30_000 {
            let time = Double(call) / 100
            let now = start.advanced(by: .seconds(time))
            for done in running where done.end <= time {
                averages[done.index].observe(latencies[done.index], now: start.advanced(by: .seconds(done.end)))
            }
            running.removeAll { $0.end <= time }
            let loads = averages.indices.map { index in
                DeploymentLoad(inFlight: running.count { $0.index == index }, latency: averages[index].value(now: now))
            }
            let first = try #require(
                Balancer.order(deployments, by: .peakEWMA, loads: loads, spread: .random(in: 0..<1, using: &random)).first)
            counts[first.index] += 1
            running.append((time + latencies[first.index] * .random(in: 0.9...1.1, using: &random), first.index))
        }
        let shares = counts.map { Double($0) / 30_000 }
        #expect(shares[2] < 0.1 && shares[2] > 0.001, "\(shares)")
        #expect(abs(shares[0] - shares[1]) < 0.1, "\(shares)")
    }
}
