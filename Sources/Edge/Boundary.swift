import Core
import Gateway
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Wire

/// Stands round all routes: lets callers in, names each request, and turns every error into the one shape that
/// clients read. Errors are logged here, once.
struct Boundary: RouterMiddleware {
    let keys: ClientKeys
    /// Paths that need no key: a load balancer's health check has none.
    static let open: Set<String> = ["/health", "/api/health"]

    func handle(
        _ request: Request, context: EdgeContext, next: @concurrent (Request, EdgeContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        if let own = RequestIdentifier.accepted(request.headers[.requestID]) { context.requestID = own }
        var response: Response
        do {
            let path = request.uri.path
            if !Self.open.contains(path), !AdminDoor.prefixes.contains(where: path.hasPrefix) { try keys.check(request.headers) }
            response = try await next(request, context)
        } catch {
            response = answer(to: error, request, context)
        }
        response.headers[.requestID] = context.requestID
        return response
    }

    private func answer(to error: any Error, _ request: Request, _ context: EdgeContext) -> Response {
        switch error {
        case let error as AnswerFailure: return Response(failure: error)
        case let error as GatewayError: return Response(error: error)
        case let error as HTTPError where error.status == .notFound:
            return Response(
                error: GatewayError(
                    .notFound, .client,
                    "There is nothing at \(request.method) \(request.uri.path.prefix(200)). Chat requests go to POST /v1/chat/completions."
                ))
        case is CancellationError:
            return Response(error: GatewayError(.callerGone, .client, "The caller hung up."))
        default:
            context.logger.error("unexpected error", metadata: ["id": "\(context.requestID)", "error": "\(error)"])
            return Response(
                error: GatewayError(
                    .internalError, .gateway, "The gateway failed. Its log has more under \(context.requestID)."))
        }
    }
}

extension Response {
    /// An error in the shape that clients read.
    init(error: GatewayError, body: ByteBuffer? = nil) {
        var headers: HTTPFields = [.contentType: "application/json"]
        if let wait = error.retryAfter {
            // Whole seconds, never early; the exact time for clients that read milliseconds.
            headers[.retryAfter] = "\(Int(wait.seconds.rounded(.up)))"
            headers[.retryAfterMilliseconds] = "\(Int((wait.seconds * 1000).rounded(.up)))"
        }
        switch error.code {
        case .bodyTooLarge: headers[.connection] = "close"
        case .providersFailed, .providersResting, .deadline, .noProvider, .modelOff:
            // The gateway has tried what there was; a client's own retries would multiply that.
            headers[.shouldRetry] = "false"
        default: break
        }
        self.init(
            status: HTTPResponse.Status(code: ErrorAnswer.status(of: error)), headers: headers,
            body: ResponseBody(byteBuffer: body ?? ErrorAnswer.body(of: error)))
    }

    /// A request that no attempt could answer.
    init(failure: AnswerFailure) {
        self.init(error: failure.error, body: failure.providerBody)
        if !failure.attempts.isEmpty { headers[.attempts] = "\(failure.attempts.count)" }
    }
}
