extension RedisAddress {
    /// Reads `redis://[[user]:password@]host[:port][/database]`, and `rediss://` for TLS, there with `?tls_ca_file=` or without.
    /// User and password are percent-encoded.
    package init(url: String) throws(Mistake) {
        guard url.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Mistake(message: "holds a blank or another character that no URL has. Write it as %20, and so on.")
        }
        let (scheme, rest) = try Self.scheme(of: url)
        let (beforeQuery, query) = rest.cut(at: "?")
        let (authority, path) = beforeQuery.cut(at: "/")
        let (user, password) = try Self.credentials(in: authority)
        let (host, port) = try Self.place(in: authority)
        try self.init(
            host: host, port: port, user: user, password: password, database: Self.database(path), isTLS: scheme == "rediss",
            authorityFile: Self.authorityFile(query, isTLS: scheme == "rediss"))
    }

    private static func scheme(of url: String) throws(Mistake) -> (scheme: String, rest: Substring) {
        guard let colon = url.firstRange(of: "://") else {
            throw Mistake(message: "must begin with redis:// or rediss://, like redis://127.0.0.1:6379.")
        }
        let scheme = url[..<colon.lowerBound].lowercased()
        guard scheme == "redis" || scheme == "rediss" else {
            let isSocket = scheme.hasSuffix("unix")
            throw Mistake(
                message: "must begin with redis:// or rediss://"
                    + (isSocket ? ": a Unix socket is not supported. Let Redis listen on 127.0.0.1." : "."))
        }
        guard !url.utf8.contains(UInt8(ascii: "#")) else {
            throw Mistake(message: "holds a #. Write it as %23 where it is part of the password.")
        }
        return (scheme, url[colon.upperBound...])
    }

    private static func credentials(in authority: Substring) throws(Mistake) -> (user: String?, password: String?) {
        guard let at = authority.lastIndex(of: "@") else { return (nil, nil) }
        let (user, password) = authority[..<at].cut(at: ":")
        let parts = (try decoded(user), try password.map(decoded) ?? "")
        return (parts.0.isEmpty ? nil : parts.0, parts.1.isEmpty ? nil : parts.1)
    }

    private static func decoded(_ text: Substring) throws(Mistake) -> String {
        let mistake = Mistake(message: "has a % that begins no %-code in its user or password. Write % itself as %25.")
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            guard digits.count == 2, let code = UInt8(String(Substring(digits)), radix: 16), digits.first != UInt8(ascii: "+")
            else { throw mistake }
            bytes.append(code)
            rest = rest.dropFirst(2)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw mistake }
        return text
    }

    private static func place(in authority: Substring) throws(Mistake) -> (host: String, port: Int) {
        var host = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        var port: Substring?
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else {
                throw Mistake(message: "has an IPv6 address without its closing bracket. Write it like redis://[::1]:6379.")
            }
            let after = host[host.index(after: end)...]
            guard after.isEmpty || after.hasPrefix(":") else { throw Mistake(message: "has no possible port. Use 1 to 65535.") }
            port = after.isEmpty ? nil : after.dropFirst()
            host = host[host.index(after: host.startIndex)..<end]
        } else {
            (host, port) = host.cut(at: ":")
        }
        guard let number = port.map(wholeNumber) ?? defaultPort else {
            throw Mistake(
                message: "has no possible port. Use 1 to 65535, and write /, ?, @ and : in a password as %2F, %3F, %40 and %3A.")
        }
        guard !host.isEmpty else { throw Mistake(message: "has no host. Write it like redis://127.0.0.1:6379.") }
        return (String(host), number)
    }

    private static func database(_ path: Substring?) throws(Mistake) -> Int {
        guard let path, !path.isEmpty else { return 0 }
        guard let number = wholeNumber(path) else {
            throw Mistake(message: "must end with the number of a database, or without any path, like redis://127.0.0.1:6379/0.")
        }
        return number
    }

    private static func authorityFile(_ query: Substring?, isTLS: Bool) throws(Mistake) -> String? {
        guard let query else { return nil }
        let (name, value) = query.cut(at: "=")
        guard name == "tls_ca_file", let value, !value.isEmpty, !value.contains("&") else {
            throw Mistake(message: "may have ?tls_ca_file=/path/of/authorities.pem after it, and nothing else.")
        }
        guard isTLS else { throw Mistake(message: "has tls_ca_file without TLS. Begin it with rediss://.") }
        return try decoded(value)
    }

    /// Digits only: no sign, nothing around them.
    private static func wholeNumber(_ text: Substring) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }
}

extension Substring {
    /// What stands before and after the first of these characters; nil after it when there is none.
    fileprivate func cut(at character: Character) -> (Substring, Substring?) {
        guard let index = firstIndex(of: character) else { return (self, nil) }
        return (self[..<index], self[self.index(after: index)...])
    }
}
