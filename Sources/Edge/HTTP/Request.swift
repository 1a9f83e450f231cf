import Foundation
import NIOCore
import NIOHTTP1

/// A request whose body is whole.
struct Request: Sendable {
    let head: HTTPRequestHead
    /// In the answer's `x-request-id`, the logs and the outcome.
    let id: String
    /// What stands before the query, as it came: still escaped.
    let path: Substring
    var body = ByteBuffer()

    init(_ head: HTTPRequestHead) {
        self.head = head
        id = RequestIdentifier.accepted(head.headers.first(name: HeaderName.requestID)) ?? RequestIdentifier.next()
        path = head.uri.utf8.firstIndex(of: UInt8(ascii: "?")).map { head.uri[..<$0] } ?? head.uri[...]
    }

    /// A parameter of the query, decoded as HTML forms encode it; the first of that name.
    func query(_ name: String) -> String? {
        let pairs = head.uri.dropFirst(path.count + 1).split(separator: "&")
        let pair = pairs.lazy.map { $0.split(separator: "=", maxSplits: 1) }.first { $0.first.map(Self.decoded) == name }
        return pair.map { $0.count > 1 ? Self.decoded($0[1]) : "" }
    }

    private static func decoded(_ text: Substring) -> String {
        let spaced = String(text.map { $0 == "+" ? " " : $0 })
        return spaced.removingPercentEncoding ?? spaced
    }

    var method: HTTPMethod { head.method }
    var headers: HTTPHeaders { head.headers }
}
