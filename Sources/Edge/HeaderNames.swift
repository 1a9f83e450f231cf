import HTTPTypes

extension HTTPField.Name {
    static let requestID = HTTPField.Name("x-request-id")!
    static let model = HTTPField.Name("x-quintet-model")!
    static let agent = HTTPField.Name("x-quintet-agent")!
    static let attempts = HTTPField.Name("x-quintet-attempts")!
    static let cost = HTTPField.Name("x-quintet-cost-usd")!
    static let shouldRetry = HTTPField.Name("x-should-retry")!
    static let retryAfterMilliseconds = HTTPField.Name("retry-after-ms")!
    /// Keeps proxies from gathering a stream.
    static let accelBuffering = HTTPField.Name("x-accel-buffering")!
}
