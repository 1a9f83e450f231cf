package import Crypto

/// The secret that all tenants' secrets are derived from. Whoever has it and the tenants' salts can make their keys.
package struct MasterSecret: Sendable {
    /// Fewer bytes could be guessed.
    package static let leastBytes = 32

    private let key: SymmetricKey

    /// - Parameter bytes: at least 32, of which nobody else knows; nil with fewer.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.leastBytes else { return nil }
        key = SymmetricKey(data: bytes)
    }

    /// What replicas, which all have the master secret, hide from others with.
    package func replicaKey(for purpose: String) -> SymmetricKey { derived(for: purpose, tenant: "", salt: []) }

    /// 256 bits for one purpose.
    ///
    /// - Parameter purpose: two purposes give keys of which one says nothing about the other.
    func derived(for purpose: String, tenant: String, salt: [UInt8]) -> SymmetricKey {
        var info = FramedBytes()
        info.append(purpose)
        info.append(tenant)
        return HKDF<SHA256>.deriveKey(inputKeyMaterial: key, salt: salt, info: info.bytes, outputByteCount: 32)
    }
}

/// A tenant's keys under one of its salts. Without them its keys in the cache cannot be made and its answers not be read.
package struct TenantSecret: Sendable {
    /// Tells the secrets of a tenant apart; stands in clear before what they sealed.
    package let id: UInt32
    /// For the cache keys' HMAC.
    package let naming: SymmetricKey
    /// For the answers outside of the process.
    package let sealing: SymmetricKey
    /// What the tenant is called in the cache's keys, 16 hexadecimal digits: the same under all of its salts, so that whoever
    /// has the master secret finds all that is the tenant's, and nobody else knows whose it is.
    package let pseudonym: String
    /// The HMAC under the naming key before its first byte: what it makes of the key is the same for all requests.
    let namingCode: HMAC<SHA256>
    /// What all of the tenant's cache keys begin with.
    let namePrefix: String

    package init(tenant: String, salt: [UInt8], master: MasterSecret) {
        naming = master.derived(for: "quintet cache naming 1", tenant: tenant, salt: salt)
        namingCode = HMAC<SHA256>(key: naming)
        sealing = master.derived(for: "quintet cache sealing 1", tenant: tenant, salt: salt)
        id = master.derived(for: "quintet cache secret id 1", tenant: tenant, salt: salt)
            .withUnsafeBytes { UInt32(bigEndian: $0.loadUnaligned(as: UInt32.self)) }
        pseudonym = master.derived(for: "quintet cache pseudonym 1", tenant: tenant, salt: [])
            .withUnsafeBytes { Hexadecimal.text($0.prefix(8)) }
        namePrefix = "v1:\(pseudonym):"
    }
}
