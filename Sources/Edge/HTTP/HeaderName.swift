/// Header fields that the gateway reads or writes, in the lower case that goes out.
enum HeaderName {
    static let requestID = "x-request-id"
    /// What a request of Claude Code is for.
    static let requestClass = "x-claude-code-request-class"
    static let model = "x-quintet-model"
    static let agent = "x-quintet-agent"
    static let attempts = "x-quintet-attempts"
    static let cost = "x-quintet-cost-usd"
    /// `1` asks for the receipt.
    static let receipt = "x-quintet-receipt"
    /// What became of the attempt that was started beside a late one.
    static let hedge = "x-quintet-hedge"
    static let shouldRetry = "x-should-retry"
    static let retryAfter = "retry-after"
    static let retryAfterMilliseconds = "retry-after-ms"
    /// Keeps proxies from gathering a stream.
    static let accelBuffering = "x-accel-buffering"
    /// What the cache had to do with an answer, in one word.
    static let cache = "x-quintet-cache"
    /// RFC 9211.
    static let cacheStatus = "cache-status"
    static let age = "age"
    /// The caller's own session.
    static let session = "x-quintet-session"
    static let cacheControl = "cache-control"
    static let contentType = "content-type"
    static let contentLength = "content-length"
    static let authorization = "authorization"
    static let allow = "allow"
}
