import Core
import HTTPTypes
import Hummingbird

/// The gateway's paths. A path that exists answers a wrong method with 405 and what it does allow.
struct RouteTable {
    typealias Handler = @Sendable (Request, EdgeContext) async throws -> Response

    private var routes: [(path: String, method: HTTPRequest.Method, handler: Handler)] = []

    mutating func get(_ paths: String..., handler: @escaping Handler) {
        for path in paths { routes.append((path, .get, handler)) }
    }

    mutating func post(_ paths: String..., handler: @escaping Handler) {
        for path in paths { routes.append((path, .post, handler)) }
    }

    private static let methods: [HTTPRequest.Method] = [.get, .head, .post, .put, .patch, .delete, .options]

    /// A router that serves them, all behind the boundary, unknown paths too.
    func router(behind boundary: Boundary) -> Router<EdgeContext> {
        let router = Router(context: EdgeContext.self)
        router.add(middleware: boundary)
        for (path, method, handler) in routes {
            router.on(RouterPath(path), method: method, use: handler)
            for other in Self.methods where other != method {
                router.on(RouterPath(path), method: other) { request, context in
                    var response = Response(
                        error: GatewayError(
                            .methodNotAllowed, .client, "\(request.uri.path) takes \(method), not \(request.method)."))
                    response.headers[.allow] = method.rawValue
                    return response
                }
            }
        }
        return router
    }
}
