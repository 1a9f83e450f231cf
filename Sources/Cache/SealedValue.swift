import Crypto
import Foundation
package import Gateway
package import NIOCore

/// Bytes as they leave the process: compressed where that helps, and sealed with AES-GCM so that only who has the tenant's
/// secret can read them, and only where they were put.
///
///     byte 0      0xC5
///     byte 1      the version of this layout, 1
///     byte 2      0 as it is, 1 compressed by zstd
///     bytes 3–6   the id of the secret, highest byte first
///     bytes 7–18  the nonce, random
///     then        the ciphertext, and its tag of 16 bytes
///
/// The first seven bytes and the cache key are authenticated as well: a value moved to another key does not open.
package enum SealedValue {
    private static let magic: UInt8 = 0xC5
    private static let version: UInt8 = 1
    private static let headerLength = 7
    private static let nonceLength = 12
    private static let tagLength = 16

    /// What a sealed value is longer than its uncompressed content.
    package static let overhead = headerLength + nonceLength + tagLength
    /// Shorter values are not worth compressing.
    package static let compressionFloor = 1024

    /// - Parameter place: where the value will lie; the same is needed to open it.
    package static func seal(_ plain: [UInt8], with key: SealingKey, at place: String) -> ByteBuffer {
        let compressed = plain.count > compressionFloor ? Zstandard.compress(plain) : nil
        let secret = key.secretID
        let header = [
            magic, version, compressed == nil ? 0 : 1, UInt8(secret >> 24), UInt8(truncatingIfNeeded: secret >> 16),
            UInt8(truncatingIfNeeded: secret >> 8), UInt8(truncatingIfNeeded: secret),
        ]
        // Fails for keys of impossible sizes only, and those cannot be made into a symmetric key of a tenant.
        guard let box = try? AES.GCM.seal(compressed ?? plain, using: key.key, authenticating: header + place.utf8) else {
            preconditionFailure("a sealing key must have 128, 192 or 256 bits")
        }
        var sealed = ByteBufferAllocator().buffer(capacity: (compressed ?? plain).count + overhead)
        sealed.writeBytes(header)
        sealed.writeBytes(box.nonce)
        sealed.writeBytes(box.ciphertext)
        sealed.writeBytes(box.tag)
        return sealed
    }

    /// The content; nil for whatever was not sealed with this key at this place by this version, or holds more than
    /// `limit` bytes.
    package static func open(_ sealed: ByteBuffer, with key: SealingKey, at place: String, limit: Int) -> [UInt8]? {
        guard sealed.readableBytes >= overhead, sealed.readableBytes <= limit + overhead else { return nil }
        let bytes = [UInt8](sealed.readableBytesView)
        let header = bytes[..<headerLength]
        let secret = header[3...].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        guard header[0] == magic, header[1] == version, header[2] <= 1, secret == key.secretID else { return nil }

        guard let box = try? AES.GCM.SealedBox(combined: bytes[headerLength...]),
            let opened = try? AES.GCM.open(box, using: key.key, authenticating: header + place.utf8)
        else { return nil }
        let content = [UInt8](opened)
        return header[2] == 0 ? content : Zstandard.decompress(content, limit: limit)
    }
}
