package import Core
package import Wire

/// An answer on its way to the caller, pulled by whoever writes it: straight from the attempts, from a seat in a flight, or out
/// of the cache.
///
/// A value, so that it can be handed from the request's handler to the writer of its body; only one of them reads it.
package struct AnswerStream: Sendable {
    /// What the caller's stream says next.
    package enum Part: Sendable {
        /// Chunks of the answer, as the provider sent them.
        case events([SSEEvent])
        /// What follows comes from another attempt. The first of its chunks says so itself.
        case resumed(Resumption)
        /// The answer is whole.
        case done(End)
        /// The answer broke off; nothing follows.
        case failed(AnswerFailure)
    }

    /// What is known of an answer at its end.
    package struct End: Sendable {
        /// As the attempt that finished it counted it.
        package let usage: Usage?
        /// Of all attempts; nil where a part of it is unknown or estimated, zero where others paid.
        package let cost: Money?
        package let attempts: [AttemptRecord]
        package let receipt: Receipt
    }

    // One of them; as fields rather than cases, so that reading changes them in place.
    private var attempts: AttemptStream?
    private var seat: SeatStream?
    private var replay: ReplayStream?

    init(_ attempts: AttemptStream) { self.attempts = attempts }
    init(_ seat: SeatStream) { self.seat = seat }
    init(_ replay: ReplayStream) { self.replay = replay }

    /// The next part; nil behind the last one. Suspends until there is one.
    ///
    /// - Parameter beat: called after every 10 s in which there was nothing to say.
    /// - Throws: `CancellationError` when the caller's task is cancelled, or what `beat` throws; the answer is then over.
    package mutating func next(beat: () async throws -> Void) async throws -> Part? {
        if attempts != nil { return try await attempts?.next(beat: beat) }
        if seat != nil { return try await seat?.next(beat: beat) }
        return try await replay?.next()
    }
}

