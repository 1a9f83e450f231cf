package import Core
package import NIOCore

/// What a provider's error answer says.
package struct ProviderFailure: Sendable, Equatable {
    package let fault: Fault
    /// The provider's own message; nil where the body had none.
    package let message: String?
    /// Whether the body is already an error in the shape that OpenAI's clients read.
    package let isOpenAIShape: Bool

    /// In words for people other than the operator: what a provider says about a rejected key may repeat the key.
    package var detail: String {
        fault == .badKey ? "the gateway's key was refused" : message ?? "the provider reported an error without a message"
    }

    /// Classifies an answer whose status is not 2xx.
    package init(status: Int, body: ByteBuffer) {
        let root = (try? JSONDocument(body))?.root
        let error = root?["error"].flatMap { $0.isNull ? nil : $0 }
        message = error.map(ProviderAnswer.errorMessage) ?? root?["message"]?.string.map(ProviderWords.masked)
        isOpenAIShape = error?.kind == .object && error?["message"]?.string != nil
        let code = error?["code"]?.string ?? ""
        fault = Self.fault(status: status, code: code, message: message?.lowercased() ?? "")
    }

    /// Classifies an error that came behind a status of 200: in a stream, or in place of an answer.
    ///
    /// Its `code` or `status` may be a number, like an answer's status; otherwise `code` and `type` are names.
    package init(reported error: JSONValue) {
        message = ProviderAnswer.errorMessage(error)
        isOpenAIShape = error.kind == .object && error["message"]?.string != nil
        let numbers = [error["code"], error["status"], error["status_code"]].compactMap { $0 }.compactMap(\.statusNumber)
        let names = [error["code"], error["type"], error["status"]].compactMap { $0?.string?.lowercased() }
        let status = numbers.first ?? names.lazy.compactMap(Self.status).first ?? 500
        fault = Self.fault(status: status, code: names.first ?? "", message: message?.lowercased() ?? "")
    }

    /// The status that stands for an error's name, as OpenAI, Anthropic and Google have them; nil for a name that says
    /// nothing.
    private static func status(of name: String) -> Int? {
        switch name {
        case _ where name.contains("rate_limit") || name == "resource_exhausted": 429
        case _ where name.contains("overloaded") || name == "unavailable" || name == "service_unavailable": 503
        case "invalid_api_key", "authentication_error", "unauthenticated", "permission_error", "permission_denied": 401
        case "insufficient_quota", "billing_error": 402
        case "model_not_found": 404
        case "context_length_exceeded", "content_filter", "content_policy_violation", "invalid_request_error",
            "invalid_argument", "request_too_large":
            400
        default: nil
        }
    }

    private static func fault(status: Int, code: String, message: String) -> Fault {
        // An account without credit is the key's trouble, whatever status says so.
        if code == "insufficient_quota" || message.contains("credit balance is too low") { return .badKey }
        switch status {
        // A redirect, which is not followed with the key in hand, is the provider's doing or its base URL's.
        case ..<400: return .malformed
        // Some providers answer 403 to a request that their filter refuses.
        case 401, 403: return code.contains("content") ? .contentFilter : .badKey
        case 402: return .badKey
        // A 404 without words is a wrong base URL; one with words may be about a file that the caller named.
        case 404: return code == "model_not_found" || message.isEmpty || message.contains("model") ? .modelGone : .callerMistake
        case 410: return .modelGone
        case 408: return .serverError
        case 429: return .rateLimited
        case 500...: return .serverError
        default: return refusal(code: code, message: message)
        }
    }

    /// What a 4xx says about the request itself; providers tell it in words rather than codes.
    private static func refusal(code: String, message: String) -> Fault {
        if code == "context_length_exceeded" || contextWords.contains(where: message.contains) { return .contextTooLong }
        if ["content_filter", "content_policy_violation"].contains(code) || message.contains("content management policy") {
            return .contentFilter
        }
        if message.contains("api key not valid") { return .badKey }
        return .callerMistake
    }

    private static let contextWords = [
        "context length", "maximum context", "context window", "context limit", "prompt is too long",
        "exceeds the available context",
    ]
}

extension JSONValue {
    /// A status, as a number or in digits.
    fileprivate var statusNumber: Int? {
        guard let number = int ?? string.flatMap({ Int($0) }), (400..<600).contains(number) else { return nil }
        return number
    }
}
