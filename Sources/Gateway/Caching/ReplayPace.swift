/// How fast a kept answer is told where that is not all at once: as a model would say it.
struct ReplayPace: Sendable {
    /// Between two pieces.
    let pause: Duration

    /// Bytes of text in one piece: about four tokens.
    static let pieceLimit = 16
    private static let tokensPerPiece = 4.0

    /// - Parameter tokensPerSecond: nil for all at once.
    init?(_ tokensPerSecond: Double?) {
        guard let tokensPerSecond else { return nil }
        pause = .seconds(Self.tokensPerPiece / tokensPerSecond)
    }

    /// Suspends until the next piece is due.
    ///
    /// - Throws: `CancellationError` when the caller's task is cancelled.
    func wait() async throws { try await Task.sleep(for: pause, tolerance: pause / 4) }
}
