import Core
import Wire

/// A whole answer told as a stream: at once, or at the pace at which a model would say it.
struct ReplayStream: Sendable {
    private var events: ArraySlice<SSEEvent>
    private let end: AnswerStream.End
    private let settlement: Settlement
    /// Between two chunks; nil tells all at once.
    private let pause: Duration?
    private var isFirst = true
    private var isOver = false

    /// Bytes of text in one chunk of a paced stream: about four tokens.
    private static let pacedPiece = 16
    private static let tokensPerPiece = 4.0

    /// nil for an answer that cannot be told so.
    ///
    /// - Parameter pace: tokens a second; nil tells all at once.
    init?(_ answer: WholeAnswer, withUsage: Bool, pace: Double?, settlement: Settlement) {
        let events = pace == nil
            ? AnswerReplay.events(of: answer.body, withUsage: withUsage)
            : AnswerReplay.events(of: answer.body, withUsage: withUsage, pieceLimit: Self.pacedPiece)
        guard let events else { return nil }
        self.events = events[...]
        self.settlement = settlement
        pause = pace.map { .seconds(Self.tokensPerPiece / $0) }
        end = AnswerStream.End(
            usage: answer.usage, cost: answer.cost, attempts: answer.attempts, receipt: answer.receipt)
    }

    mutating func next() async throws -> AnswerStream.Part? {
        guard !isOver else { return nil }
        if events.isEmpty {
            isOver = true
            settlement.settle(.complete)
            return .done(end)
        }
        guard let pause else {
            defer { events = [] }
            return .events(Array(events))
        }
        if !isFirst { try await Task.sleep(for: pause, tolerance: pause / 4) }
        isFirst = false
        return .events([events.removeFirst()])
    }
}
