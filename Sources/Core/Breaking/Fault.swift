/// What went wrong with one attempt, named once for the whole gateway: breakers count it, the retry rules read it,
/// admins see it.
package enum Fault: String, Sendable, CaseIterable, Codable {
    /// No TCP connection: refused, unreachable, DNS.
    case connect
    /// The TLS handshake or the certificate was not acceptable.
    case tls
    /// No connection within the connect limit.
    case connectTimeout = "connect_timeout"
    /// Connected, but no first content in time.
    case firstContentTimeout = "first_content_timeout"
    /// Content began, then nothing for the stall limit.
    case stall
    /// The attempt's or the request's whole time is over.
    case totalTimeout = "total_timeout"
    /// The connection broke before the answer began.
    case reset
    /// The provider answered 5xx (529 included).
    case serverError = "server_error"
    /// The provider answered 429.
    case rateLimited = "rate_limited"
    /// The answer ended before it was complete.
    case cut
    /// Bytes that are not the wire format: HTML, broken JSON, an oversized answer.
    case malformed
    /// A complete answer without any content.
    case empty
    /// The provider no longer serves this model.
    case modelGone = "model_gone"
    /// The provider refused the gateway's own key.
    case badKey = "bad_key"
    /// More tokens than the model reads.
    case contextTooLong = "context_too_long"
    /// The provider's content filter refused the request.
    case contentFilter = "content_filter"
    /// The caller's request is wrong wherever it is sent.
    case callerMistake = "caller_mistake"
    /// The caller hung up.
    case callerGone = "caller_gone"
    /// All connections to the provider are in use and none came free in time.
    case poolExhausted = "pool_exhausted"
    /// Asked to take up a broken answer, the model said something else than the caller already has.
    case diverged
    /// Another call for the same request answered first.
    case notNeeded = "not_needed"
}

extension Fault {
    /// Who is to blame.
    package enum Blame: String, Sendable { case provider, key, caller, gateway }

    /// What to do next when nothing has reached the client yet.
    package enum Remedy: Sendable, Equatable {
        /// Ask the same deployment once more, else another.
        case retryHere
        /// Ask another deployment or model.
        case goElsewhere
        /// Another model with a larger window can help; the same one never can.
        case goLarger
        /// Nobody else would answer differently.
        case giveUp
    }

    /// The one table of what each fault means.
    package var meaning: (blame: Blame, countsForBreaker: Bool, remedy: Remedy) {
        switch self {
        case .connect: (.provider, true, .goElsewhere)
        case .tls: (.provider, true, .goElsewhere)
        case .connectTimeout: (.provider, true, .goElsewhere)
        case .firstContentTimeout: (.provider, true, .goElsewhere)
        case .stall: (.provider, true, .goElsewhere)
        case .totalTimeout: (.provider, true, .goElsewhere)
        case .reset: (.provider, true, .retryHere)
        case .serverError: (.provider, true, .retryHere)
        case .rateLimited: (.provider, true, .retryHere)
        case .cut: (.provider, true, .goElsewhere)
        case .malformed: (.provider, true, .goElsewhere)
        case .empty: (.provider, true, .goElsewhere)
        case .modelGone: (.provider, true, .goElsewhere)
        case .badKey: (.key, false, .goElsewhere)
        case .contextTooLong: (.caller, false, .goLarger)
        case .contentFilter: (.caller, false, .giveUp)
        case .callerMistake: (.caller, false, .giveUp)
        case .callerGone: (.caller, false, .giveUp)
        case .poolExhausted: (.gateway, false, .goElsewhere)
        case .diverged: (.gateway, false, .goElsewhere)
        case .notNeeded: (.gateway, false, .giveUp)
        }
    }
}

extension Fault {
    /// Whether a provider may charge for a call that ended so, though none of its content arrived: it had the request, and
    /// did not refuse it.
    package var mayCost: Bool {
        switch self {
        case .firstContentTimeout, .stall, .totalTimeout, .cut, .empty, .callerGone, .diverged, .notNeeded: true
        case .connect, .tls, .connectTimeout, .reset, .serverError, .rateLimited, .modelGone, .badKey, .contextTooLong,
            .contentFilter, .callerMistake, .poolExhausted, .malformed:
            false
        }
    }
}
