/// Orders the deployments of one model for one request: whom to ask first, and who follows should that fail, best first.
package enum Balancer {
    /// - Parameters:
    ///   - deployments: those that can be asked now; who cannot has no share, and the others take it in proportion.
    ///   - loads: of each of them, in the same order; only looked at by the strategies that measure.
    ///   - turn: only looked at by `roundRobin`.
    ///   - spread: 0..<1, the only chance there is.
    package static func order(
        _ deployments: [Deployment], by balance: Balance, loads: [DeploymentLoad] = [], turn: Int = 0, spread: Double
    ) -> [Deployment] {
        guard deployments.count > 1 else { return deployments }
        switch balance {
        case .weighted:
            return shuffled(deployments.map(\.weight), spread).map { deployments[$0] }
        case .roundRobin:
            let first = Int(UInt(bitPattern: turn) % UInt(deployments.count))
            return Array(deployments[first...] + deployments[..<first])
        case .leastBusy:
            let scores = zip(deployments, loads).map { Double($1.inFlight) / Double($0.weight) }
            let order = shuffled(deployments.map(\.weight), spread)
            return ranked(order, by: scores).map { deployments[$0] }
        case .peakEWMA:
            let scores = zip(deployments, loads).map { cost(of: $1) / Double($0.weight) }
            return twoChoices(scores, spread).map { deployments[$0] }
        }
    }

    /// "The power of two choices" (Mitzenmacher 2001): the better of two taken at random. The best of all would be stormed by
    /// everybody who sees the same measurements. The others follow by their scores.
    private static func twoChoices(_ scores: [Double], _ spread: Double) -> [Int] {
        let order = shuffled(scores.map { _ in 1 }, spread)
        let first = scores[order[1]] < scores[order[0]] ? order[1] : order[0]
        return [first] + ranked(order.filter { $0 != first }, by: scores)
    }

    /// Finagle's cost of a deployment. One that nothing is known of gets a call to show what it can, but no second one
    /// before the first has answered, while there are others.
    private static func cost(of load: DeploymentLoad) -> Double {
        if load.latency == 0 { return load.inFlight == 0 ? 0 : unmeasured + Double(load.inFlight) }
        return load.latency * Double(load.inFlight + 1)
    }

    /// Seconds: more than any deployment takes.
    private static let unmeasured: Double = 1e6

    /// Those with lower scores first; among equals the given order stays.
    private static func ranked(_ order: [Int], by scores: [Double]) -> [Int] {
        order.enumerated().sorted { (scores[$0.element], $0.offset) < (scores[$1.element], $1.offset) }.map(\.element)
    }

    /// Draws positions without putting them back, each in proportion to its weight among those that are left. One random
    /// number is enough for all draws: within the interval that it fell into, it is as random as before.
    private static func shuffled(_ weights: [Int], _ spread: Double) -> [Int] {
        var left = Array(weights.indices)
        var total = weights.reduce(0, +)
        var chance = spread
        var drawn: [Int] = []
        drawn.reserveCapacity(left.count)
        while left.count > 1 {
            var point = chance * Double(total)
            var place = 0
            while place < left.count - 1, point >= Double(weights[left[place]]) {
                point -= Double(weights[left[place]])
                place += 1
            }
            let position = left.remove(at: place)
            chance = min(max(0, point / Double(weights[position])), 1.0.nextDown)
            total -= weights[position]
            drawn.append(position)
        }
        return drawn + left
    }
}
