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
    /// The revision on the disk. Held while a file is written, on a thread that may wait: an older one never follows a newer.
    private let saved = Mutex<UInt64>(0)
    private static let pause: Duration = .seconds(10)

    package init(_ secrets: TenantSecrets, file: SaltFile, logger: Logger) {
        self.secrets = secrets
        self.file = file
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            for await _ in secrets.changes {
                while await !savedOrLogged(), !Task.isCancelled { try? await Task.sleep(for: Self.pause) }
            }
        }
        _ = await savedOrLogged()
    }

    /// Returns when all changes up to now are on the disk: what makes a tenant's being forgotten hold over a crash.
    ///
    /// - Throws: ``StateFileError`` when they cannot be written; they count in memory all the same, and are tried again.
    package func save() async throws {
        try await NIOThreadPool.singleton.runIfActive { [self] in
            try saved.withLock { saved in
                let snapshot = secrets.snapshot
                guard snapshot.revision > saved else { return }
                try file.write(snapshot.records)
                saved = snapshot.revision
            }
        }
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
