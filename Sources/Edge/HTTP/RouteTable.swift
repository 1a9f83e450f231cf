import Core
import NIOHTTP1

/// One thing that clients can ask for.
struct Route: Sendable {
    typealias Handler = @Sendable (Request) async throws -> Response

    enum Body: Sendable {
        /// A body is read and dropped.
        case none
        /// `Content-Type`, where one is sent, must be JSON.
        case json
    }

    let method: HTTPMethod
    let body: Body
    /// Whether callers without a client's key are served: a load balancer's health check has none, an admin has a token.
    let isOpen: Bool
    let handler: Handler
}

/// The gateway's paths. A path that exists answers a wrong method with 405 and what it does allow.
struct RouteTable: Sendable {
    private var exact: [String: [Route]] = [:]
    private var prefixes: [(prefix: String, routes: [Route])] = []

    /// Adds a path for `GET`. One that ends in `/**` stands for everything below it.
    mutating func get(_ paths: String..., isOpen: Bool = false, handler: @escaping Route.Handler) {
        for path in paths { add(path, Route(method: .GET, body: .none, isOpen: isOpen, handler: handler)) }
    }

    /// Adds a path for `POST` with a JSON body.
    mutating func post(_ paths: String..., isOpen: Bool = false, handler: @escaping Route.Handler) {
        for path in paths { add(path, Route(method: .POST, body: .json, isOpen: isOpen, handler: handler)) }
    }

    private mutating func add(_ path: String, _ route: Route) {
        guard path.hasSuffix("**") else {
            exact[path, default: []].append(route)
            return
        }
        let prefix = String(path.dropLast(2))
        if let index = prefixes.firstIndex(where: { $0.prefix == prefix }) {
            prefixes[index].routes.append(route)
        } else {
            prefixes.append((prefix, [route]))
        }
    }

    /// What a path offers, or what is wrong with asking for it.
    enum Match: Sendable {
        case route(Route)
        /// The path is known, the method isn't.
        case otherMethod(allowed: [HTTPMethod])
        case nothing
    }

    /// - Parameter path: without the query.
    func match(_ method: HTTPMethod, _ path: Substring) -> Match {
        guard let routes = routes(at: path) else { return .nothing }
        if let route = routes.first(where: { $0.method == method }) { return .route(route) }
        // What can be read can be asked about.
        if method == .HEAD, let route = routes.first(where: { $0.method == .GET }) { return .route(route) }
        return .otherMethod(allowed: routes.map(\.method))
    }

    private func routes(at path: Substring) -> [Route]? {
        if let routes = exact[String(path)] { return routes }
        // A trailing slash changes nothing.
        if path.count > 1, path.last == "/", let routes = exact[String(path.dropLast())] { return routes }
        return prefixes.first { path.count > $0.prefix.count && path.hasPrefix($0.prefix) }?.routes
    }
}
