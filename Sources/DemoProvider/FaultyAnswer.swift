import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// Answers a request to a fault model. A request that doesn't ask for a stream gets a plain answer with the like defect.
struct FaultyAnswer: Sendable {
    let fault: Fault
    let wire: ChatWire
    let wantsStream: Bool
    let tokenDelay: Duration
    let flaky: FlakyCounter
    let channel: any Channel

    func response() async throws -> Response {
        switch fault {
        case .hang: try await Mishap.silence(on: channel)
        case .reset: try await Mishap.reset(channel)
        case .html: return page
        case .cutPlain: return truncated(then: Mishap.cut)
        case .flaky where !flaky.fails(): break
        default:
            if let error = fault.error { throw error }
        }
        return wantsStream ? stream : try await plain()
    }

    private var page: Response {
        let html = "<!doctype html><title>Welcome</title><h1>\(DemoText.label) Please sign in to this network</h1>\n"
        return Response(
            status: .ok, headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: html)))
    }

    private var pace: Pace {
        fault == .slow ? Pace(tokenDelay: .seconds(2), endsOnShutdown: true) : Pace(tokenDelay: tokenDelay)
    }

    /// Half of a plain answer: JSON that ends in the middle.
    private var half: ByteBuffer {
        let whole = wire.plain.rendered
        return ByteBuffer(string: String(whole.prefix(whole.count / 2)))
    }
}

// MARK: Streams

extension FaultyAnswer {
    private var stream: Response {
        var ordinary = ChunkStream(wire: wire, pace: pace, channel: channel)
        switch fault {
        case .headersOnly: return headersOnly(ChunkStream.headers, length: nil)
        case .garbage: return garbageStream
        case .stall: ordinary.end = .silence(after: 5)
        case .cut: ordinary.end = .cut(after: 5)
        case .errorEvent: ordinary.end = .error(after: 3)
        case .empty: ordinary.wire.answer = wire.answer.emptied
        case .noDone: ordinary.end = .withoutDone
        default: break
        }
        return ordinary.response
    }

    private var garbageStream: Response {
        var event = ByteBuffer(string: "data: ")
        event.writeImmutableBuffer(half)
        event.writeString("\n\n")
        return Response(
            status: .ok, headers: ChunkStream.headers,
            // A stream, not one buffer: that would come with a Content-Length, which streams of providers don't have.
            body: ResponseBody { [event] writer in
                try await writer.write(event)
                try await writer.finish(nil)
            })
    }

    private func headersOnly(_ headers: HTTPFields, length: Int?) -> Response {
        Response(
            status: .ok, headers: headers,
            body: ResponseBody(contentLength: length) { _ in try await Mishap.silence(on: channel) })
    }
}

// MARK: Plain answers

extension FaultyAnswer {
    private func plain() async throws -> Response {
        switch fault {
        case .headersOnly: return headersOnly(Self.headers, length: wire.plain.rendered.utf8.count)
        case .stall: return truncated(then: Mishap.silence)
        case .cut: return truncated(then: Mishap.cut)
        case .errorEvent: return Response(status: .ok, json: DemoError.inTheMiddle.json)
        case .garbage:
            return Response(status: .ok, headers: Self.headers, body: ResponseBody(byteBuffer: half))
        case .empty:
            var empty = wire
            empty.answer = wire.answer.emptied
            return Response(json: empty.plain)
        case .slow:
            for _ in wire.rounds { try await pace.beforeToken() }
            return Response(json: wire.plain)
        default: return Response(json: wire.plain)
        }
    }

    private static let headers: HTTPFields = [.contentType: "application/json"]

    /// A plain answer that stops half-way, with the Content-Length of the whole.
    private func truncated(then mishap: @escaping @Sendable (any Channel) async throws -> Never) -> Response {
        let length = wire.plain.rendered.utf8.count
        let body = ResponseBody(contentLength: length) { [half, channel] writer in
            try await writer.write(half)
            try await mishap(channel)
        }
        return Response(status: .ok, headers: Self.headers, body: body)
    }
}

/// Counts the requests to the flaky model, of all connections.
final class FlakyCounter: Sendable {
    private let requests = Atomic(0)

    /// Whether this request is one of those that fail: the second, the fourth and so on.
    func fails() -> Bool {
        requests.wrappingAdd(1, ordering: .relaxed).newValue.isMultiple(of: 2)
    }
}
