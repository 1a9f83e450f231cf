import Foundation
import NIOCore
import NIOPosix

/// A client that looks at bytes: what came, and how the connection ended.
struct RawClient {
    /// What a connection gave until it ended.
    struct Received: Sendable {
        var bytes = ""
        /// The error that ended the connection; nil for an orderly end.
        var failure: (any Error)?

        var head: String { bytes.components(separatedBy: "\r\n\r\n").first ?? "" }
        var body: String { bytes.components(separatedBy: "\r\n\r\n").dropFirst().joined(separator: "\r\n\r\n") }
        /// Whether the last chunk of a chunked body came.
        var isTerminated: Bool { bytes.hasSuffix("0\r\n\r\n") }
    }

    let port: Int

    /// Posts a chat request and reads until the server ends the connection. `onBytes` sees everything that has come so far,
    /// each time something comes; it leaves by throwing `Left`.
    func post(_ body: String, onBytes: (String) async throws -> Void = { _ in }) async throws -> Received {
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        var received = Received()
        do {
            try await connection.executeThenClose { inbound, outbound in
                try await outbound.write(ByteBuffer(string: request(body)))
                for try await bytes in inbound {
                    received.bytes += String(buffer: bytes)
                    try await onBytes(received.bytes)
                }
            }
        } catch is Left {
        } catch {
            received.failure = error
        }
        return received
    }

    /// Thrown to hang up.
    struct Left: Error {}

    private func request(_ body: String) -> String {
        """
        POST /v1/chat/completions HTTP/1.1\r
        host: 127.0.0.1\r
        content-type: application/json\r
        content-length: \(body.utf8.count)\r
        \r
        \(body)
        """
    }
}
