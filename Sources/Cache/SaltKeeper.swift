package import Gateway
package import Logging
import NIOPosix
import ServiceLifecycle
import Synchronization

/// Saves the tenants' salts whenever they change, off the requests' path.
package final class SaltKeeper: Service {
    private let secrets: TenantSecrets
    private let file: SaltFile
    private let logger: Logger
    private let state = Mutex(State())
    private static let pause: Duration = .seconds(10)

    private struct State {
        /// The revision on the disk.
        var saved: UInt64 = 0
        var isWriting = false
        var waiting: [Waiter] = []
    }

    /// Who waits for a write that began before it came.
    private struct Waiter {
        let revision: UInt64
        let continuation: CheckedContinuation<Turn, any Error>
    }

    private enum Turn { case write, saved }

    /// - Parameter file: written by nobody else.
    package init(_ secrets: TenantSecrets, file: SaltFile, logger: Logger) {
        self.secrets = secrets
        self.file = file
        self.logger = logger
    }

    /// Saves what changes until graceful shutdown, and then the last of it.
    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            for await _ in secrets.changes {
                while await !savedOrLogged(), !Task.isCancelled { try? await Task.sleep(for: Self.pause) }
            }
        }
        _ = await savedOrLogged()
    }

    /// Returns when all changes up to now are on the disk: what makes a tenant's being forgotten hold over a crash. However
    /// many wait, one writes, and for all of them.
    ///
    /// - Throws: ``StateFileError`` when they cannot be written; they count in memory all the same, and are tried again.
    package func save() async throws {
        guard try await turn(for: secrets.snapshot.revision) == .write else { return }
        // What it holds is newer than all that wait now: who comes later waits for the next write.
        let snapshot = secrets.snapshot
        let outcome: Result<Void, any Error>
        do {
            // A thread that may block; never more than one.
            outcome = .success(try await NIOThreadPool.singleton.runIfActive { [file] in try file.write(snapshot.records) })
        } catch { outcome = .failure(error) }
        pass(outcome, snapshot.revision)
        try outcome.get()
    }

    /// Waits until the revision is on the disk, or the caller is to write it.
    private func turn(for revision: UInt64) async throws -> Turn {
        try await withCheckedThrowingContinuation { continuation in
            let turn = state.withLock { state -> Turn? in
                if revision <= state.saved { return .saved }
                if state.isWriting {
                    state.waiting.append(Waiter(revision: revision, continuation: continuation))
                    return nil
                }
                state.isWriting = true
                return .write
            }
            if let turn { continuation.resume(returning: turn) }
        }
    }

    /// Tells those whose changes were among those written, and lets one of the others write.
    private func pass(_ outcome: Result<Void, any Error>, _ revision: UInt64) {
        let (told, next) = state.withLock { state -> ([Waiter], Waiter?) in
            if case .success = outcome { state.saved = revision }
            let told = state.waiting.filter { $0.revision <= revision }
            state.waiting.removeAll { $0.revision <= revision }
            let next = state.waiting.popLast()
            state.isWriting = next != nil
            return (told, next)
        }
        for waiter in told { waiter.continuation.resume(with: outcome.map { Turn.saved }) }
        next?.continuation.resume(returning: .write)
    }

    private func savedOrLogged() async -> Bool {
        do {
            try await save()
            return true
        } catch {
            logger.error("the cache's salts were not saved: what is cached now cannot be read after a restart", metadata: ["why": "\(error)"])
            return false
        }
    }
}
