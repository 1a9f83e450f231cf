/// What becomes of a stream that a provider breaks off behind the commit point.
package enum CutPolicy: String, Sendable, CaseIterable {
    /// Another attempt goes on from the text that the caller already has.
    case resume
    /// The stream ends with an error at once.
    case error
}

/// What a caller wants otherwise than the catalogue has it, for one request.
package struct RequestPolicy: Sendable, Hashable {
    package var onCut: CutPolicy?
    /// The whole request, all attempts together.
    package var deadline: Duration?
    package var connect: Duration?
    package var firstContent: Duration?
    package var answer: Duration?
    package var stall: Duration?
    package var acquire: Duration?
    /// Most that an attempt may be expected to cost.
    package var maxCost: Money?
    /// The only models that may be asked.
    package var models: [String]?
    /// Something is said that only a team can heed.
    package var asksForTeam = false

    package init() {}

    /// The limits of that model's calls, with the caller's own in their place.
    package func timeouts(of model: Model) -> Timeouts {
        var timeouts = model.timeouts
        if let connect { timeouts.connect = connect }
        if let firstContent { timeouts.firstContent = firstContent }
        if let answer { timeouts.answer = answer }
        if let stall { timeouts.stall = stall }
        if let acquire { timeouts.acquire = acquire }
        return timeouts
    }

    /// The waits for which this request leaves a model less time than it is given otherwise: that they ran out says nothing of the
    /// model, and must not keep it from others.
    ///
    /// - Parameter total: what a whole request is given otherwise.
    package func hastyFaults(on model: Model, isStream: Bool, total: Duration) -> Set<Fault> {
        guard deadline ?? connect ?? firstContent ?? answer ?? stall != nil else { return [] }
        let usual = model.timeouts
        let limits: [(own: Duration?, usual: Duration, fault: Fault)] = [
            (deadline, total, .totalTimeout), (connect, usual.connect, .connectTimeout), (stall, usual.stall, .stall),
            isStream ? (firstContent, usual.firstContent, .firstContentTimeout) : (answer, usual.answer, .firstContentTimeout),
        ]
        return Set(limits.lazy.filter { $0.own ?? $0.usual < $0.usual }.map(\.fault))
    }
}
