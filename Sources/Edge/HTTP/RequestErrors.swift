import Core

/// What can be wrong with a request before anybody looks at what it asks.
extension GatewayError {
    static let lateBody = GatewayError(.bodyTimeout, .client, "The request's body did not arrive in time.")
    static let largeHead = GatewayError(
        .headTooLarge, .client, "The request's headers are too large; send less than 64 KiB.")
    static let malformed = GatewayError(.invalidValue, .client, "The bytes sent are not an HTTP/1.1 request.")
    /// None, or several of which each reader may take another.
    static let unclearHost = GatewayError(
        .invalidValue, .client, "An HTTP/1.1 request has exactly one Host header. Send 'Host: <name of the gateway>'.")

    /// A body that is, or turns out, larger than its limit in bytes.
    static func tooLarge(_ limit: Int) -> GatewayError {
        GatewayError(.bodyTooLarge, .client, "The body is larger than the limit of \(limit) bytes.")
    }
}
