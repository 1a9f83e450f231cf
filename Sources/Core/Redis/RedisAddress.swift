/// Where a Redis is, and how one gets in. All its descriptions leave the password out.
package struct RedisAddress: Sendable, Equatable {
    /// A name or an IP address, without brackets.
    package let host: String
    package let port: Int
    /// nil for the default user.
    package let user: String?
    package let password: String?
    package let database: Int
    package let isTLS: Bool
    /// A PEM file of the authorities that may vouch for the server; nil for the system's.
    package let authorityFile: String?

    package static let defaultPort = 6379

    /// What is wrong, and the mend: "has no host. Write it like redis://127.0.0.1:6379." It never holds the address itself,
    /// in which there may be a password.
    package struct Mistake: Error, Equatable {
        package let message: String
    }

    /// - Throws: when a part is not possible.
    package init(
        host: String, port: Int = defaultPort, user: String? = nil, password: String? = nil, database: Int = 0,
        isTLS: Bool = false, authorityFile: String? = nil
    ) throws(Mistake) {
        let isPlain = host.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"/@?#[]%\\\"".utf8.contains($0) }
        guard !host.isEmpty, host.utf8.count <= 253, isPlain else {
            throw Mistake(message: "holds no possible host. Write a name or an address alone, like 127.0.0.1.")
        }
        guard (1...65_535).contains(port) else { throw Mistake(message: "has no possible port. Use 1 to 65535.") }
        guard (0...1_000_000).contains(database) else {
            throw Mistake(message: "has no possible database. Use a whole number, mostly 0 to 15.")
        }
        guard user == nil || password != nil else {
            throw Mistake(message: "names a user without a password. A password alone is written redis://:password@host.")
        }
        self.host = host
        self.port = port
        self.user = user
        self.password = password
        self.database = database
        self.isTLS = isTLS
        self.authorityFile = authorityFile
    }
}

extension RedisAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `host:port`, for people.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
