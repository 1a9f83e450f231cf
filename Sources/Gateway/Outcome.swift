package import Core

/// What one attempt came to.
package struct AttemptRecord: Sendable, Equatable {
    package let model: String
    package let deployment: String
    /// nil for the attempt that answered.
    package let fault: Fault?
    package let seconds: Double

    /// `ok`, or the fault's name.
    package var result: String { fault?.rawValue ?? "ok" }
}

/// What happened to one request, written once, at its end.
package struct Outcome: Sendable {
    package enum Ending: Sendable, Equatable {
        case complete
        case failed(GatewayError.Code)
        case callerGone
    }

    package let requestID: String
    package let isStream: Bool
    package var ending: Ending = .callerGone
    package var agent: String?
    package var attempts: [AttemptRecord] = []
    package var usage: Usage?
    /// nil where the usage or the price is unknown.
    package var cost: Money?
    /// From the request's arrival to its end.
    package var seconds: Double = 0
    /// From the request's arrival to the first content.
    package var firstContentSeconds: Double?
}
