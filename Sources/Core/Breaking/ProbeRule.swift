/// Whether open breakers are probed without traffic; the raw values are the names in `models.json`.
package enum ProbePolicy: String, Sendable, CaseIterable {
    /// When their time comes, as cheaply as ``ProbeRule`` allows.
    case auto
    /// Never: the next request is the probe.
    case off
}

/// What a background probe has to show before it counts as a success.
package enum ProbeRule {
    package enum Proof: Sendable, Equatable {
        /// That the provider can be reached: its list of models is enough.
        case reachable
        /// That this deployment answers: a request of one token, which is only made once the provider can be reached.
        case answers
    }

    /// A list of models comes from another part of a provider than its answers do. It proves that connections work, so it
    /// can close a breaker that only met connections that did not; a model that is gone, overloaded, silent or broken, and
    /// an account without credit, look well in it.
    ///
    /// - Parameters:
    ///   - faults: the last ones that the breaker saw.
    ///   - isKeyOnTrial: the provider has refused the key.
    package static func proof(after faults: [Fault], isKeyOnTrial: Bool) -> Proof {
        !isKeyOnTrial && !faults.isEmpty && faults.allSatisfy { [.connect, .connectTimeout, .tls].contains($0) }
            ? .reachable : .answers
    }
}
