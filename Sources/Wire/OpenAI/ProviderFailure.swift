package import Core
package import NIOCore

/// What a provider's error answer says.
package struct ProviderFailure: Sendable, Equatable {
    package let fault: Fault
    /// The provider's own message; nil where the body had none.
    package let message: String?
    /// Whether the body is already an error in the shape that OpenAI's clients read.
    package let isOpenAIShape: Bool

    /// Classifies an answer whose status is not 2xx.
    package init(status: Int, body: ByteBuffer) {
        let root = (try? JSONDocument(body))?.root
        let error = root?["error"].flatMap { $0.isNull ? nil : $0 }
        message = error.map(ProviderAnswer.errorMessage) ?? root?["message"]?.string
        isOpenAIShape = error?.kind == .object && error?["message"]?.string != nil
        let code = error?["code"]?.string ?? ""
        fault = Self.fault(status: status, code: code, message: message?.lowercased() ?? "")
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
