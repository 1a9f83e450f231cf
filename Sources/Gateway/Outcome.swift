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
    /// What the cache had to do with it.
    package var cache = CacheNote.off
    package var attempts: [AttemptRecord] = []
    /// How a stream that broke off was taken up, each time.
    package var resumptions: [Resumption] = []
    /// As the attempt that finished the answer counted it.
    package var usage: Usage?
    /// Of all that was spent; nil where a usage or a price is unknown, as that of an attempt that broke off mostly is.
    package var cost: Money?
    /// From the request's arrival to its end.
    package var seconds: Double = 0
    /// From the request's arrival to the first content.
    package var firstContentSeconds: Double?
}
