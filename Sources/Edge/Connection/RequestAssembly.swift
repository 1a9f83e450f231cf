import Core
import NIOCore
import NIOHTTP1

/// A request, or what is to be said instead of answering it.
struct Arrival: Sendable {
    enum Work: Sendable {
        case answer(Request, Route)
        case refuse(Response)
    }

    let id: String
    let work: Work
    /// Whether the connection may carry another request.
    var keepsConnection: Bool
    /// `HEAD`: the answer goes out without its body.
    var wantsHeadOnly = false
    /// HTTP/1.0 knows no chunks.
    var takesChunks = true
}

/// Puts requests together from the parts that the decoder finds. It does no I/O.
///
/// What is refused by its head is not read on: a small body is dropped so that the connection can be kept, a larger
/// one ends it.
struct RequestAssembly {
    private enum State {
        /// → `collecting`, `dropping` or `over` with the next head.
        case between
        /// → `between` at the request's end, `over` when it grows too large.
        case collecting(Request, Route)
        /// → `between` at the request's end.
        case dropping(Arrival)
        /// The connection's last request is known; what still comes is surplus.
        case over
    }

    /// What a part brought.
    enum Event {
        case nothing
        /// A head; its body is due.
        case began(wantsContinue: Bool)
        case arrived(Arrival)
        /// Bytes that nobody asked for.
        case surplus(Int)
        /// The client has sent all of a request that was refused before its end.
        case surplusEnded
    }

    private let responder: Responder
    private var state = State.between

    /// A refused request's body is dropped up to this size.
    private static let droppedBody = 64 << 10

    init(_ responder: Responder) { self.responder = responder }

    /// No request has begun that is not complete.
    var isBetween: Bool { if case .between = state { true } else { false } }

    mutating func take(_ part: HTTPServerRequestPart) -> Event {
        switch (state, part) {
        case (.between, .head(let head)): return begin(head)
        case (.collecting(var request, let route), .body(var bytes)):
            state = .between
            if request.body.readableBytes == 0 {
                request.body = bytes
            } else {
                request.body.writeBuffer(&bytes)
            }
            guard request.body.readableBytes <= responder.bodyLimit else {
                return .arrived(end(with: responder.tooLarge, request))
            }
            state = .collecting(request, route)
            return .nothing
        case (.collecting(let request, let route), .end):
            state = .between
            return .arrived(Arrival(request, .answer(request, route)))
        case (.dropping(let arrival), .end):
            state = .between
            return .arrived(arrival)
        case (.dropping, .body): return .nothing
        case (.over, .body(let bytes)): return .surplus(bytes.readableBytes)
        case (.over, .end): return .surplusEnded
        case (.over, .head), (.between, .body), (.between, .end), (.collecting, .head), (.dropping, .head):
            return .nothing
        }
    }

    /// The connection cannot go on: what the client gets for it.
    mutating func end(with error: GatewayError) -> Arrival {
        state = .over
        return Arrival(id: RequestIdentifier.next(), work: .refuse(Response(error: error)), keepsConnection: false)
    }

    private mutating func end(with error: GatewayError, _ request: Request) -> Arrival {
        state = .over
        var arrival = Arrival(request, .refuse(Response(error: error)))
        arrival.keepsConnection = false
        return arrival
    }

    private mutating func begin(_ head: HTTPRequestHead) -> Event {
        let request = Request(head)
        let wantsContinue = head.headers.first(name: "expect")?.lowercased() == "100-continue"
        switch responder.admit(request) {
        case .take(let route):
            state = .collecting(request, route)
            return .began(wantsContinue: wantsContinue)
        case .refuse(let response):
            var arrival = Arrival(request, .refuse(response))
            let isChunked = head.headers.contains(name: "transfer-encoding")
            if isChunked || wantsContinue || request.declaredLength ?? 0 > Self.droppedBody {
                arrival.keepsConnection = false
                state = .over
                return .arrived(arrival)
            }
            state = .dropping(arrival)
            return .began(wantsContinue: false)
        }
    }
}

extension Arrival {
    init(_ request: Request, _ work: Work) {
        self.init(
            id: request.id, work: work, keepsConnection: request.head.isKeepAlive,
            wantsHeadOnly: request.method == .HEAD, takesChunks: request.head.version.minor >= 1)
    }
}
