import Core
import Gateway
import NIOCore
import NIOHTTP1
import Wire

/// What goes back to the client.
struct Response: Sendable {
    enum Body: Sendable {
        case whole(ByteBuffer)
        /// Written piece by piece; ends properly when the closure returns, and breaks off when it throws.
        case stream(@Sendable (ResponseWriter) async throws -> Void)
        /// Says how it begins only when that is known, or is another response after all; the outer one's head counts for nothing.
        case late(@Sendable (ResponseStart) async throws -> Response?)
    }

    var status: HTTPResponseStatus
    /// Without those that frame the body, which the connection adds.
    var headers: HTTPHeaders
    var body: Body

    init(status: HTTPResponseStatus, headers: HTTPHeaders, body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// An answer in JSON.
    init(json body: ByteBuffer, status: HTTPResponseStatus = .ok, headers: HTTPHeaders = HTTPHeaders()) {
        var headers = headers
        headers.add(name: HeaderName.contentType, value: "application/json")
        self.init(status: status, headers: headers, body: .whole(body))
    }

    /// An error in the shape that clients read.
    init(error: GatewayError, body: ByteBuffer? = nil) {
        self.init(
            json: body ?? ErrorAnswer.body(of: error), status: HTTPResponseStatus(statusCode: ErrorAnswer.status(of: error)))
        if let wait = error.retryAfter {
            // Whole seconds, never early; the exact time for clients that read milliseconds.
            headers.add(name: HeaderName.retryAfter, value: "\(Int(wait.seconds.rounded(.up)))")
            headers.add(name: HeaderName.retryAfterMilliseconds, value: "\(Int((wait.seconds * 1000).rounded(.up)))")
        }
        switch error.code {
        case .providersFailed, .providersResting, .deadline, .noProvider, .modelOff:
            // The gateway has tried what there was; a client's own retries would multiply that.
            headers.add(name: HeaderName.shouldRetry, value: "false")
        default: break
        }
    }

    /// What a client gets for an error that stopped its request; nil for one that nobody expected.
    init?(thrown error: any Error, withReceipt: Bool) {
        switch error {
        case let error as AnswerFailure: self.init(failure: error, withReceipt: withReceipt)
        case let error as GatewayError: self.init(error: error)
        case is CancellationError: self.init(error: GatewayError(.callerGone, .client, "The caller hung up."))
        default: return nil
        }
    }

    /// One that is decided while the body is made.
    init(late body: @escaping @Sendable (ResponseStart) async throws -> Response?) {
        self.init(status: .ok, headers: HTTPHeaders(), body: .late(body))
    }

    /// A request that no attempt could answer.
    init(failure: AnswerFailure, withReceipt: Bool) {
        self.init(error: failure.error, body: failure.body(withReceipt: withReceipt))
        if !failure.attempts.isEmpty { headers.add(name: HeaderName.attempts, value: "\(failure.attempts.count)") }
    }
}
