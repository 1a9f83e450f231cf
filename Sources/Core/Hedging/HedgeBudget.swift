/// Lets one request in twenty be hedged: a token bucket that holds one token, of which each request brings a twentieth.
///
/// So of any twenty requests in a row at most one is hedged, also when all of them are slow: a provider that is overloaded must not
/// get more calls for it.
package struct HedgeBudget: Sendable, Equatable {
    /// 5 %.
    package static let requestsPerHedge = 20

    /// Requests since the last hedge, as far as they count.
    private var earned = 0

    package init() {}

    /// A request has come.
    package mutating func earn() { earned = min(earned + 1, Self.requestsPerHedge) }

    /// Whether a hedge may be started now; then it has to be, or is given back.
    package mutating func spend() -> Bool {
        guard earned == Self.requestsPerHedge else { return false }
        earned = 0
        return true
    }

    /// The hedge was not started after all.
    package mutating func giveBack() { earned = Self.requestsPerHedge }
}
