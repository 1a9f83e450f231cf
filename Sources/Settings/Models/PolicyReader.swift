import Core

/// Reads `policy`: how models are chosen, when breakers open, and what becomes of cut streams.
enum PolicyReader {
    static func policy(_ reader: ObjectReader) -> Policy {
        var policy = Policy()
        policy.costBias = reader.number("cost_bias", in: 0...1) ?? policy.costBias
        policy.agentCostBias = reader.object("agents").map { costBiases($0, of: "an agent's policy") } ?? [:]
        policy.keyCostBias = reader.object("keys").map(keyCostBiases) ?? [:]
        policy.attemptLimit = reader.integer("max_attempts", in: 1...6) ?? policy.attemptLimit
        policy.onCut = reader.choice("on_cut") ?? policy.onCut
        policy.balance = reader.choice("balance") ?? policy.balance
        policy.routesTools = reader.boolean("route_tools") ?? policy.routesTools
        policy.makesTeams = reader.boolean("auto_teams") ?? policy.makesTeams
        policy.probe = reader.choice("probe") ?? policy.probe
        policy.hedge = reader.choice("hedge") ?? policy.hedge
        policy.breaker = reader.object("breaker").map(breaker) ?? policy.breaker
        reader.refuseOtherKeys(of: "the policy")
        return policy
    }

    /// `cost_bias` by the names in an object.
    private static func costBiases(_ reader: ObjectReader, of place: String) -> [String: Double] {
        var biases: [String: Double] = [:]
        for (name, entry) in reader.namedObjects() {
            biases[name] = entry.number("cost_bias", in: 0...1)
            entry.refuseOtherKeys(of: place)
        }
        return biases
    }

    /// By the name that the gateway makes of a client's key, so that no key stands in the file.
    private static func keyCostBiases(_ reader: ObjectReader) -> [String: Double] {
        let areNames = reader.keys.allSatisfy { name in
            name.hasPrefix("key-") && name.utf8.count == 20 && name.dropFirst(4).consists(of: NameCharacters.hexadecimal)
        }
        guard areNames else {
            // What stands here may be the key itself, so it is not repeated.
            let mend = "Get one by 'printf \"quintet tenant %s\" \"$KEY\" | sha256sum | cut -c1-16'."
            reader.problems.note(at: reader.path.text, "a key stands here as 'key-' and 16 hexadecimal digits. \(mend)")
            return [:]
        }
        return costBiases(reader, of: "a key's policy")
    }

    private static func breaker(_ reader: ObjectReader) -> BreakerSettings {
        let standard = BreakerSettings()
        let openFor = reader.seconds("open_seconds", upTo: 3600) ?? standard.openFor
        let longest = reader.seconds("open_max_seconds", upTo: 86_400)
        if let longest, longest < openFor {
            reader.note("open_max_seconds", "must not be less than open_seconds. Raise it, or lower the other.")
        }
        let share = reader.number("window_fault_share", in: 0.01...1)
        let settings = BreakerSettings(
            consecutiveFaults: reader.integer("consecutive_faults", in: 1...1000) ?? standard.consecutiveFaults,
            window: reader.seconds("window_seconds", upTo: 86_400) ?? standard.window,
            windowMinimum: reader.integer("window_minimum", in: 1...100_000) ?? standard.windowMinimum,
            windowFaultShare: share ?? standard.windowFaultShare,
            openFor: openFor,
            openForMax: longest ?? max(standard.openForMax, openFor),
            successesToClose: reader.integer("successes_to_close", in: 1...100) ?? standard.successesToClose)
        reader.refuseOtherKeys(of: "the breaker's settings")
        return settings
    }
}
