import Core
import Crypto
import TestKit
import Testing

/// What makes two keys one, and what keeps them apart.
@Suite struct CacheKeyTests {
    private let master = MasterSecret(Array(0..<32))!
    private let salt = [UInt8](32..<64)
    private let dev = CacheSubject.Voice(agent: "dev", prompt: PromptVersion(prompt: "a", temperature: 0.2, maxTokens: 10))
    private let qa = CacheSubject.Voice(agent: "qa", prompt: PromptVersion(prompt: "b", temperature: nil, maxTokens: nil))

    private func key(
        _ scope: CacheScope = CacheScope(tenant: "acme"),
        _ subject: CacheSubject = CacheSubject(route: "chat", target: "fast-one", targetVersion: "1"), canonical: String = "{}",
        salt: [UInt8]? = nil, master: MasterSecret? = nil
    ) -> String {
        let secret = TenantSecret(tenant: scope.tenant, salt: salt ?? self.salt, master: master ?? self.master)
        return Array(canonical.utf8).withUnsafeBytes {
            CacheKey(scope: scope, subject: subject, canonical: $0, secret: secret).text
        }
    }

    private func subject(
        _ route: String = "chat", _ target: String = "fast-one", _ version: String = "1", _ voices: Set<CacheSubject.Voice> = []
    ) -> CacheSubject {
        CacheSubject(route: route, target: target, targetVersion: version, voices: voices)
    }

    @Test func showsNothingButAPseudonymAndACode() throws {
        let parts = key(CacheScope(tenant: "acme", sharing: .user("anna"), namespace: "drafts")).split(separator: ":")
        #expect(parts.count == 3 && parts[0] == "v1" && parts[1].count == 16 && parts[2].count == 64)
        #expect(parts.dropFirst().joined().allSatisfy { "0123456789abcdef".contains($0) })
    }

    @Test func whateverChangesTheAnswerOrWhoMaySeeItChangesTheKey() {
        let tenant = CacheScope(tenant: "acme")
        let keys = [
            key(), key(canonical: "{ }"), key(salt: [UInt8](64..<96)), key(master: MasterSecret(Array(1..<33))!),
            key(CacheScope(tenant: "umbrella")), key(CacheScope(tenant: "acme", sharing: .user("anna"))),
            key(CacheScope(tenant: "acme", sharing: .session("anna"))), key(CacheScope(tenant: "acme", sharing: .user("bert"))),
            key(CacheScope(tenant: "acme", namespace: "anna")), key(CacheScope(tenant: "acme", sharing: .user(""))),
            key(tenant, subject("team")), key(tenant, subject("chat", "auto")), key(tenant, subject("chat", "fast-one", "2")),
            key(tenant, subject("chat", "fast-one", "1", [dev])), key(tenant, subject("chat", "fast-one", "1", [qa])),
            key(tenant, subject("chat", "fast-one", "1", [dev, qa])),
            key(tenant, subject("chat", "fast-one", "1", [.init(agent: "dev", prompt: qa.prompt)])),
            key(tenant, subject("chat", "fast-one", "1", [dev, .init(agent: "dev", prompt: qa.prompt)])),
        ]
        #expect(Set(keys).count == keys.count)
    }

    @Test func theOrderOfAFanOutDoesNotMatter() {
        let voices = (0..<8).map { CacheSubject.Voice(agent: "agent-\($0)", prompt: $0 % 2 == 0 ? dev.prompt : qa.prompt) }
        var random = SplitMix64(seed: 1)
        let expected = key(CacheScope(tenant: "acme"), subject("team", "auto", "1", Set(voices)))
        for _ in 0..<200 {
            // A set made anew in another order may also iterate in another order.
            let shuffled = Set(voices.shuffled(using: &random) + [voices[0]])
            #expect(key(CacheScope(tenant: "acme"), subject("team", "auto", "1", shuffled)) == expected)
        }
    }

    /// Text that moves over the border from one field to the next, lengths and all, makes another key.
    @Test func bordersBetweenFieldsCannotBeMoved() {
        var keys: Set<String> = []
        var count = 0
        let text = "ab\0\0\0\u{1}c"
        func add(_ key: String) {
            keys.insert(key)
            count += 1
        }
        for cut in text.indices {
            let (left, right) = (String(text[..<cut]), String(text[cut...]))
            let voice = { (agent: String) in CacheSubject.Voice(agent: agent, prompt: dev.prompt) }
            add(key(CacheScope(tenant: "acme", sharing: .user(left), namespace: right)))
            add(key(CacheScope(tenant: "acme", namespace: left), subject(right)))
            add(key(CacheScope(tenant: "acme"), subject(left, right)))
            add(key(CacheScope(tenant: "acme"), subject("chat", left, right)))
            add(key(CacheScope(tenant: "acme"), subject("chat", "m", left, [voice(right)])))
            add(key(CacheScope(tenant: "acme"), subject("chat", "m2", left), canonical: right))
        }
        #expect(keys.count == count)
    }

    @Test func aPseudonymIsOneTenantsUnderAllItsSalts() {
        let names = ["acme", "umbrella"].map { "v1:\(TenantSecret(tenant: $0, salt: salt, master: master).pseudonym):" }
        #expect(key().hasPrefix(names[0]) && key(salt: [UInt8](64..<96)).hasPrefix(names[0]))
        #expect(key(CacheScope(tenant: "umbrella")).hasPrefix(names[1]) && names[0] != names[1])
    }

    @Test func aPromptsVersionNamesAllThatAnAgentAdds() {
        let versions = [
            PromptVersion(prompt: "p", temperature: nil, maxTokens: nil), PromptVersion(prompt: "p ", temperature: nil, maxTokens: nil),
            PromptVersion(prompt: "p", temperature: 0, maxTokens: nil), PromptVersion(prompt: "p", temperature: 0.2, maxTokens: nil),
            PromptVersion(prompt: "p", temperature: nil, maxTokens: 1), PromptVersion(prompt: "p", temperature: nil, maxTokens: 10),
        ]
        #expect(Set(versions).count == versions.count)
        #expect(
            PromptVersion(prompt: "p", temperature: -0.0, maxTokens: nil) == PromptVersion(prompt: "p", temperature: 0, maxTokens: nil))
    }

    @Test func aTenantsKeysAreItsOwnAndEachForOnePurpose() {
        let secrets = ["acme", "umbrella"].flatMap { tenant in
            [salt, [UInt8](64..<96)].map { TenantSecret(tenant: tenant, salt: $0, master: master) }
        }
        let keys = secrets.flatMap { secret in [secret.naming, secret.sealing].map { key in key.withUnsafeBytes { Array($0) } } }
        #expect(Set(keys).count == 8 && keys.allSatisfy { $0.count == 32 })
        #expect(Set(secrets.map(\.id)).count == 4)
        #expect(Set(secrets.map(\.pseudonym)).count == 2)
        #expect(MasterSecret(Array(0..<31)) == nil)
    }
}
