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
        switch status {
        // A redirect, which is not followed with the key in hand, is the provider's doing or its base URL's.
        case ..<400: return .malformed
        case 401, 403:
            // Some providers answer 403 to a request that their filter refuses.
            return code.contains("content") ? .contentFilter : .badKey
        case 402: return .badKey
        case 404:
            return code == "model_not_found" || message.contains("model") ? .modelGone : .callerMistake
        case 408: return .serverError
        case 410: return .modelGone
        case 429:
            return .rateLimited
        case 500...: return .serverError
        default: break
        }
        if code == "context_length_exceeded" || message.contains("context length")
            || message.contains("maximum context") || message.contains("context window")
            || message.contains("prompt is too long") || message.contains("exceeds the available context")
        {
            return .contextTooLong
        }
        if code == "content_filter" || code == "content_policy_violation" || message.contains("content management policy") {
            return .contentFilter
        }
        return .callerMistake
    }
}
