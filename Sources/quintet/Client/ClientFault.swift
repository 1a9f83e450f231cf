import ArgumentParser

/// Why a command that asks a gateway cannot go on: one line for the person, who is told what to do.
struct ClientFault: Error, CustomStringConvertible, Equatable {
    let description: String

    init(_ description: String) { self.description = description }

    /// Runs `body`; at a fault says what is wrong, and ends the command with status 1.
    static func explained<Result>(_ body: () async throws -> Result) async throws -> Result {
        do { return try await body() } catch let fault as ClientFault {
            Terminal.complain(fault.description)
            throw ExitCode.failure
        }
    }
}
