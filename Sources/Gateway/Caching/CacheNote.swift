/// What the cache had to do with an answer.
package enum CacheNote: Sendable, Equatable {
    /// No cache is in force for it.
    case off
    /// The caller wanted a fresh answer (`no-cache`, `max-age=0`).
    case refreshed(stored: Bool?)
    /// The caller wanted it kept nowhere, or it cannot be shared.
    case bypassed
    /// Nothing was there. Whether the answer was kept; nil while it streams.
    case missed(stored: Bool?)
    /// It is the answer to an identical request that was under way.
    case joined
    /// It was there, for `age`, and will be for `remaining`.
    case hit(CacheTier, age: Duration, remaining: Duration)

    /// For the caller's header: one word.
    package var word: String {
        switch self {
        case .off, .bypassed: "bypass"
        case .refreshed, .missed: "miss"
        case .joined: "joined"
        case .hit: "hit"
        }
    }

    /// `Cache-Status` as RFC 9211 has it; nil where no cache is in force.
    package var status: String? {
        switch self {
        case .off: nil
        case .bypassed: "quintet; fwd=bypass"
        case .refreshed(let stored): "quintet; fwd=request" + (stored == true ? "; stored" : "")
        case .missed(let stored): "quintet; fwd=miss" + (stored == true ? "; stored" : "")
        case .joined: "quintet; fwd=miss; collapsed"
        case .hit(let tier, _, let remaining): "quintet; hit; ttl=\(remaining.components.seconds); detail=\(tier.rawValue)"
        }
    }

    /// Whether the answer came out of the cache.
    package var isHit: Bool { if case .hit = self { true } else { false } }

    /// Whether the answer costs its request nothing: it was there, or is on another's account.
    package var isFree: Bool {
        switch self {
        case .hit, .joined: true
        default: false
        }
    }
}
