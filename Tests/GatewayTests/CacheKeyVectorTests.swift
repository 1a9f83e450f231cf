import Core
import Crypto
import Foundation
import NIOCore
import Testing
import Wire

/// The published vectors; `Tests/sdk/test_cache_key.py` checks the same ones by an implementation of its own.
@Suite struct CacheKeyVectorTests {
    private struct File: Decodable {
        let vectors: [Vector]
    }

    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        struct Voice: Decodable {
            let agent, prompt, version: String
            let temperature: Double?
            let max_tokens: Int?
        }
        let name, master, salt, tenant, sharing, shared_with, namespace, route, target, target_version: String
        let voices: [Voice]
        let request, canonical, sealing_key, key: String
        let secret_id: UInt32

        var testDescription: String { name }
    }

    private static let vectors: [Vector] = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/cache-key-vectors.json")
        return try! JSONDecoder().decode(File.self, from: Data(contentsOf: file)).vectors
    }()

    @Test func thereAreSome() { #expect(Self.vectors.count >= 12) }

    @Test(arguments: vectors) func aVectorHasItsKey(vector: Vector) throws {
        let secret = TenantSecret(
            tenant: vector.tenant, salt: bytes(vector.salt), master: try #require(MasterSecret(bytes(vector.master))))
        #expect(secret.id == vector.secret_id)
        #expect(secret.sealing.withUnsafeBytes { Array($0) } == bytes(vector.sealing_key))

        let sharing: CacheScope.Sharing =
            switch vector.sharing {
            case "user": .user(vector.shared_with)
            case "session": .session(vector.shared_with)
            default: .tenant
            }
        let voices = vector.voices.map { voice in
            let prompt = PromptVersion(prompt: voice.prompt, temperature: voice.temperature, maxTokens: voice.max_tokens)
            #expect(prompt.text == voice.version)
            return CacheSubject.Voice(agent: voice.agent, prompt: prompt)
        }
        let document = try JSONDocument(ByteBuffer(string: vector.request))
        let key = document.withCanonicalBytes(leavingOut: .ofChat) {
            #expect(Array($0) == bytes(vector.canonical))
            return CacheKey(
                scope: CacheScope(tenant: vector.tenant, sharing: sharing, namespace: vector.namespace),
                subject: CacheSubject(
                    route: vector.route, target: vector.target, targetVersion: vector.target_version, voices: Set(voices)),
                canonical: $0, secret: secret)
        }
        #expect(key.text == vector.key)
    }

    private func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.count, by: 2).map { UInt8(hex.dropFirst($0).prefix(2), radix: 16)! }
    }
}
