/// An error that Redis answered with.
package struct RedisRefusal: Sendable, Equatable {
    /// What it means for the store.
    package enum Kind: Sendable, Equatable {
        /// A replica, which takes no writes: the address may lead to the primary again after a reconnect.
        case replica
        /// It is full: it still answers reads and takes deletions.
        case full
        /// It cannot save to its disk, and takes no writes before it can.
        case unsaved
        /// It has too few replicas to take writes.
        case unreplicated
        case authentication
        case loading
        case cluster
        /// It lets nobody in from here.
        case protected
        case tooManyClients
        /// The user may not run a command.
        case forbidden
        /// It does not know the script.
        case unknownScript
        case other
    }

    /// What follows from it.
    package let kind: Kind
    /// As Redis says it, on one line and cut.
    package let message: String

    package init(_ message: String) {
        self.message = String(String.UnicodeScalarView(message.unicodeScalars.prefix(200).map { $0.value < 32 ? " " : $0 }))
        kind = Self.kind(of: message)
    }

    private static let codes: [String: Kind] = [
        "READONLY": .replica, "OOM": .full, "MISCONF": .unsaved, "NOREPLICAS": .unreplicated, "NOAUTH": .authentication,
        "WRONGPASS": .authentication, "LOADING": .loading, "MASTERDOWN": .loading, "MOVED": .cluster, "ASK": .cluster,
        "CROSSSLOT": .cluster, "CLUSTERDOWN": .cluster, "DENIED": .protected, "NOPERM": .forbidden,
        "NOSCRIPT": .unknownScript,
    ]

    private static func kind(of message: String) -> Kind {
        let words = message.split(separator: " ", maxSplits: 1)
        guard let code = words.first else { return .other }
        if let kind = codes[String(code)] { return kind }
        guard code == "ERR" else { return .other }
        if message.hasPrefix("ERR max number of clients") { return .tooManyClients }
        if message.contains("not allowed in cluster mode") { return .cluster }
        // Before Redis 7 an error within a script stands behind words about the script.
        guard message.hasPrefix("ERR Error running script"), let inner = message.firstRange(of: ": -") else { return .other }
        return codes[String(message[inner.upperBound...].prefix { $0 != " " })] ?? .other
    }
}
