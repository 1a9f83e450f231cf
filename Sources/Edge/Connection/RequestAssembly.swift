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
    var work: Work
    /// Whether the connection may carry another request.
    var keepsConnection: Bool
    /// `HEAD`: the answer goes out without its body.
    var wantsHeadOnly = false
    /// HTTP/1.0 knows no chunks, and keeps a connection only when both sides say so.
    var isOld = false
}

/// Puts requests together from the parts that the decoder finds. It does no I/O.
///
/// What is refused by its head is not read on: a small body is dropped so that the connection can be kept, a larger
/// one ends it.
struct RequestAssembly {
    private enum State {
        /// → `collecting`, `dropping` or `over` with the next head.
        case between
        /// → `between` or `over` at the request's end, `over` when it grows too large. The bytes are in `body`.
        case collecting(Request, Route, keepsConnection: Bool)
        /// The body is of no interest. → `between` or `over` at the request's end, `over` when it grows too large.
        case dropping(Arrival, left: Int)
        /// The connection's last request is known; what still comes is surplus.
        case over(isWhole: Bool)
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
    /// Apart from the state, so that appending copies nothing.
    private var body = ByteBuffer()

    /// A body of no interest is dropped up to this size.
    static let smallBody = 64 << 10

    init(_ responder: Responder) { self.responder = responder }

    /// No request has begun that is not complete, and another may come.
    var isBetween: Bool { if case .between = state { true } else { false } }

    /// The client has sent the whole of what it began.
    var isWhole: Bool {
        switch state {
        case .between: true
        case .collecting, .dropping: false
        case .over(let isWhole): isWhole
        }
    }

    /// The connection's last request is known.
    var isOver: Bool { if case .over = state { true } else { false } }

    mutating func take(_ part: HTTPServerRequestPart) -> Event {
        switch part {
        case .head(let head): takeHead(head)
        case .body(let bytes): takeBody(bytes)
        case .end: takeEnd()
        }
    }

    /// The connection cannot go on: what the client gets for it.
    mutating func end(with error: GatewayError) -> Arrival {
        state = .over(isWhole: false)
        body = ByteBuffer()
        return Arrival(id: RequestIdentifier.next(), work: .refuse(Response(error: error)), keepsConnection: false)
    }

    private mutating func takeHead(_ head: HTTPRequestHead) -> Event {
        switch state {
        case .between: return begin(head)
        case .over: state = .over(isWhole: false)
        case .collecting, .dropping: break
        }
        return .nothing
    }

    private mutating func takeBody(_ bytes: ByteBuffer) -> Event {
        switch state {
        case .collecting(let request, let route, _):
            if body.readableBytes == 0 { body = bytes } else { body.writeImmutableBuffer(bytes) }
            let limit = responder.bodyLimit(of: route)
            guard body.readableBytes > limit else { return .nothing }
            return .arrived(end(Arrival(request, .answer(request, route), keepsConnection: false), with: .tooLarge(limit)))
        case .dropping(let arrival, var left):
            left -= bytes.readableBytes
            guard left >= 0 else { return .arrived(end(arrival, with: .tooLarge(Self.smallBody))) }
            state = .dropping(arrival, left: left)
            return .nothing
        case .over: return .surplus(bytes.readableBytes)
        case .between: return .nothing
        }
    }

    private mutating func takeEnd() -> Event {
        switch state {
        case .collecting(var request, let route, let keepsConnection):
            swap(&request.body, &body)
            return finish(Arrival(request, .answer(request, route), keepsConnection: keepsConnection))
        case .dropping(let arrival, _): return finish(arrival)
        case .over:
            state = .over(isWhole: true)
            return .surplusEnded
        case .between: return .nothing
        }
    }

    private mutating func finish(_ arrival: Arrival) -> Event {
        state = arrival.keepsConnection ? .between : .over(isWhole: true)
        return .arrived(arrival)
    }

    private mutating func begin(_ head: HTTPRequestHead) -> Event {
        let facts = HeadFacts(head)
        var head = head
        if facts.hasLooseValues { head.headers = HeadFacts.trimmed(head.headers) }
        var request = Request(head)
        let keepsConnection = head.isKeepAlive && !facts.offersOtherProtocol && !facts.isAmbiguous
        switch facts.namesItsHost ? responder.admit(&request) : .refuse(Response(error: .unclearHost)) {
        case .take(let route):
            if case .none = route.body {
                let arrival = Arrival(request, .answer(request, route), keepsConnection: keepsConnection)
                state = .dropping(arrival, left: Self.smallBody)
            } else {
                state = .collecting(request, route, keepsConnection: keepsConnection)
            }
            return .began(wantsContinue: facts.wantsContinue)
        case .refuse(let response):
            // Whoever is not clear about its host may not be about its end either.
            let goesOn = keepsConnection && facts.namesItsHost
            let isSmall = !facts.isChunked && !facts.wantsContinue && request.declaredLength ?? 0 <= Self.smallBody
            let arrival = Arrival(request, .refuse(response), keepsConnection: goesOn && isSmall)
            guard isSmall else {
                state = .over(isWhole: false)
                return .arrived(arrival)
            }
            state = .dropping(arrival, left: Self.smallBody)
            return .began(wantsContinue: false)
        }
    }

    /// The connection cannot go on behind a request: what its client gets instead of an answer.
    private mutating func end(_ arrival: Arrival, with error: GatewayError) -> Arrival {
        state = .over(isWhole: false)
        body = ByteBuffer()
        var arrival = arrival
        arrival.work = .refuse(Response(error: error))
        arrival.keepsConnection = false
        return arrival
    }
}

extension Arrival {
    init(_ request: Request, _ work: Work, keepsConnection: Bool) {
        self.init(
            id: request.id, work: work, keepsConnection: keepsConnection, wantsHeadOnly: request.method == .HEAD,
            isOld: request.head.version.minor == 0)
    }
}
