package import Core
package import NIOCore

/// An error as callers get it: the one place that maps the gateway's errors to HTTP.
package enum ErrorAnswer {
    /// The status for an error.
    package static func status(of error: GatewayError) -> Int {
        if let status = error.providerStatus, (400..<600).contains(status) { return status }
        return switch error.code {
        case .invalidJSON, .invalidValue, .missingField, .agentNotFound, .noModelFits, .costLimit, .providerRefused: 400
        case .invalidKey: 401
        case .adminOff, .adminOnly: 403
        case .modelNotFound, .notFound, .deploymentNotFound, .cacheOff: 404
        case .methodNotAllowed: 405
        case .bodyTimeout, .readerTooSlow: 408
        case .bodyTooLarge: 413
        case .unsupportedMediaType: 415
        case .invalidConfiguration: 422
        case .tooManyRequests: 429
        case .headTooLarge: 431
        case .callerGone: 499
        case .internalError, .auditFailed: 500
        case .providersFailed: 502
        case .modelOff, .noProvider, .providersResting, .draining, .tooManyFeeds: 503
        case .deadline, .notCached: 504
        }
    }

    /// What was tried before the error was given.
    package struct Attempt: Sendable, Equatable {
        package let deployment: String
        /// The fault's name, or `breaker_open` for a deployment that was not asked.
        package let fault: String
        /// In words for people; holds no secrets.
        package let detail: String?
        /// nil for one that was not asked.
        package let seconds: Double?

        package init(deployment: String, fault: String, detail: String? = nil, seconds: Double? = nil) {
            self.deployment = deployment
            self.fault = fault
            self.detail = detail
            self.seconds = seconds
        }
    }

    /// `{"error":{"message","type","param","code"}}`, all four keys always there, as OpenAI's clients expect; and
    /// `attempts` where something was tried. In `quintet` stands what that cost, and what would have cost too much: inside of
    /// `error`, for SDKs show nothing else.
    package static func body(
        of error: GatewayError, attempts: [Attempt] = [], receipt: Receipt? = nil, estimate: PlanFailure.Estimate? = nil
    ) -> ByteBuffer {
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
                    if !attempts.isEmpty { $0.add(attempts) }
                    $0.add(receipt, estimate)
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

extension JSONWriter {
    fileprivate mutating func add(_ receipt: Receipt?, _ estimate: PlanFailure.Estimate?) {
        guard receipt != nil || estimate != nil else { return }
        key("quintet")
        object {
            if let receipt { $0.member(receipt) }
            if let estimate { $0.member(estimate) }
        }
    }

    fileprivate mutating func add(_ attempts: [ErrorAnswer.Attempt]) {
        key("attempts")
        array { writer in
            for attempt in attempts {
                writer.object {
                    $0.key("deployment")
                    $0.string(attempt.deployment)
                    $0.key("fault")
                    $0.string(attempt.fault)
                    if let detail = attempt.detail {
                        $0.key("detail")
                        $0.string(detail)
                    }
                    if let seconds = attempt.seconds {
                        $0.key("seconds")
                        $0.number(seconds)
                    }
                }
            }
        }
    }
}
