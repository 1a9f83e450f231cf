import ArgumentParser
import Foundation

/// What the command says on standard output: at once, also into a pipe.
enum Terminal {
    static func say(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    static func complain(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// Writes without a line's end.
    ///
    /// - Throws: `ExitCode` when nobody reads it any more (`quintet chat … | head`): the command has nothing left to do.
    static func write(_ text: String) throws {
        guard !text.isEmpty else { return }
        do { try FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) } catch { throw ExitCode.failure }
    }

    /// On an error, such as a mistake in a file, says what is wrong and how to mend it, and ends the command with status 1.
    static func explained<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws -> Result {
        do { return try body() } catch {
            complain("\(error)")
            throw ExitCode.failure
        }
    }
}
