import Foundation
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file of the state directory that only the gateway's own user may read. Blocks; not for event loops.
struct StateFile {
    let path: String
    private var directory: String { (path as NSString).deletingLastPathComponent }

    /// No state file is larger; what is was put there by mistake.
    private static let limit = 64 << 20

    /// The content; nil when there is no such file.
    ///
    /// - Throws: ``StateFileError`` when it cannot be read, or when others can read it too.
    func contents() throws(StateFileError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw error("cannot be read (\(words(errno))).", "Give the user that runs Quintet the right to read it.")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= Self.limit else {
            throw error("is no file that Quintet wrote.", "Move it away.")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw error("can be read by other users of this machine, and it is secret.", "Run: chmod 600 \(path)")
        }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < bytes.count {
            let count = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + filled, $0.count - filled) }
            guard count > 0 else { throw error("cannot be read to its end.", "Look after the disk that it is on.") }
            filled += count
        }
        return bytes
    }

    /// Puts a new content in place of the old, at once or not at all: it is on the disk before the name changes hands.
    func replace(with bytes: [UInt8]) throws(StateFileError) {
        let temporary = path + ".new"
        do throws(IOError) {
            try StateDirectory.make(directory)
            try save(bytes, to: temporary)
            guard rename(temporary, path) == 0 else { throw IOError(errnoCode: errno, reason: "rename") }
            try syncDirectory()
        } catch { throw StateDirectory.notWritable(path, error) }
    }

    /// Writes a file that is not there yet.
    ///
    /// - Returns: false when another process made it first.
    func create(with bytes: [UInt8]) throws(StateFileError) -> Bool {
        // The name appears with its content: whoever finds the file never finds it half.
        let temporary = "\(path).\(UUID().uuidString)"
        do throws(IOError) {
            try StateDirectory.make(directory)
            try save(bytes, to: temporary)
            defer { unlink(temporary) }
            guard link(temporary, path) == 0 else {
                if errno == EEXIST { return false }
                throw IOError(errnoCode: errno, reason: "link")
            }
            try syncDirectory()
            return true
        } catch { throw StateDirectory.notWritable(path, error) }
    }

    private func save(_ bytes: [UInt8], to path: String) throws(IOError) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw IOError(errnoCode: errno, reason: "open") }
        defer { close(file) }
        // One that was left behind may have other rights.
        guard fchmod(file, 0o600) == 0 else { throw IOError(errnoCode: errno, reason: "fchmod") }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(file, $0.baseAddress!, $0.count) }
            guard count > 0 else { throw IOError(errnoCode: count < 0 ? errno : ENOSPC, reason: "write") }
            rest = rest.dropFirst(count)
        }
        guard fsync(file) == 0 else { throw IOError(errnoCode: errno, reason: "fsync") }
    }

    /// The name is on the disk only when the directory is.
    private func syncDirectory() throws(IOError) {
        let file = open(directory, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw IOError(errnoCode: errno, reason: "open") }
        defer { close(file) }
        guard fsync(file) == 0 else { throw IOError(errnoCode: errno, reason: "fsync") }
    }

    func error(_ problem: String, _ mend: String) -> StateFileError {
        StateFileError(path: path, problem: problem, mend: mend)
    }

    private func words(_ code: Int32) -> String { String(cString: strerror(code)) }
}

/// What is wrong with a file of the state directory, for the person who mends it.
package struct StateFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file, what is wrong with it, and what to do: two sentences.
    package let path: String
    package let problem: String
    package let mend: String

    package var description: String { "\(path): \(problem) \(mend)" }
}
