import Core
import Gateway
import NIOCore

/// Writes a streamed answer.
struct ResponseWriter: Sendable {
    let connection: HTTPConnection
    let loop: LoopActor
    let isChunked: Bool

    /// Sends a piece at once. Suspends while the client reads slower than the answer comes.
    ///
    /// - Throws: `CancellationError` when nobody reads the answer any more.
    func write(_ bytes: ByteBuffer) async throws {
        guard bytes.readableBytes > 0 else { return }
        try await connection.write(isChunked ? Self.chunk(bytes) : bytes, on: loop)
    }

    /// Writes a stream, and behind one that is cut because the gateway stops, why.
    func write(
        until cutoff: Cutoff, else lastWords: (GatewayError) -> ByteBuffer, _ body: (ResponseWriter) async throws -> Void
    ) async throws {
        do { try await body(self) } catch is CancellationError where cutoff.isPast { try await write(lastWords(Cutoff.error)) }
    }

    /// RFC 9112 §7.1, in one piece.
    static func chunk(_ bytes: ByteBuffer) -> ByteBuffer {
        var chunk = ByteBuffer()
        chunk.reserveCapacity(bytes.readableBytes + 20)
        chunk.writeString(String(bytes.readableBytes, radix: 16))
        chunk.writeStaticString("\r\n")
        chunk.writeImmutableBuffer(bytes)
        chunk.writeStaticString("\r\n")
        return chunk
    }
}

/// The beginning of an answer that is not decided yet.
struct ResponseStart: Sendable {
    let connection: HTTPConnection
    let loop: LoopActor
    let arrival: Arrival
    let closes: Bool

    /// Sends the head, once; the body of `response` counts for nothing.
    func begin(_ response: Response) async -> ResponseWriter {
        await connection.begin(response, to: arrival, closes: closes, on: loop)
    }
}
