import Core

/// What `serve` tells a person about the catalogue.
struct Summary {
    private let catalogue: Catalogue
    private let address: String?
    private let isDemo: Bool
    private let needsKey: Bool

    /// - Parameters:
    ///   - port: where it is served.
    ///   - needsKey: whether callers must show a key.
    init(_ catalogue: Catalogue, host: String, port: Int?, isDemo: Bool, needsKey: Bool) {
        self.catalogue = catalogue
        self.isDemo = isDemo
        self.needsKey = needsKey
        let name = host.contains(":") ? "[\(host)]" : host == "0.0.0.0" ? "127.0.0.1" : host
        address = port.map { "http://\(name):\($0)" }
    }

    var text: String {
        ([address.map { "listening on \($0)" }].compactMap(\.self) + [agents, models, providers] + demo + example)
            .joined(separator: "\n")
    }

    private var agents: String { "agents:    " + catalogue.agents.map(\.id).joined(separator: " ") }

    private var models: String {
        let names = catalogue.liveModels.map(\.name)
        let shown = names.prefix(8).joined(separator: " ")
        let more = names.count > 8 ? " … \(names.count) in all" : ""
        return "models:    " + (names.isEmpty ? "none is on" : shown + more)
    }

    private var providers: String {
        let parts = catalogue.providers.map { provider in
            switch provider.state {
            case .on: "\(provider.id) on"
            case .off: "\(provider.id) off (\(provider.keyVariables.first ?? provider.switchVariable ?? "-"))"
            }
        }
        return "providers: " + parts.joined(separator: ", ")
    }

    private var demo: [String] {
        guard isDemo else { return [] }
        return ["no provider has a key, so a demo answers with made-up text; set one of the variables above for real models"]
    }

    private var example: [String] {
        guard let address else { return [] }
        // Quoted so that the shell fills it in.
        let key = needsKey ? #"-H "Authorization: Bearer $QUINTET_API_KEY" "# : ""
        return [
            "breakers:  \(address)/ai/circuit-breaker",
            "try it:    curl \(address)/v1/chat/completions \(key)-H 'Content-Type: application/json' "
                + #"-d '{"model":"auto","messages":[{"role":"user","content":"Hello!"}]}'"#
        ]
    }
}
