import Foundation
import NIOCore
import NIOHTTP1

/// Writes the heads of answers, each in one piece.
struct HeadEncoder {
    /// How the end of a body is told.
    enum Framing {
        case length(Int)
        case chunked
        /// By the connection's end, for clients of HTTP/1.0.
        case close
    }

    /// What a client is told about its connection.
    enum Connection {
        /// What its version takes for granted: that it can be used again.
        case usual
        /// Clients of HTTP/1.0 have to be told.
        case kept
        /// It ends after the answer.
        case closes
    }

    /// Seconds since 1970.
    static func now() -> Int { time(nil) }

    private var date = ""
    /// The second that ``date`` stands for.
    private var second = 0

    /// A head with its blank line.
    ///
    /// - Parameters:
    ///   - room: bytes to leave space for behind it.
    ///   - now: seconds since 1970.
    mutating func encode(
        _ response: Response, id: String, framing: Framing, connection: Connection, room: Int = 0, now: Int
    ) -> ByteBuffer {
        if now != second { (date, second) = (Self.date(now), now) }
        let size = response.headers.reduce(256 + id.utf8.count + response.status.reasonPhrase.utf8.count) {
            $0 + $1.name.utf8.count + $1.value.utf8.count + 4
        }
        var buffer = ByteBuffer()
        buffer.reserveCapacity(size + room)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: size) { bytes in
            var line = HeadLines(bytes)
            line.begin(response.status)
            for (name, value) in response.headers { line.field(name, value) }
            line.field(HeaderName.requestID, id)
            line.field("date", date)
            switch framing {
            case .length(let length): line.field(HeaderName.contentLength, String(length))
            case .chunked: line.field("transfer-encoding", "chunked")
            case .close: break
            }
            switch connection {
            case .usual: break
            case .kept: line.field("connection", "keep-alive")
            case .closes: line.field("connection", "close")
            }
            line.put("\r\n")
            return line.count
        }
        return buffer
    }

    /// RFC 9110 §5.6.7.
    private static func date(_ seconds: Int) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
    }
}

/// Lines of a head in memory that is large enough for them.
private struct HeadLines {
    private let bytes: UnsafeMutableRawBufferPointer
    private(set) var count = 0

    init(_ bytes: UnsafeMutableRawBufferPointer) { self.bytes = bytes }

    mutating func begin(_ status: HTTPResponseStatus) {
        guard status != .ok else { return put("HTTP/1.1 200 OK\r\n") }
        put("HTTP/1.1 ")
        put(String(status.code))
        put(" ")
        put(status.reasonPhrase)
        put("\r\n")
    }

    mutating func field(_ name: String, _ value: String) {
        put(name)
        put(": ")
        let start = count
        put(value)
        // A value that held a line end could smuggle in a field, or an answer.
        for index in start..<count where bytes[index] < 0x20 || bytes[index] == 0x7F {
            bytes[index] = UInt8(ascii: " ")
        }
        put("\r\n")
    }

    mutating func put(_ text: String) {
        var text = text
        text.withUTF8 {
            guard let base = $0.baseAddress else { return }
            UnsafeMutableRawBufferPointer(rebasing: bytes[count...]).copyMemory(from: UnsafeRawBufferPointer(start: base, count: $0.count))
            count += $0.count
        }
    }
}
