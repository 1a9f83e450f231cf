import Core

/// Which breakers an admin wants to see: `?q=text&state=open`.
struct BreakerFilter: Sendable, Equatable {
    /// What the deployment, its model or its provider must contain; empty for all.
    let text: String
    /// nil for all.
    let phase: Breaker.Phase?

    static let all = BreakerFilter(text: "", phase: nil)
    private static let textLimit = 200

    init(text: String, phase: Breaker.Phase?) {
        self.text = String(text.prefix(Self.textLimit))
        self.phase = phase
    }

    init(_ request: Request) {
        self.init(text: request.query("q") ?? "", phase: request.query("state").flatMap(Breaker.Phase.init))
    }

    func takes(_ entry: BreakerBoard.Entry) -> Bool { (phase == nil || entry.report.phase == phase) && names(entry) }

    /// Whether it is one of those looked for, whatever its state.
    func names(_ entry: BreakerBoard.Entry) -> Bool {
        guard !text.isEmpty else { return true }
        let wanted = text.lowercased()
        return [entry.deployment.id, entry.model, entry.deployment.provider].contains { $0.lowercased().contains(wanted) }
    }
}
