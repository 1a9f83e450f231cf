/// Header fields that the gateway reads or writes, in the lower case that goes out.
enum HeaderName {
    static let requestID = "x-request-id"
    /// What a request of Claude Code is for.
    static let requestClass = "x-claude-code-request-class"
    static let model = "x-quintet-model"
    static let agent = "x-quintet-agent"
    static let attempts = "x-quintet-attempts"
    static let cost = "x-quintet-cost-usd"
    static let shouldRetry = "x-should-retry"
    static let retryAfter = "retry-after"
    static let retryAfterMilliseconds = "retry-after-ms"
    /// Keeps proxies from gathering a stream.
    static let accelBuffering = "x-accel-buffering"
    static let cacheControl = "cache-control"
    static let contentType = "content-type"
    static let contentLength = "content-length"
    static let authorization = "authorization"
    static let allow = "allow"
}
