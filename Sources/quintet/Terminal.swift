import ArgumentParser
import Foundation
import Settings

/// What the command says on standard output: at once, also into a pipe.
enum Terminal {
    static func say(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }

    static func complain(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// On a mistake in the configuration says what is wrong and how to mend it, and ends the command with status 1.
    static func explained<Result>(_ body: () throws(ConfigurationError) -> Result) throws -> Result {
        do { return try body() } catch {
            complain("\(error)")
            throw ExitCode.failure
        }
    }
}
