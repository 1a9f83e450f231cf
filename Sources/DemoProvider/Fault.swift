import HTTPTypes
import Hummingbird

/// A way to misbehave, chosen by the model's name. Each is something that real providers do.
enum Fault: String, CaseIterable, Sendable {
    case serverError = "fault-500"
    case unavailable = "fault-503"
    case rateLimit = "fault-429"
    case longRateLimit = "fault-429-long"
    case badKey = "fault-401"
    case badRequest = "fault-400"
    case contextLength = "fault-context"
    case contentFilter = "fault-filter"
    case hang = "fault-hang"
    case headersOnly = "fault-headers-only"
    case stall = "fault-stall"
    case cut = "fault-cut"
    case cutPlain = "fault-cut-plain"
    case errorEvent = "fault-error-event"
    case html = "fault-html"
    case garbage = "fault-garbage"
    case empty = "fault-empty"
    case noDone = "fault-no-done"
    case slow = "fault-slow"
    case flaky = "fault-flaky"
    case reset = "fault-reset"

    /// What happens, in a few words.
    var summary: String {
        switch self {
        case .serverError: "answers 500"
        case .unavailable: "answers 503"
        case .rateLimit: "answers 429 and asks to wait 2 seconds"
        case .longRateLimit: "answers 429 and asks to wait 60 seconds"
        case .badKey: "answers 401, the key is wrong"
        case .badRequest: "answers 400"
        case .contextLength: "answers 400, the context is too long"
        case .contentFilter: "answers 400, the content is filtered"
        case .hang: "takes the request and never answers"
        case .headersOnly: "sends the headers and then nothing"
        case .stall: "sends 5 tokens and then nothing"
        case .cut: "closes the connection after 5 tokens"
        case .cutPlain: "sends less than its Content-Length says"
        case .errorEvent: "sends 3 tokens and then an error event"
        case .html: "answers 200 with a page of HTML"
        case .garbage: "answers with malformed JSON"
        case .empty: "answers without any content"
        case .noDone: "ends its stream without [DONE]"
        case .slow: "waits 2 seconds before each token"
        case .flaky: "fails every second request with 500"
        case .reset: "resets the connection before it answers"
        }
    }

    /// The error that the fault answers at once, if it is of that kind.
    var error: DemoError? {
        switch self {
        case .serverError, .flaky:
            DemoError(
                status: .internalServerError, message: "The server had an error while processing your request.",
                type: "server_error")
        case .unavailable:
            DemoError(
                status: .serviceUnavailable, message: "The engine is currently overloaded, please try again later.",
                type: "server_error")
        case .rateLimit: Self.limited(seconds: 2)
        case .longRateLimit: Self.limited(seconds: 60)
        case .badKey:
            DemoError(status: .unauthorized, message: "Incorrect API key provided.", code: "invalid_api_key")
        case .badRequest:
            DemoError.invalid("temperature", "it is out of range", code: "invalid_value")
        case .contextLength:
            DemoError(
                status: .badRequest,
                message: "This model's maximum context length is 8 tokens. Please reduce the length of the messages.",
                param: "messages", code: "context_length_exceeded")
        case .contentFilter:
            DemoError(
                status: .badRequest, message: "The response was filtered because of the content of the prompt.",
                param: "prompt", code: "content_filter")
        default: nil
        }
    }

    private static func limited(seconds: Int) -> DemoError {
        DemoError(
            status: .tooManyRequests, message: "Rate limit reached. Please try again in \(seconds)s.", type: "requests",
            code: "rate_limit_exceeded", headers: [.retryAfter: String(seconds)])
    }
}
