import NIOCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The folder of what the gateway keeps. Blocks; not for event loops.
package enum StateDirectory {
    /// Whether files could be kept there: makes one, and takes it away again with all that was made for it.
    ///
    /// - Throws: ``StateFileError`` when they could not.
    package static func tryOut(_ path: String) throws(StateFileError) {
        let trial = path + "/trial.\(getpid())"
        do throws(IOError) {
            let made = try make(path)
            defer { for folder in made.reversed() { rmdir(folder) } }
            let file = open(trial, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            guard file >= 0 else { throw IOError(errnoCode: errno, reason: "open") }
            close(file)
            unlink(trial)
        } catch { throw notWritable(path, error) }
    }

    /// Makes the folder, and those above it that are missing.
    ///
    /// - Returns: what was made, the outermost first.
    @discardableResult
    static func make(_ path: String) throws(IOError) -> [String] {
        var made: [String] = []
        var end = path.startIndex
        while end < path.endIndex {
            end = path[end...].dropFirst().firstIndex(of: "/") ?? path.endIndex
            let folder = String(path[..<end])
            if mkdir(folder, 0o700) == 0 {
                made.append(folder)
                continue
            }
            let code = errno
            var status = stat()
            // What cannot be made need not be, where it is there.
            if stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { continue }
            for folder in made.reversed() { rmdir(folder) }
            throw IOError(errnoCode: code == EEXIST ? ENOTDIR : code, reason: "mkdir")
        }
        return made
    }

    static func notWritable(_ path: String, _ error: IOError) -> StateFileError {
        StateFileError(
            path: path, problem: "cannot be written (\(String(cString: strerror(error.errnoCode)))).",
            mend: "Make its directory writable for the user that runs Quintet, or name another by --state-dir.")
    }
}
