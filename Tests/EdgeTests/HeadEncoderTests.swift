@testable import Edge
import NIOCore
import NIOHTTP1
import Testing

/// The heads of answers, to the byte.
@Suite struct HeadEncoderTests {
    private static func text(
        _ response: Response, id: String = "req_1", framing: HeadEncoder.Framing = .length(5),
        connection: HeadEncoder.Connection = .usual, now: Int = 784_111_777
    ) -> String {
        var encoder = HeadEncoder()
        return String(buffer: encoder.encode(response, id: id, framing: framing, connection: connection, now: now))
    }

    private static func response(_ status: HTTPResponseStatus = .ok, _ headers: HTTPHeaders = [:]) -> Response {
        Response(status: status, headers: headers, body: .whole(ByteBuffer()))
    }

    @Test func everyLineIsInItsPlace() {
        #expect(
            Self.text(Self.response(.ok, ["content-type": "application/json", "x-quintet-model": "größer"]))
                == "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-quintet-model: größer\r\nx-request-id: req_1\r\n"
                + "date: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 5\r\n\r\n")
    }

    @Test(arguments: [
        (HeadEncoder.Framing.length(0), HeadEncoder.Connection.usual, "content-length: 0\r\n"),
        (.length(.max), .closes, "content-length: 9223372036854775807\r\nconnection: close\r\n"),
        (.chunked, .usual, "transfer-encoding: chunked\r\n"), (.chunked, .closes, "transfer-encoding: chunked\r\nconnection: close\r\n"),
        (.close, .closes, "connection: close\r\n"), (.length(1), .kept, "content-length: 1\r\nconnection: keep-alive\r\n"),
    ])
    func theEndOfABodyIsTold(framing: HeadEncoder.Framing, connection: HeadEncoder.Connection, lines: String) {
        let head = Self.text(Self.response(), framing: framing, connection: connection)
        #expect(head.hasSuffix("GMT\r\n\(lines)\r\n"))
    }

    @Test(arguments: [
        (HTTPResponseStatus.notFound, "HTTP/1.1 404 Not Found\r\n"), (.custom(code: 599, reasonPhrase: ""), "HTTP/1.1 599 \r\n"),
        (.init(statusCode: 529), "HTTP/1.1 529 \r\n"),
    ])
    func theStatusLineIsWhole(status: HTTPResponseStatus, line: String) {
        #expect(Self.text(Self.response(status)).hasPrefix(line + "x-request-id"))
    }

    @Test func noValueCanEndItsLine() {
        let head = Self.text(
            Self.response(.ok, ["x-a": "1\r\nx-evil: 1\r\n\r\nHTTP/1.1 200 OK", "x-b": "\n\u{0}\t\u{7F}b\u{B}"]), id: "a\rb")
        #expect(head.contains("x-a: 1  x-evil: 1    HTTP/1.1 200 OK\r\nx-b:     b \r\nx-request-id: a b\r\n"))
        #expect(head.split(separator: "\r\n").count == 6)
        #expect(!head.replacing("\r\n", with: "").utf8.contains { $0 < 0x20 })
    }

    @Test func aLargeHeadFits() {
        var headers = HTTPHeaders()
        for index in 0..<300 { headers.add(name: "x-\(index)", value: String(repeating: "ü", count: 500)) }
        let head = Self.text(Self.response(.ok, headers), id: String(repeating: "i", count: 128))
        #expect(head.split(separator: "\r\n").count == 304)
        #expect(head.hasSuffix("\r\n\r\n"))
    }

    @Test func aHeadWithoutFieldsFitsWhateverItsEnd() {
        for status in [HTTPResponseStatus.ok, .networkAuthenticationRequired, .custom(code: .max, reasonPhrase: String(repeating: "r", count: 500))] {
            #expect(Self.text(Self.response(status), id: "", framing: .length(.max), connection: .kept).hasSuffix("keep-alive\r\n\r\n"))
        }
    }

    @Test func thereIsRoomForTheBodyBehindIt() {
        var encoder = HeadEncoder()
        let head = encoder.encode(Self.response(), id: "req_1", framing: .length(1000), connection: .usual, room: 1000, now: 1)
        #expect(head.writableBytes >= 1000)
    }

    @Test func theDateMovesWithTheSeconds() {
        var encoder = HeadEncoder()
        func date(_ now: Int) -> Substring? {
            let head = String(buffer: encoder.encode(Self.response(), id: "x", framing: .chunked, connection: .usual, now: now))
            return head.split(separator: "\r\n").first { $0.hasPrefix("date: ") }?.dropFirst(6)
        }
        #expect(date(951_782_399) == "Mon, 28 Feb 2000 23:59:59 GMT")
        #expect(date(951_782_399) == "Mon, 28 Feb 2000 23:59:59 GMT")
        #expect(date(951_782_400) == "Tue, 29 Feb 2000 00:00:00 GMT")
        // A clock that is set back.
        #expect(date(951_782_399) == "Mon, 28 Feb 2000 23:59:59 GMT")
    }
}
