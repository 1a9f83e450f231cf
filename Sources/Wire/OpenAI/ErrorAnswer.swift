package import Core
package import NIOCore

/// An error as callers get it: the one place that maps the gateway's errors to HTTP.
package enum ErrorAnswer {
    /// The status for an error.
    package static func status(of error: GatewayError) -> Int {
        if let status = error.providerStatus, (400..<600).contains(status) { return status }
        return switch error.code {
        case .invalidJSON, .invalidValue, .missingField, .agentNotFound, .noModelFits, .providerRefused: 400
        case .invalidKey: 401
        case .adminOff: 403
        case .modelNotFound, .notFound, .deploymentNotFound: 404
        case .methodNotAllowed: 405
        case .bodyTimeout: 408
        case .bodyTooLarge: 413
        case .unsupportedMediaType: 415
        case .callerGone: 499
        case .internalError, .auditFailed: 500
        case .providersFailed: 502
        case .modelOff, .noProvider, .providersResting, .draining, .tooManyFeeds: 503
        case .deadline: 504
        }
    }

    /// `{"error":{"message","type","param","code"}}`, all four keys always there, as OpenAI's clients expect.
    package static func body(of error: GatewayError) -> ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                $0.key("error")
                $0.object {
                    $0.key("message")
                    $0.string(error.message)
                    $0.key("type")
                    $0.string(type(of: error))
                    $0.key("param")
                    $0.string(orNull: error.param)
                    $0.key("code")
                    $0.string(error.code.rawValue)
                }
            }
        }
    }

    /// The names that OpenAI uses.
    private static func type(of error: GatewayError) -> String {
        switch status(of: error) {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 404: error.code == .modelNotFound ? "invalid_request_error" : "not_found_error"
        case 429: "rate_limit_error"
        case 400..<500: "invalid_request_error"
        default: "api_error"
        }
    }
}
