import Crypto

/// Who may share an answer.
package struct CacheScope: Sendable, Hashable {
    /// Within the tenant. An answer never leaves its tenant.
    package enum Sharing: Sendable, Hashable {
        case tenant
        /// Only one user's requests; the name is the tenant's own.
        case user(String)
        /// Only one session's.
        case session(String)
    }

    package let tenant: String
    package let sharing: Sharing
    /// A part of the cache that the caller set off for itself; empty for none.
    package let namespace: String

    package init(tenant: String, sharing: Sharing = .tenant, namespace: String = "") {
        self.tenant = tenant
        self.sharing = sharing
        self.namespace = namespace
    }
}

/// What a request is put to, as far as it can change the answer.
package struct CacheSubject: Sendable, Hashable {
    /// An agent and the version of what is said to the model in its name.
    package struct Voice: Sendable, Hashable {
        package let agent: String
        package let prompt: PromptVersion

        package init(_ agent: Agent) { self.init(agent: agent.id, prompt: agent.promptVersion) }

        package init(agent: String, prompt: PromptVersion) {
            self.agent = agent
            self.prompt = prompt
        }
    }

    /// The route class: `chat` for one answer, `team` for a fan-out.
    package let route: String
    /// What was asked for: a model's name, `auto`, `agent/dev`.
    package let target: String
    /// Changes when the catalogue's entries behind the target do.
    package let targetVersion: String
    /// Who answers; their order does not matter.
    package let voices: Set<Voice>

    package init(route: String, target: String, targetVersion: String, voices: Set<Voice> = []) {
        self.route = route
        self.target = target
        self.targetVersion = targetVersion
        self.voices = voices
    }
}

/// The name of an answer in the cache: `v1:`, the tenant's pseudonym, `:`, and an HMAC-SHA256 under the tenant's secret.
///
/// It says nothing of the request to whoever has not that secret. `docs/cache-key.md` defines each byte.
package struct CacheKey: Sendable, Hashable {
    package let text: String

    /// - Parameter canonical: the canonical form of the request.
    package init(scope: CacheScope, subject: CacheSubject, canonical: UnsafeRawBufferPointer, secret: TenantSecret) {
        var fields = FramedBytes()
        fields.append("quintet cache key 1")
        fields.append(scope)
        fields.append(subject)
        fields.beginField(of: canonical.count)
        var code = secret.namingCode
        fields.bytes.withUnsafeBytes { code.update(data: $0) }
        code.update(data: canonical)
        text = code.finalize().withUnsafeBytes { Hexadecimal.text($0, after: secret.namePrefix) }
    }
}

extension FramedBytes {
    fileprivate mutating func append(_ scope: CacheScope) {
        append(scope.tenant)
        switch scope.sharing {
        case .tenant:
            append("tenant")
            append("")
        case .user(let name):
            append("user")
            append(name)
        case .session(let name):
            append("session")
            append(name)
        }
        append(scope.namespace)
    }

    fileprivate mutating func append(_ subject: CacheSubject) {
        append(subject.route)
        append(subject.target)
        append(subject.targetVersion)
        append(String(subject.voices.count))
        let voices = subject.voices.count < 2 ? Array(subject.voices) : subject.voices.sorted { $0.precedes($1) }
        for voice in voices {
            append(voice.agent)
            append(voice.prompt.text)
        }
    }
}

extension CacheSubject.Voice {
    /// By UTF-8 bytes, which are the same in all languages that may make such a key.
    fileprivate func precedes(_ other: Self) -> Bool {
        agent == other.agent
            ? prompt.text.utf8.lexicographicallyPrecedes(other.prompt.text.utf8)
            : agent.utf8.lexicographicallyPrecedes(other.agent.utf8)
    }
}
