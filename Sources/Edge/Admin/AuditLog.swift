import Core
import Foundation
import Gateway
import NIOCore
import NIOPosix
import Wire

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What admins did: `audit.jsonl` in the state directory, one JSON object a line, only ever appended to.
package struct AuditLog: Sendable {
    /// One act that was let through.
    struct Entry: Sendable {
        let time: Date
        let action: String
        /// What it was done to, and why where that was asked for.
        let details: [(name: String, value: String)]
        /// Of the token that was shown.
        let tokenFingerprint: String
        let requestID: String
    }

    private let directory: String
    private var path: String { directory + "/audit.jsonl" }

    /// - Parameter directory: made when the first line is written.
    package init(directory: String) { self.directory = directory }

    /// Writes a line and returns when it is on the disk. It comes before the act, which cannot fail any more: nothing is
    /// done that is not written down.
    ///
    /// - Throws: ``GatewayError`` when it cannot be written; nothing may be done then.
    func append(_ entry: Entry) async throws(GatewayError) {
        let (directory, path, line) = (directory, path, entry.line)
        do {
            try await NIOThreadPool.singleton.runIfActive {
                try FileManager.default.createDirectory(
                    atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
                try Self.append(line, to: path)
            }
        } catch {
            throw GatewayError(
                .auditFailed, .gateway,
                "Nothing was done: the audit log \(path) cannot be written (\(Self.words(error))). Make it writable, and try again.")
        }
    }

    /// One write, so that lines never mix, and `fsync`. The file is opened anew each time: it may have been rotated.
    private static func append(_ line: ByteBuffer, to path: String) throws {
        let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw IOError(errnoCode: errno, reason: "open") }
        defer { close(file) }
        let written = line.withUnsafeReadableBytes { write(file, $0.baseAddress, $0.count) }
        guard written == line.readableBytes else { throw IOError(errnoCode: written < 0 ? errno : ENOSPC, reason: "write") }
        guard fsync(file) == 0 else { throw IOError(errnoCode: errno, reason: "fsync") }
    }

    private static func words(_ error: any Error) -> String {
        if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
        return (error as? CocoaError)?.localizedDescription ?? "\(error)"
    }
}

extension AuditLog.Entry {
    fileprivate var line: ByteBuffer {
        var line = JSONWriter.text { writer in
            writer.object {
                $0.key("time")
                $0.string(time.formatted(.iso8601))
                $0.key("action")
                $0.string(action)
                for detail in details {
                    $0.key(dynamic: detail.name)
                    $0.string(detail.value)
                }
                $0.key("token")
                $0.string(tokenFingerprint)
                $0.key("request_id")
                $0.string(requestID)
                $0.key("result")
                $0.string("accepted")
            }
        }
        line.writeStaticString("\n")
        return line
    }
}
