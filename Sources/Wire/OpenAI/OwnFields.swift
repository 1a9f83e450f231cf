import Core

/// Reading the fields of a request that are for the gateway itself: strictly, since nobody else would complain.
extension JSONValue {
    /// Gives each member that is not null to `read`, with its path; refuses what is no object, and keys that are not known
    /// or stand twice.
    func readMembers(
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
    func choice<Choice: RawRepresentable & CaseIterable>(
        at path: String
    ) throws(GatewayError) -> Choice where Choice.RawValue == String {
        guard let choice = string.flatMap(Choice.init(rawValue:)) else {
            let words = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid(path, "'\(path)' must be one of \(words), not \(quoted).")
        }
        return choice
    }

    /// An amount of money; nothing lets only what is free.
    func dollars(at path: String) throws(GatewayError) -> Money {
        guard let dollars = double, dollars >= 0, dollars <= 1_000_000, let money = Money(usd: dollars) else {
            throw .invalid(path, "'\(path)' must be a number of US dollars, from 0 to 1000000, not \(quoted).")
        }
        return money
    }

    /// Names of models, one at least.
    func modelNames(at path: String) throws(GatewayError) -> [String] {
        guard kind == .array, !isEmpty else { throw .invalid(path, "'\(path)' must be a list of models' names, not \(quoted).") }
        return try names(at: path, each: "a model's name")
    }

    /// A list of names, which may be empty.
    func names(at path: String, each what: String = "a name") throws(GatewayError) -> [String] {
        guard kind == .array else { throw .invalid(path, "'\(path)' must be a list of names, not \(kind.withArticle).") }
        var names: [String] = []
        for (index, element) in children.enumerated() {
            guard index < 100 else { throw .invalid(path, "'\(path)' holds more than 100 names.") }
            guard let name = element.string, !name.isEmpty else {
                throw .invalid("\(path)[\(index)]", "'\(path)[\(index)]' must be \(what), not \(element.quoted).")
            }
            names.append(name)
        }
        return names
    }

    func wholeNumber(at path: String) throws(GatewayError) -> Int {
        guard let number = int else { throw .invalid(path, "'\(path)' must be a whole number, not \(quoted).") }
        return number
    }

    /// A length of time, more than none.
    func seconds(at path: String, upTo limit: Double) throws(GatewayError) -> Duration {
        guard let seconds = double, seconds > 0, seconds <= limit else {
            throw .invalid(path, "'\(path)' must be a number of seconds, more than 0 and at most \(Int(limit)), not \(quoted).")
        }
        return .seconds(seconds)
    }
}
