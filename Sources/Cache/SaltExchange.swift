package import Core
import Crypto
import Foundation
package import Gateway
import NIOCore
import ServiceLifecycle

/// Keeps the tenants' salts the same in all replicas, through the store that they share. Only the master secret opens them there.
///
/// Each replica merges what the others wrote into its own and writes the result, until nobody knows more than the store. Two that
/// write at once lose nothing: the one whose salts were overwritten finds them missing and writes again.
package struct SaltExchange: Service {
    private let secrets: TenantSecrets
    private let store: any RemoteStore
    private let key: SymmetricKey

    static let name = "quintet:salts"
    /// The store forgets what nobody has written for so long.
    private static let life = Duration.seconds(10 * 365 * 86_400)
    /// How often it is looked whether something changed here, and after how many of these what others wrote is read.
    private static let pace = (look: Duration.seconds(1), reads: 5)
    private static let patience = Duration.seconds(1)

    /// - Parameter master: the same in all replicas.
    package init(_ secrets: TenantSecrets, store: any RemoteStore, master: MasterSecret) {
        self.secrets = secrets
        self.store = store
        key = master.replicaKey(for: "quintet salts 1")
    }

    /// Exchanges until graceful shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            var (revision, looks) = (UInt64.max, 0)
            repeat {
                let current = secrets.snapshot.revision
                if current != revision || looks % Self.pace.reads == 0 {
                    // A store that is away has the salts of before; there will be another time.
                    if (try? await exchange()) != nil { revision = secrets.snapshot.revision }
                }
                looks += 1
            } while (try? await Task.sleep(for: Self.pace.look)) != nil
        }
    }

    /// Takes over what the store knows, and tells it what it does not.
    package func exchange() async throws {
        let stored = try await store.value(of: Self.name, by: ContinuousClock.now + Self.patience)
        // What does not open was written under another master secret, or by nobody of ours: it is replaced.
        let theirs = stored.flatMap { open($0.bytes) } ?? [:]
        _ = secrets.adopt(theirs)
        let ours = secrets.snapshot.records
        guard ours != theirs else { return }
        try await store.set(Self.name, to: seal(ours), life: Self.life, tags: [])
    }

    private func seal(_ records: [String: TenantSalt]) throws -> ByteBuffer {
        let box = try AES.GCM.seal(SaltFile.encode(records), using: key, authenticating: Array(Self.name.utf8))
        guard let combined = box.combined else { throw CryptoKitError.incorrectParameterSize }
        return ByteBuffer(bytes: combined)
    }

    private func open(_ bytes: ByteBuffer) -> [String: TenantSalt]? {
        guard let box = try? AES.GCM.SealedBox(combined: Data(bytes.readableBytesView)),
            let plain = try? AES.GCM.open(box, using: key, authenticating: Array(Self.name.utf8))
        else { return nil }
        return try? SaltFile.decode(Array(plain))
    }
}
