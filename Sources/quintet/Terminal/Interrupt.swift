import ArgumentParser
import UnixSignals

/// Ctrl-C.
enum Interrupt {
    /// What shells expect of a command that Ctrl-C ended.
    static let status = ExitCode(130)

    /// Runs `body`, and cancels it at Ctrl-C; when it has ended, so does the command, with status 130.
    static func ends(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await body()
                return false
            }
            group.addTask { await signals.contains { _ in true } }
            let isInterrupted = try await group.next() ?? false
            group.cancelAll()
            if isInterrupted { throw status }
        }
    }
}
