import Core
import Crypto
import Gateway
import NIOCore

/// How the remote tier names things in a store that others can read: cache keys say nothing by themselves, tags are hashed
/// under a secret of this installation, and what replicas tell one another is sealed.
struct RemoteNames: Sendable {
    private static let answers = "quintet:answer:"
    /// Where invalidations are published.
    static let channel = "quintet:invalidations"
    private static let messageLimit = 1024

    private let tagKey: SymmetricKey
    private let messageKey: SealingKey

    /// - Parameter secret: the same in all processes that share the store.
    init(secret: SymmetricKey) {
        func derived(for purpose: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(inputKeyMaterial: secret, info: Array(purpose.utf8), outputByteCount: 32)
        }
        tagKey = derived(for: "quintet cache tags")
        messageKey = SealingKey(secretID: 0, key: derived(for: "quintet cache invalidations"))
    }

    func answer(_ key: String) -> String { Self.answers + key }

    /// The pattern for answers whose keys match one.
    func answers(matching pattern: String) -> String { Self.answers + pattern }

    /// 128 bits of the hash are plenty to keep tags apart.
    func tag(_ tag: CacheTag) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array(tag.name.utf8), using: tagKey)
        return Hexadecimal.text(Array(code.prefix(16)))
    }

    /// - Parameter sender: tells a process its own messages, which it need not hear.
    func message(_ which: CacheInvalidation, from sender: UInt64) -> ByteBuffer {
        var writer = ByteWriter(capacity: 64)
        writer.unsigned(sender)
        switch which {
        case .key(let key):
            writer.byte(1)
            writer.text(key)
        case .tag(let tag):
            writer.byte(2)
            writer.text(tag.name)
        case .keys(let glob):
            writer.byte(3)
            writer.text(glob.pattern)
        case .everything:
            writer.byte(4)
        }
        return SealedValue.seal(writer.bytes, with: messageKey, at: Self.channel)
    }

    /// nil for what no process of this installation wrote.
    func read(_ message: ByteBuffer) -> (sender: UInt64, which: CacheInvalidation)? {
        guard let opened = SealedValue.open(message, with: messageKey, at: Self.channel, limit: Self.messageLimit) else {
            return nil
        }
        var reader = ByteReader(opened)
        guard let sender = reader.unsigned(), let kind = reader.byte() else { return nil }
        let which: CacheInvalidation?
        switch kind {
        case 1: which = reader.text().map { .key($0) }
        case 2: which = reader.text().map { .tag(CacheTag(name: $0)) }
        case 3: which = reader.text().flatMap { Glob($0) }.map { .keys($0) }
        case 4: which = .everything
        default: which = nil
        }
        guard let which, reader.isAtEnd else { return nil }
        return (sender, which)
    }
}
