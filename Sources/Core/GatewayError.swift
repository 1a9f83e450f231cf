/// The one error that a caller can get: what happened, on whose side, and whether asking again helps.
package struct GatewayError: Error, Sendable, Equatable {
    /// Where it went wrong.
    package enum Source: String, Sendable { case client, gateway, provider }

    /// Stable names that programs may switch on; they stand in the answer's `code`.
    package enum Code: String, Sendable {
        case invalidJSON = "invalid_json"
        case invalidValue = "invalid_value"
        case missingField = "missing_required_field"
        case modelNotFound = "model_not_found"
        case agentNotFound = "agent_not_found"
        case modelOff = "model_off"
        case noProvider = "no_provider"
        case noModelFits = "no_model_fits"
        case costLimit = "max_cost_exceeded"
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case unsupportedMediaType = "unsupported_media_type"
        case headTooLarge = "headers_too_large"
        case bodyTooLarge = "body_too_large"
        case bodyTimeout = "body_timeout"
        case invalidKey = "invalid_api_key"
        case adminOff = "admin_token_not_set"
        case adminOnly = "admin_token_required"
        case cacheOff = "cache_off"
        case invalidConfiguration = "invalid_configuration"
        case deploymentNotFound = "deployment_not_found"
        case auditFailed = "audit_failed"
        case tooManyFeeds = "too_many_feeds"
        case tooManyRequests = "too_many_requests"
        case providersResting = "providers_unavailable"
        case providersFailed = "providers_failed"
        case providerRefused = "provider_refused"
        case deadline = "deadline_exceeded"
        case notCached = "not_cached"
        case callerGone = "caller_gone"
        case readerTooSlow = "reader_too_slow"
        case draining = "draining"
        case internalError = "internal_error"
    }

    package let code: Code
    package let source: Source
    /// For the person who reads it: what is wrong and what to do.
    package let message: String
    /// The request's field that is to blame: `messages[0].role`.
    package var param: String?
    /// Whether the same request may succeed later.
    package var isRetryable = false
    /// When to ask again.
    package var retryAfter: Duration?
    /// The status to answer with where the provider's own counts; nil takes the code's.
    package var providerStatus: Int?

    package init(_ code: Code, _ source: Source, _ message: String, param: String? = nil) {
        self.code = code
        self.source = source
        self.message = message
        self.param = param
    }

    /// A field of the request that cannot be used.
    package static func invalid(_ param: String, _ message: String) -> GatewayError {
        GatewayError(.invalidValue, .client, message, param: param)
    }

    /// A field of the request that is not there.
    package static func missing(_ param: String, _ message: String) -> GatewayError {
        GatewayError(.missingField, .client, message, param: param)
    }
}
