import HTTPTypes
import Hummingbird
import NIOCore

/// An error in OpenAI's shape: all four keys are always there.
struct DemoError: Error {
    var status: HTTPResponse.Status
    var message: String
    var type = "invalid_request_error"
    var param: String?
    var code: String?
    var headers = HTTPFields()

    /// The body that both a failed answer and an error event in a stream carry.
    var json: JSON {
        ["error": ["message": .string(message), "type": .string(type), "param": JSON(param), "code": JSON(code)]]
    }

    var response: Response {
        var response = Response(status: status, json: json)
        response.headers.append(contentsOf: headers)
        return response
    }

    static func unknownModel(_ name: String) -> DemoError {
        DemoError(
            status: .notFound, message: "The model `\(name.prefix(100))` does not exist or you do not have access to it.",
            code: "model_not_found")
    }

    /// What a provider says that fails while it streams: it can't change its status any more.
    static let inTheMiddle = DemoError(
        status: .internalServerError, message: "The server had an error in the middle of its answer.",
        type: "server_error")

    static func tooLarge(limit: Int) -> DemoError {
        DemoError(
            status: .contentTooLarge, message: "The request is larger than \(limit) bytes.", code: "request_too_large")
    }
}

/// Gives every failure OpenAI's shape, and every answer a request id as OpenAI does.
struct OpenAIManners: RouterMiddleware {
    typealias Context = DemoContext

    private static let requestID = HTTPField.Name("x-request-id")

    func handle(
        _ request: Request, context: DemoContext, next: (Request, DemoContext) async throws -> Response
    ) async throws -> Response {
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as DemoError {
            response = error.response
        } catch let error as any HTTPResponseError where error.status.code < 500 {
            let message = "Unknown request: \(request.method) \(request.uri.path.prefix(200))"
            response = DemoError(status: error.status, message: message, code: "unknown_url").response
        }
        // Not Hummingbird's `context.id`: it traps under a log handler that drops metadata.
        if let name = Self.requestID {
            response.headers[name] = "req_demo_" + String(UInt64.random(in: .min ... .max), radix: 36)
        }
        return response
    }
}

extension Response {
    /// An answer with a JSON body.
    init(status: HTTPResponse.Status = .ok, json: JSON) {
        self.init(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: json.rendered)))
    }
}
