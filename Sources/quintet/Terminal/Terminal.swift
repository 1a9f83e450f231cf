import ArgumentParser
import Foundation
import NIOCore

/// What the command says on standard output: at once, also into a pipe.
enum Terminal {
    /// - Throws: `ExitCode`, as ``write(_:)`` does.
    static func say(_ text: String) throws { try write(text + "\n") }

    /// Says something on standard error. Where nobody takes that there is nobody to tell.
    static func complain(_ text: String) { note(text + "\n") }

    /// Writes on standard error without a line's end.
    static func note(_ text: String) { try? Descriptor.error.put(text) }

    /// Writes without a line's end.
    ///
    /// - Throws: `ExitCode` when nobody reads it any more (`quintet chat … | head`), or when it cannot be written, which it says:
    ///   the command has nothing left to do.
    static func write(_ text: String) throws {
        guard !text.isEmpty else { return }
        do { try Descriptor.output.put(text) } catch {
            if error.errnoCode != EPIPE { complain("The output cannot be written (\(error.words)).") }
            throw ExitCode.failure
        }
    }

    /// On an error, such as a mistake in a file, says what is wrong and how to mend it, and ends the command with status 1.
    static func explained<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws -> Result {
        do { return try body() } catch {
            if let status = error as? ExitCode { throw status }
            complain("\(error)")
            throw ExitCode.failure
        }
    }
}
