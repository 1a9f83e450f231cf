import Core

extension CacheDirectives {
    /// Reads a request's `cache` object, whose keys have the names that LiteLLM's clients use.
    ///
    /// - Throws: an error that names the key which cannot be used.
    init(_ value: JSONValue?) throws(GatewayError) {
        self.init()
        guard let value, !value.isNull else { return }
        try value.readMembers(at: "cache", known: Self.keys) { key, member, path throws(GatewayError) in
            switch key {
            case "no-cache": noCache = try member.flag(at: path)
            case "no-store": noStore = try member.flag(at: path)
            case "use-cache": isWanted = try member.flag(at: path)
            case "ttl": life = try member.seconds(at: path, upTo: Self.longestLife / .seconds(1))
            case "s-maxage", "s-max-age": maximumAge = try member.age(at: path)
            case "namespace": namespace = try member.name(at: path)
            default: tags = try member.tags(at: path)
            }
        }
    }

    private static let keys = ["ttl", "no-cache", "no-store", "namespace", "s-maxage", "s-max-age", "tags", "use-cache"]
}

extension JSONValue {
    fileprivate func flag(at path: String) throws(GatewayError) -> Bool {
        guard let flag = bool else { throw .invalid(path, "'\(path)' must be true or false, not \(quoted).") }
        return flag
    }

    fileprivate func age(at path: String) throws(GatewayError) -> Duration {
        guard let seconds = double, seconds >= 0, seconds <= 1e9 else {
            throw .invalid(path, "'\(path)' must be a number of seconds, at least 0, not \(quoted).")
        }
        return .seconds(seconds)
    }

    fileprivate func name(at path: String) throws(GatewayError) -> String {
        guard let name = string, !name.isEmpty, name.utf8.count <= CacheDirectives.nameLimit else {
            throw .invalid(
                path, "'\(path)' must be a non-empty string of at most \(CacheDirectives.nameLimit) bytes, not \(quoted).")
        }
        return name
    }

    fileprivate func tags(at path: String) throws(GatewayError) -> [String] {
        guard kind == .array, children.reduce(0, { count, _ in count + 1 }) <= CacheDirectives.tagLimit else {
            throw .invalid(path, "'\(path)' must be an array of at most \(CacheDirectives.tagLimit) strings, not \(quoted).")
        }
        var names: [String] = []
        for (index, element) in children.enumerated() { names.append(try element.name(at: "\(path)[\(index)]")) }
        return names
    }
}
