import Core
import Synchronization
import Wire

/// What a call of a team brings, in this order: its opening, pieces, and an end.
enum TeamNews: Sendable {
    /// Its first content is there, and is to be read.
    case opened(AnswerHead, UnreadStream)
    case said([TeamChunk])
    /// Another attempt goes on with the answer.
    case resumed(Resumption)
    /// The answer that was opened is whole.
    case ended(TeamCompletion.Voice)
    /// An answer that comes in one piece.
    case whole(AnswerHead, TeamCompletion.Voice)
    case failed(AnswerFailure)
    /// From the clock: the reader was told nothing for a while, unless that was since.
    case beat(since: Instant)

    /// Whether nothing follows.
    var isEnd: Bool {
        switch self {
        case .ended, .whole, .failed: true
        case .opened, .said, .resumed, .beat: false
        }
    }
}

/// Where the calls of a team put down what they bring, until somebody hears it.
///
/// One piece of each may lie there; who has another waits, and its provider with it. No wait needs a cancellation handler: each call
/// puts down its end, at once when it is cancelled, which wakes the listener, and ``close()`` lets go of those that wait for room.
final class TeamFloor: Sendable {
    /// - Parameter call: nil for the clock.
    typealias Piece = (call: Int?, news: TeamNews)
    private typealias Waiter = UnsafeContinuation<Void, Never>

    private struct State {
        var pieces: [Piece] = []
        var listener: Waiter?
        /// Those who have a piece for which there is no room yet.
        var speakers: [Waiter] = []
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Puts a piece down. Suspends while one of the same call lies there.
    func put(_ news: TeamNews, by call: Int?) async {
        while !lay((call, news)) { await room(for: call) }
    }

    /// False where it has to wait. Behind the end nobody hears it.
    private func lay(_ piece: Piece) -> Bool {
        let (isDone, listener) = state.withLock { state -> (Bool, Waiter?) in
            if state.isClosed { return (true, nil) }
            if state.pieces.contains(where: { $0.call == piece.call }) { return (false, nil) }
            state.pieces.append(piece)
            defer { state.listener = nil }
            return (true, state.listener)
        }
        listener?.resume()
        return isDone
    }

    private func room(for call: Int?) async {
        await withUnsafeContinuation { (speaker: Waiter) in
            let mustWait = state.withLock { state in
                guard !state.isClosed, state.pieces.contains(where: { $0.call == call }) else { return false }
                state.speakers.append(speaker)
                return true
            }
            if !mustWait { speaker.resume() }
        }
    }

    /// Picks up all that lies there, in the order in which it came. Suspends while there is nothing. One task alone may listen.
    func take() async -> [Piece] {
        while true {
            let (pieces, speakers) = clear()
            for speaker in speakers { speaker.resume() }
            if !pieces.isEmpty { return pieces }
            await withUnsafeContinuation { (listener: Waiter) in
                let mustWait = state.withLock { state in
                    if state.pieces.isEmpty { state.listener = listener }
                    return state.pieces.isEmpty
                }
                if !mustWait { listener.resume() }
            }
        }
    }

    /// Nobody listens any more.
    func close() {
        state.withLock { $0.isClosed = true }
        for speaker in clear().speakers { speaker.resume() }
    }

    private func clear() -> (pieces: [Piece], speakers: [Waiter]) {
        state.withLock { state in
            defer { (state.pieces, state.speakers) = ([], []) }
            return (state.pieces, state.speakers)
        }
    }
}
