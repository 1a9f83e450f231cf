import Core
import Wire

/// A team's kept answer, told as if its members spoke now: all at once, or each at the pace at which a model would speak, and the
/// synthesis behind them.
struct TeamReplay {
    /// What is told between two pauses.
    let turns: [[TeamEvent]]
    private let pace: ReplayPace?

    init(_ team: TeamCompletion, members count: Int, pace: ReplayPace?) {
        // Of one member's own answer the words come when it is decided, which it is.
        let pace = team.combine.isOneOfThem ? nil : pace
        self.pace = pace
        let limit = pace == nil ? AnswerReplay.longestPiece : ReplayPace.pieceLimit
        let members = team.voices.filter { $0.index < count }.map { Self.events(of: $0, limit) }
        let synthesis = team.voices.filter { $0.index >= count }.flatMap { Self.events(of: $0, limit) }
        let length = members.map(\.count).max() ?? 0
        let together = (0..<length).map { turn in members.flatMap { $0.dropFirst(turn).first ?? [] } }
        let all = together + synthesis + [team.failures.map { .failed($0) }]
        turns = pace == nil ? [all.flatMap(\.self)] : all
    }

    /// A voice's events, piece by piece.
    private static func events(of voice: TeamCompletion.Voice, _ limit: Int) -> [[TeamEvent]] {
        var pieces = [[TeamEvent.started(voice.index, name: voice.name, model: voice.model)]]
        pieces += voice.chunks(pieceLimit: limit).map { [.said(voice.index, name: voice.name, model: voice.model, [$0])] }
        pieces[pieces.endIndex - 1].append(.ended(voice))
        return pieces
    }

    /// - Throws: what `tell` throws, or `CancellationError`.
    func run(_ tell: ([TeamEvent]) async throws -> Void) async throws {
        for (place, events) in turns.enumerated() {
            if place > 0 { try await pace?.wait() }
            try await tell(events)
        }
    }
}
