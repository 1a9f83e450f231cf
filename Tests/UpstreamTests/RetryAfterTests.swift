import Core
import Foundation
import Gateway
import TestKit
import Testing
@testable import Upstream

/// How long a provider asks to wait, in all the forms in which providers ask.
@Suite(.timeLimit(.minutes(1))) struct RetryAfterTests {
    @Test(arguments: [
        (["Retry-After": "2"], .seconds(2)), (["retry-after": "0"], .zero), (["Retry-After": "1.5"], .milliseconds(1500)),
        (["Retry-After-Ms": "250"], .milliseconds(250)), (["retry-after-ms": "250.25"], .milliseconds(251)),
        (["Retry-After-Ms": "250", "Retry-After": "9"], .milliseconds(250)),
        (["Retry-After": "9", "Retry-After-Ms": "250"], .milliseconds(250)),
        (["Retry-After": "9", "Retry-After-Ms": "soon"], .seconds(9)),
        (["Retry-After-Ms": "soon", "Retry-After": "9"], .seconds(9)),
        (["Retry-After": "-5"], nil), (["Retry-After": "soon"], nil), (["Retry-After": ""], nil),
        (["Retry-After": "nan"], nil), (["Retry-After": "inf"], nil), (["Retry-After": "1e300"], nil),
        (["Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"], nil), (["X-Retry-After": "2"], nil), ([:], nil),
    ] as [(HeaderList, Duration?)]) func overTheWire(headers: HeaderList, wait: Duration?) async throws {
        try await withEngine(script: .json(status: 429, headers: headers, body: "{}")) { engine, _ in
            let reply = try await engine.begin(.whole())
            #expect(reply.status == 429)
            #expect(reply.retryAfter == wait)
        }
    }

    @Test func aDateIsReadAsTheTimeUntilThen() throws {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT"
        let then = try #require(ISO8601DateFormatter().date(from: "1994-11-06T08:49:37Z"))
        #expect(Mailbox.Head.retryAfter(date, now: then.addingTimeInterval(-30)) == .seconds(30))
        #expect(Mailbox.Head.retryAfter(date, now: then) == .zero)
        #expect(Mailbox.Head.retryAfter(date, now: then.addingTimeInterval(1)) == nil)
        #expect(Mailbox.Head.retryAfter("06 Nov 1994", now: then) == nil)
    }

    @Test func aDateOverTheWire() async throws {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        let date = formatter.string(from: Date().addingTimeInterval(3600))
        try await withEngine(script: .json(status: 503, headers: ["Retry-After": date], body: "{}")) { engine, _ in
            let wait = try #require(try await engine.begin(.whole()).retryAfter)
            #expect(wait > .seconds(1800) && wait <= .seconds(3600))
        }
    }

    @Test func linesOfTheHeadAreReadOnlyAsWholeNames() {
        var head = Mailbox.Head(status: 0)
        for line in ["Retry-Afterwards: 3\r\n", "retry: 4\r\n", "Content-Types: a\r\n", "C\r\n", "\r\n", "r:", ":", "retry-after"] {
            Array(line.utf8).withUnsafeBytes { head.read($0) }
        }
        #expect(head.retryAfter == nil)
        #expect(head.contentType == nil)
        Array("content-TYPE:\t text/plain \r\n".utf8).withUnsafeBytes { head.read($0) }
        #expect(head.contentType == "text/plain")
        Array("HTTP/1.1 200 OK\r\n".utf8).withUnsafeBytes { head.read($0) }
        #expect(head.contentType == nil)
    }
}
