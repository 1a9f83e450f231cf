import Foundation
import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An open file by its number, with the system's own word for what goes wrong. Blocks.
struct Descriptor {
    let number: Int32

    static let output = Descriptor(number: STDOUT_FILENO)
    static let error = Descriptor(number: STDERR_FILENO)

    /// Writes all of it.
    func put(_ text: String) throws(IOError) {
        let bytes = ContiguousArray(text.utf8)
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes { write(number, $0.baseAddress! + done, $0.count - done) }
            if count < 0 { try recover() } else { done += count }
        }
    }

    /// Reads to the end.
    ///
    /// - Returns: nil when there is more than the limit.
    func readAll(limit: Int) throws(IOError) -> Data? {
        var data = Data()
        var piece = [UInt8](repeating: 0, count: 64 << 10)
        while data.count <= limit {
            let count = piece.withUnsafeMutableBytes { read(number, $0.baseAddress!, $0.count) }
            if count == 0 { return data }
            if count < 0 { try recover() } else { data.append(contentsOf: piece[..<count]) }
        }
        return nil
    }

    /// Waits where a pipe that others made non-blocking is full or empty.
    private func recover() throws(IOError) {
        let code = errno
        guard code == EAGAIN || code == EINTR else { throw IOError(errnoCode: code, reason: "") }
        guard code == EAGAIN else { return }
        var wait = pollfd(fd: number, events: Int16(POLLIN | POLLOUT), revents: 0)
        _ = poll(&wait, 1, -1)
    }
}

extension IOError {
    /// As the system's language has it: `No space left on device`.
    var words: String { String(cString: strerror(errnoCode)) }
}
