import NIOHTTP1

/// What a request's head says about where the request and its connection end, found in one pass over the fields.
struct HeadFacts {
    /// `Host` fields.
    private var hosts = 0
    private let isOld: Bool
    /// The client waits to be told to go on before it sends the body.
    private(set) var wantsContinue = false
    private(set) var isChunked = false
    /// What follows may be another protocol, so the decoder reads no further.
    private(set) var offersOtherProtocol: Bool
    /// llhttp leaves whitespace at the ends of values, of which it is no part (RFC 9110 §5.5).
    private(set) var hasLooseValues = false

    init(_ head: HTTPRequestHead) {
        isOld = head.version.minor == 0
        offersOtherProtocol = head.method == .CONNECT
        for (name, value) in head.headers {
            if let last = value.utf8.last, Self.isBlank(last) { hasLooseValues = true }
            // By length first: names have to be compared without case.
            switch name.utf8.count {
            case 4: if name.lowercased() == "host" { hosts += 1 }
            case 6: if name.lowercased() == "expect" { wantsContinue = Self.asksToGoOn(value) }
            case 7: if name.lowercased() == "upgrade" { offersOtherProtocol = true }
            case 17: if name.lowercased() == "transfer-encoding" { isChunked = true }
            default: break
            }
        }
        // HTTP/1.0 knows no such expectation (RFC 9110 §10.1.1).
        if isOld { wantsContinue = false }
    }

    /// HTTP/1.1 asks for exactly one `Host` (RFC 9112 §3.2).
    var namesItsHost: Bool { hosts == 1 || isOld && hosts == 0 }

    /// HTTP/1.0 has no chunks: somebody on the way may see the request end elsewhere (RFC 9112 §6.1).
    var isAmbiguous: Bool { isOld && isChunked }

    private static func asksToGoOn(_ value: String) -> Bool { trimmed(value).lowercased() == "100-continue" }

    /// The fields without whitespace at the ends of their values.
    static func trimmed(_ headers: HTTPHeaders) -> HTTPHeaders {
        HTTPHeaders(headers.map { ($0.name, String(trimmed($0.value))) })
    }

    private static func trimmed(_ value: String) -> Substring {
        let bytes = value.utf8
        guard let last = bytes.lastIndex(where: { !isBlank($0) }) else { return "" }
        return value[...last]
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
}
