import Core

extension RequestPolicy {
    /// Reads a request's `quintet` object: what the caller wants of the gateway itself.
    ///
    /// - Throws: an error that names the key which cannot be used.
    init(_ value: JSONValue?) throws(GatewayError) {
        self.init()
        guard let value, !value.isNull else { return }
        try value.readMembers(at: "quintet", known: Self.keys) { key, member, path throws(GatewayError) in
            switch key {
            case "on_cut": onCut = try member.choice(at: path)
            case "deadline_seconds": deadline = try member.seconds(at: path, upTo: 3600)
            case "max_cost": maxCost = try member.dollars(at: path)
            case "models": models = try member.modelNames(at: path)
            case "timeouts": try readTimeouts(member, at: path)
            // What is wished of a team is read where one is asked for.
            default: asksForTeam = true
            }
        }
    }

    private static let keys = ["on_cut", "deadline_seconds", "timeouts", "max_cost", "models"] + TeamWishes.ownKeys

    private mutating func readTimeouts(_ value: JSONValue, at path: String) throws(GatewayError) {
        let keys: [String: (limit: Double, timeout: WritableKeyPath<RequestPolicy, Duration?>)] = [
            "connect_seconds": (60, \.connect), "first_content_seconds": (600, \.firstContent),
            "answer_seconds": (3600, \.answer), "stall_seconds": (600, \.stall), "acquire_seconds": (60, \.acquire),
        ]
        try value.readMembers(at: path, known: keys.keys.sorted()) { key, member, path throws(GatewayError) in
            guard let (limit, timeout) = keys[key] else { return }
            self[keyPath: timeout] = try member.seconds(at: path, upTo: limit)
        }
    }
}
