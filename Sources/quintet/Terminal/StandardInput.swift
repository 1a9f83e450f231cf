import Foundation
import NIOPosix

/// What people type, and what pipes bring.
enum StandardInput {
    /// Most bytes that are read of a pipe: what a gateway takes as a body, unless told otherwise.
    static let limit = 20 << 20

    /// All of a pipe's text; nil when it is more than the limit, or no UTF-8.
    static func text() async throws -> String? {
        let data = try await NIOThreadPool.singleton.runIfActive {
            try FileHandle.standardInput.read(upToCount: limit + 1) ?? Data()
        }
        return data.count > limit ? nil : String(data: data, encoding: .utf8)
    }

    /// The lines that a person types, to the end of input. Typed ahead, 256 of them are kept.
    static func lines() -> AsyncStream<String> {
        AsyncStream(bufferingPolicy: .bufferingOldest(256)) { continuation in
            // A terminal hands over whole lines.
            FileHandle.standardInput.readabilityHandler = { handle in
                let data = handle.availableData
                guard !data.isEmpty else {
                    handle.readabilityHandler = nil
                    return continuation.finish()
                }
                for line in String(decoding: data, as: UTF8.self).split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).dropLast(data.last == 10 ? 1 : 0) {
                    continuation.yield(String(line))
                }
            }
        }
    }
}
