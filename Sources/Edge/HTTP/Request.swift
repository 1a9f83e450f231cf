import Foundation
import NIOCore
import NIOHTTP1

/// A request whose body is whole.
struct Request: Sendable {
    let head: HTTPRequestHead
    /// In the answer's `x-request-id`, the logs and the outcome.
    let id: String
    /// The target without authority and query, as it came: still escaped.
    let path: Substring
    /// What stands behind the path's `?`, as it came.
    private let parameters: Substring
    var body = ByteBuffer()
    /// Whose request it is, by the client key that it showed.
    var tenant = ClientKeys.local
    /// The event loop that it came in on.
    var executor: (any TaskExecutor)?

    init(_ head: HTTPRequestHead) {
        self.head = head
        id = RequestIdentifier.accepted(head.headers.first(name: HeaderName.requestID)) ?? RequestIdentifier.next()
        let target = Self.local(head.uri)
        if let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) {
            path = target[..<mark]
            parameters = target[target.utf8.index(after: mark)...]
        } else {
            path = target
            parameters = ""
        }
    }

    /// A target without the scheme and authority that clients of proxies write before it (RFC 9112 §3.2.2).
    private static func local(_ target: String) -> Substring {
        guard target.utf8.first != UInt8(ascii: "/"), let colon = target.utf8.firstIndex(of: UInt8(ascii: ":")),
            ["http", "https"].contains(target[..<colon].lowercased()), target[colon...].hasPrefix("://")
        else { return target[...] }
        let rest = target[colon...].dropFirst(3)
        guard let end = rest.utf8.firstIndex(where: { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }) else { return "/" }
        return rest[end...]
    }

    /// A parameter of the query, decoded as HTML forms encode it; the first of that name.
    func query(_ name: String) -> String? {
        let pairs = parameters.split(separator: "&")
        let pair = pairs.lazy.map { $0.split(separator: "=", maxSplits: 1) }.first { $0.first.map(Self.decoded) == name }
        return pair.map { $0.count > 1 ? Self.decoded($0[1]) : "" }
    }

    private static func decoded(_ text: Substring) -> String {
        let spaced = String(text.map { $0 == "+" ? " " : $0 })
        return spaced.removingPercentEncoding ?? spaced
    }

    func running(on executor: any TaskExecutor) -> Request {
        var request = self
        request.executor = executor
        return request
    }

    var method: HTTPMethod { head.method }
    var headers: HTTPHeaders { head.headers }
}
