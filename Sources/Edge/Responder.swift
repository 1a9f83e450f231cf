import Core
import Gateway
import Logging
import NIOCore
import NIOHTTP1
import Wire

/// Stands between the connections and the routes: lets callers in, finds the route, and turns every error into the
/// one shape that clients read. Errors are logged here, once.
struct Responder: Sendable {
    let routes: RouteTable
    let keys: ClientKeys
    /// Most bytes of a request's body.
    let bodyLimit: Int
    let logger: Logger
    /// nil where nothing is recorded and nothing cut.
    var gateway: Gateway?

    /// What becomes of a request whose head is there.
    enum Admission: Sendable {
        case take(Route)
        /// Its body is of no interest.
        case refuse(Response)
    }

    /// Judges a request by its head, before its body is read.
    ///
    /// - Parameter request: learns whose it is.
    func admit(_ request: inout Request) -> Admission {
        switch routes.match(request.method, request.path) {
        case .route(let route):
            do throws(GatewayError) {
                if !route.isOpen { request.tenant = try keys.check(request.headers) }
                if case .json = route.body { try Self.checkType(request.headers) }
                let limit = bodyLimit(of: route)
                if let length = request.declaredLength, length > limit { throw .tooLarge(limit) }
            } catch { return .refuse(Response(error: error)) }
            return .take(route)
        case .otherMethod(let allowed):
            return .refuse(notAllowed(request, allowed))
        case .nothing:
            return .refuse(nothingThere(request))
        }
    }

    /// Answers a request that was admitted.
    func respond(to request: Request, by route: Route) async -> Response {
        do {
            return try await route.handler(request)
        } catch where gateway?.cutoff.isPast == true && Task.isCancelled {
            return Response(error: Cutoff.error)
        } catch {
            if let error = error as? GatewayError { record(error, request, route) }
            if let response = Response(thrown: error, withReceipt: request.tellsCost) { return response }
            logger.error("unexpected error", metadata: ["id": "\(request.id)", "error": "\(error)"])
            return Response(
                error: GatewayError(
                    .internalError, .gateway, "The gateway failed. Its log has more under \(request.id)."))
        }
    }

    /// A chat request that cannot be read has an outcome like any other. All else that is asked is no call of a model.
    private func record(_ error: GatewayError, _ request: Request, _ route: Route) {
        guard !route.isOpen, case .json = route.body else { return }
        var outcome = Outcome(requestID: request.id, isStream: false)
        outcome.ending = .failed(error.code)
        gateway?.outcomes.record(outcome)
    }

    /// The most bytes that a request's body may have: little where it is not read, and for callers who need no key.
    func bodyLimit(of route: Route) -> Int {
        route.isOpen || route.body == .none ? min(bodyLimit, RequestAssembly.smallBody) : bodyLimit
    }

    private static func checkType(_ headers: HTTPHeaders) throws(GatewayError) {
        if let coding = headers.first(name: HeaderName.contentEncoding), !coding.isEmpty, coding.lowercased() != "identity" {
            throw GatewayError(
                .unsupportedMediaType, .client, "The body must be plain JSON, not \(coding.prefix(100)). Send it without 'Content-Encoding'.")
        }
        guard let type = headers.first(name: HeaderName.contentType), type != "application/json" else { return }
        let name = type.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
        guard name == "application/json" || name.hasSuffix("+json") else {
            throw GatewayError(
                .unsupportedMediaType, .client,
                "The body must be JSON, not \(type.prefix(100)). Send 'Content-Type: application/json'.")
        }
    }

    // Paths that don't exist are told only to callers who are let in.

    private func notAllowed(_ request: Request, _ allowed: [HTTPMethod]) -> Response {
        if let refusal = refusalOfKey(request) { return refusal }
        let allowed = allowed.map(\.rawValue).joined(separator: ", ")
        var response = Response(
            error: GatewayError(
                .methodNotAllowed, .client,
                "\(request.path.prefix(200)) takes \(allowed), not \(request.method.rawValue.prefix(20))."))
        response.headers.add(name: HeaderName.allow, value: allowed)
        return response
    }

    private func nothingThere(_ request: Request) -> Response {
        refusalOfKey(request)
            ?? Response(
                error: GatewayError(
                    .notFound, .client,
                    "There is nothing at \(request.method.rawValue.prefix(20)) \(request.path.prefix(200)). Chat requests go to POST /v1/chat/completions."
                ))
    }

    private func refusalOfKey(_ request: Request) -> Response? {
        do throws(GatewayError) { try keys.check(request.headers) } catch { return Response(error: error) }
        return nil
    }
}

extension Request {
    /// What `Content-Length` says.
    var declaredLength: Int? { headers.first(name: HeaderName.contentLength).flatMap { Int($0) } }
}
