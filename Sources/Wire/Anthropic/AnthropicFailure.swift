import NIOCore

/// An error of Anthropic's, from an answer's body or inside a stream.
struct AnthropicFailure {
    let message: String
    /// OpenAI's name where it has one, else Anthropic's own.
    let type: String
    let code: String?

    /// - Parameters:
    ///   - root: the object that holds `error`.
    ///   - status: the answer's status; nil inside a stream.
    init(_ root: JSONValue?, status: Int? = nil) {
        let error = root?["error"].flatMap { $0.isNull ? nil : $0 }
        let said = error?["message"]?.string ?? error?.string ?? root?["message"]?.string
        message =
            said ?? status.map { "The provider answered with status \($0)." }
            ?? "The provider reported an error without a message."
        let name = error?["type"]?.string ?? Self.name(of: status)
        (type, code) = Self.meaning(of: name, message: message.lowercased())
    }

    /// `{"error":{…}}` with all four keys that OpenAI's clients expect.
    var body: ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                $0.key("error")
                $0.object {
                    $0.member("message", message)
                    $0.member("type", type)
                    $0.key("param")
                    $0.null()
                    $0.key("code")
                    $0.string(orNull: code)
                }
            }
        }
    }

    /// What Anthropic calls the failures of that status, for bodies that are not Anthropic's.
    private static func name(of status: Int?) -> String {
        switch status {
        case 401: "authentication_error"
        case 402: "billing_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 504: "timeout_error"
        case 529: "overloaded_error"
        case let status? where (400..<500).contains(status): "invalid_request_error"
        default: "api_error"
        }
    }

    private static func meaning(of name: String, message: String) -> (type: String, code: String?) {
        switch name {
        case "invalid_request_error": ("invalid_request_error", requestCode(message))
        case "request_too_large": ("invalid_request_error", "request_too_large")
        case "not_found_error": ("invalid_request_error", message.contains("model") ? "model_not_found" : "not_found")
        case "authentication_error": ("authentication_error", "invalid_api_key")
        case "permission_error": ("permission_error", "permission_denied")
        case "billing_error": ("insufficient_quota", "insufficient_quota")
        case "rate_limit_error": ("rate_limit_error", "rate_limit_exceeded")
        case "overloaded_error": ("overloaded_error", "overloaded")
        case "timeout_error": ("timeout_error", "timeout")
        case "api_error": ("api_error", "server_error")
        default: (name, nil)
        }
    }

    /// Anthropic gives many things this one type, and tells them apart in words.
    private static func requestCode(_ message: String) -> String? {
        let codes: [(words: [String], code: String)] = [
            (["prompt is too long", "exceed context limit", "context window"], "context_length_exceeded"),
            (["content filtering policy"], "content_filter"),
            (["credit balance is too low", "specified api usage limits"], "insufficient_quota"),
        ]
        return codes.first { $0.words.contains(where: message.contains) }?.code
    }
}
