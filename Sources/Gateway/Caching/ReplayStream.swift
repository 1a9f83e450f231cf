import Core
import Wire

/// A whole answer told as a stream: at once, or at the pace at which a model would say it.
struct ReplayStream: Sendable {
    private var events: ArraySlice<SSEEvent>
    private let end: AnswerStream.End
    private let settlement: Settlement
    /// nil tells all at once.
    private let pace: ReplayPace?
    private var isFirst = true
    private var isOver = false

    /// nil for an answer that cannot be told so.
    init?(_ answer: WholeAnswer, withUsage: Bool, pace: ReplayPace?, settlement: Settlement) {
        let pieceLimit = pace == nil ? AnswerReplay.longestPiece : ReplayPace.pieceLimit
        guard let events = AnswerReplay.events(of: answer.body, withUsage: withUsage, pieceLimit: pieceLimit) else { return nil }
        self.events = events[...]
        self.settlement = settlement
        self.pace = pace
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
        guard let pace else {
            defer { events = [] }
            return .events(Array(events))
        }
        if !isFirst { try await pace.wait() }
        isFirst = false
        return .events([events.removeFirst()])
    }
}
