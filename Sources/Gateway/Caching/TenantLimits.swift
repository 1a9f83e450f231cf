import Core

/// How much one tenant may want of the cache beside answers, so that no tenant keeps the others waiting: what it wants
/// forgotten at once, and how often it gets another secret.
struct TenantLimits: Sendable {
    /// Most invalidations under way for one tenant.
    static let invalidations = 8
    /// Between two secrets of one tenant.
    static let rotationPause = Duration.seconds(5)

    private var underWay: [String: Int] = [:]
    private(set) var rotated: [String: Instant] = [:]
    /// How many of `rotated` make it worth while to drop those that do not count any more.
    private static let sweep = 1024

    /// Begins an invalidation, which ``endInvalidation(of:)`` ends. Throws where too many are under way.
    mutating func beginInvalidation(of tenant: String) throws(GatewayError) {
        guard underWay[tenant, default: 0] < Self.invalidations else {
            throw .tooMany(
                "\(Self.invalidations) of your invalidations are under way. Send the next when one of them was answered; "
                    + #"{"tenant": "self"} forgets everything of yours at once."#, after: .seconds(1))
        }
        underWay[tenant, default: 0] += 1
    }

    mutating func endInvalidation(of tenant: String) {
        let left = underWay[tenant, default: 1] - 1
        underWay[tenant] = left > 0 ? left : nil
    }

    /// Notes that the tenant gets another secret. Throws where it got one just now.
    mutating func rotate(_ tenant: String, now: Instant) throws(GatewayError) {
        if let last = rotated[tenant], now - last < Self.rotationPause {
            throw .tooMany(
                "The tenant got another secret less than \(Self.rotationPause.components.seconds) seconds ago, and it counts already.",
                after: Self.rotationPause - (now - last))
        }
        if rotated.count >= Self.sweep { rotated = rotated.filter { now - $0.value < Self.rotationPause } }
        rotated[tenant] = now
    }
}

extension GatewayError {
    fileprivate static func tooMany(_ message: String, after wait: Duration) -> GatewayError {
        var error = GatewayError(.tooManyRequests, .client, message)
        error.isRetryable = true
        error.retryAfter = wait
        return error
    }
}
