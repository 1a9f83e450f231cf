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
            case "models": models = try member.names(at: path)
            default: try readTimeouts(member, at: path)
            }
        }
    }

    private static let keys = ["on_cut", "deadline_seconds", "timeouts", "max_cost", "models"]

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

extension JSONValue {
    /// Gives each member that is not null to `read`, with its path; refuses what is no object, and keys that are not known
    /// or stand twice.
    fileprivate func readMembers(
        at path: String, known: [String], _ read: (_ key: String, _ member: JSONValue, _ path: String) throws(GatewayError) -> Void
    ) throws(GatewayError) {
        guard kind == .object else { throw .invalid(path, "'\(path)' must be an object, not \(kind.withArticle).") }
        var seen: Set<String> = []
        for member in children {
            let key = member.key ?? ""
            let place = "\(path).\(key.prefix(64))"
            guard known.contains(key) else {
                throw .invalid(place, "There is no '\(place)'. Known in '\(path)': \(known.joined(separator: ", ")).")
            }
            guard seen.insert(key).inserted else { throw .invalid(place, "'\(place)' stands twice in the request; send it once.") }
            if !member.isNull { try read(key, member, place) }
        }
    }

    /// One of a few words.
    fileprivate func choice<Choice: RawRepresentable & CaseIterable>(
        at path: String
    ) throws(GatewayError) -> Choice where Choice.RawValue == String {
        guard let choice = string.flatMap(Choice.init(rawValue:)) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(path, "'\(path)' must be one of \(words), not \(quoted).")
        }
        return choice
    }

    /// An amount of money; nothing lets only what is free.
    fileprivate func dollars(at path: String) throws(GatewayError) -> Money {
        guard let dollars = double, dollars >= 0, dollars <= 1_000_000, let money = Money(usd: dollars) else {
            throw .invalid(path, "'\(path)' must be a number of US dollars, from 0 to 1000000, not \(quoted).")
        }
        return money
    }

    /// Names of models, one at least.
    fileprivate func names(at path: String) throws(GatewayError) -> [String] {
        guard kind == .array, !isEmpty else { throw .invalid(path, "'\(path)' must be a list of models' names, not \(quoted).") }
        var names: [String] = []
        for (index, element) in children.enumerated() {
            guard index < 100 else { throw .invalid(path, "'\(path)' holds more than 100 names.") }
            guard let name = element.string, !name.isEmpty else {
                throw .invalid("\(path)[\(index)]", "'\(path)[\(index)]' must be a model's name, not \(element.quoted).")
            }
            names.append(name)
        }
        return names
    }

    /// A length of time, more than none.
    fileprivate func seconds(at path: String, upTo limit: Double) throws(GatewayError) -> Duration {
        guard let seconds = double, seconds > 0, seconds <= limit else {
            throw .invalid(path, "'\(path)' must be a number of seconds, more than 0 and at most \(Int(limit)), not \(quoted).")
        }
        return .seconds(seconds)
    }
}
