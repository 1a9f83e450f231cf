/// How a model's calls are shared among its deployments; the raw values are the names in `models.json`.
package enum Balance: String, Sendable, CaseIterable {
    /// At random, in proportion to the weights.
    case weighted
    /// In turn, each as often as the others; weights do not count.
    case roundRobin = "round_robin"
    /// The one with the fewest calls in flight for its weight.
    case leastBusy = "least_busy"
    /// Of two taken at random, the one with the lower product of recent latency and calls in flight for its weight.
    case peakEWMA = "peak_ewma"
}

/// How busy and how quick one deployment is, as one moment sees it.
package struct DeploymentLoad: Sendable, Equatable {
    /// Calls under way.
    package var inFlight: Int
    /// Recent time to the first content in seconds, by ``PeakEWMA``; 0 where nothing was measured.
    package var latency: Double

    package init(inFlight: Int = 0, latency: Double = 0) {
        self.inFlight = inFlight
        self.latency = latency
    }
}

/// What the planner asks about deployments and models while it plans (a port: `Gateway` measures, tests make it up). For loads it
/// is asked only where there is a choice to be made, so that all others cost nothing.
package protocol DeploymentMeasures: Sendable {
    /// - Parameter isStream: streams show their first content early, whole answers only at their end; each is compared
    ///   with its like.
    func load(of deployment: Deployment, isStream: Bool) -> DeploymentLoad

    /// Whose turn it is: a number that grows by one with each request for this model.
    func nextTurn(of model: Model) -> Int

    /// Tokens that the model's answers of that kind have, and how many of them were seen.
    func answerLength(of model: Model, _ kind: AnswerKind) -> (tokens: Int, answers: Int)
    /// How the model's own count of prompt tokens compares to the estimate. Asked only where a prompt may be too long.
    func tokenFactor(of model: Model) -> Double
}
