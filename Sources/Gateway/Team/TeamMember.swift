import Core
import NIOCore
import Synchronization
import Wire

/// What one call of a team comes to: a member's, or the synthesis'.
struct TeamMember {
    let index: Int
    let name: String
    let started: Instant
    /// Its outcome, once its call has ended.
    let book = MemberBook()
    private(set) var model: String?
    private(set) var isFromFallback = false
    private(set) var wasResumed = false
    private var growing = GrowingCompletion()
    private var bytes = 0

    /// Longest answer that is gathered, as its stream brought it.
    private static let byteLimit = 16 << 20

    init(index: Int, name: String, started: Instant) {
        self.index = index
        self.name = name
        self.started = started
    }

    /// What becomes of a piece of its stream.
    enum Turn {
        case say([TeamChunk])
        case silent
        /// Its answer is whole.
        case whole(TeamCompletion.Voice)
        case failed(AnswerFailure)
    }

    mutating func begin(_ head: AnswerHead) {
        model = head.model
        isFromFallback = head.reason?.isSecondChoice ?? false
    }

    mutating func take(_ part: AnswerStream.Part?) -> Turn {
        switch part {
        case .events(let events):
            let chunks = events.compactMap(TeamChunk.init)
            for chunk in chunks {
                bytes += chunk.root.range.count
                guard growing.add(chunk.root) else { return .failed(.unusable) }
            }
            return bytes > Self.byteLimit ? .failed(.unusable) : chunks.isEmpty ? .silent : .say(chunks)
        case .resumed(let resumption):
            model = resumption.model
            wasResumed = true
            return .silent
        case .done(let end):
            guard let body = growing.completion, var voice = voice(body) else { return .failed(.unusable) }
            voice.usage = end.usage
            return .whole(voice)
        case .failed(let failure): return .failed(failure)
        case nil: return .failed(.unusable)
        }
    }

    mutating func take(_ whole: WholeAnswer) -> Turn {
        guard var voice = voice(whole.body) else { return .failed(.unusable) }
        voice.usage = whole.usage
        return .whole(voice)
    }

    private func voice(_ body: ByteBuffer) -> TeamCompletion.Voice? {
        TeamCompletion.Voice(index: index, name: name, model: model ?? "", completion: body)
    }

    func failure(_ error: GatewayError, at now: Instant) -> TeamCompletion.Failure {
        TeamCompletion.Failure(
            name: name, code: error.code.rawValue, reason: error.message, model: model, seconds: started.duration(to: now).seconds)
    }
}

/// The stream of a call that several tasks read, one after the other. Each takes it out while it reads, so that its buffers are
/// never copied.
final class MemberStream: Sendable {
    private let stream: Mutex<AttemptStream?>

    init(_ stream: AttemptStream) { self.stream = Mutex(stream) }

    /// The next part; nil behind the last. When it throws, the call is over.
    func next() async throws -> AnswerStream.Part? {
        let taken = stream.withLock { stream -> AttemptStream? in
            defer { stream = nil }
            return stream
        }
        guard var taken else { return nil }
        // Whoever waits for all members tells their reader that it goes on.
        let part = try await taken.next(beat: {})
        stream.withLock { [taken] in $0 = taken }
        return part
    }

    /// Ends the call. Nobody may be reading.
    func close() { stream.withLock { $0 = nil } }
}

/// Takes the outcome of one call of a team: the request has one for all.
final class MemberBook: OutcomeSink {
    private let outcome = Mutex<Outcome?>(nil)
    private let isOver = Atomic(false)

    func record(_ outcome: Outcome) { self.outcome.withLock { $0 = outcome } }

    /// Others have answered: what is cancelled now has not lost its caller.
    func release() { isOver.store(true, ordering: .relaxed) }

    var isNeeded: Bool { !isOver.load(ordering: .relaxed) }

    /// Its attempts; none before its end.
    var attempts: [AttemptRecord] { outcome.withLock { $0?.attempts ?? [] } }
}

extension AnswerFailure {
    /// A provider's answer that makes no message, or one beyond all measure.
    fileprivate static let unusable = AnswerFailure(
        error: GatewayError(
            .providersFailed, .provider, "The provider's answer cannot be read, or is larger than the gateway takes."))
}
