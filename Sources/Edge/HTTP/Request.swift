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

    var method: HTTPMethod { head.method }
    var headers: HTTPHeaders { head.headers }
}
