/// A request as a ``ScriptedProvider`` received it.
package struct RecordedRequest: Sendable {
    /// The longest body that is kept; of a longer one the beginning is kept and `bodyLength` tells its length.
    package static let bodyLimit = 32 << 20

    /// 0 for the first request that the provider received.
    package internal(set) var index = 0
    /// 0 for the first connection that the provider accepted.
    package let connection: Int
    /// 0 for the first request on that connection.
    package let indexOnConnection: Int
    package let method: String
    /// The request target as it was sent, with its query.
    package let path: String
    /// The fields in the order and the capitals in which they were sent.
    package let headers: HeaderList
    package internal(set) var body: [UInt8] = []
    package internal(set) var bodyLength = 0

    /// The body as UTF-8.
    package var bodyText: String { String(decoding: self.body, as: UTF8.self) }
}

/// How and when a connection came to its end, as the provider saw it.
package struct ConnectionEnd: Sendable {
    package enum Cause: Sendable {
        /// The peer closed: FIN.
        case eof
        /// The peer aborted: RST. A peer that closes with unread bytes of the answer causes this too; one that does so
        /// while the provider writes may be seen as either.
        case reset
        /// The provider's own script, or its stop, closed first.
        case provider
    }

    package let cause: Cause
    package let at: ContinuousClock.Instant
}

/// A connection as a ``ScriptedProvider`` saw it.
package struct RecordedConnection: Sendable {
    package let number: Int
    /// Whether the socket is still open on the provider's side, half-open included.
    package internal(set) var isOpen = true
    /// Complete requests so far.
    package internal(set) var requests = 0
    /// Bytes that the kernel has taken: stands still when the peer does not read.
    package internal(set) var bytesWritten = 0
    /// The first sign of the end; nil while there was none.
    package internal(set) var end: ConnectionEnd?
}

/// Everything that a ``ScriptedProvider`` has seen.
package struct ProviderRecord: Sendable {
    /// Later requests are answered and counted, but not kept.
    package static let requestLimit = 10_000

    package internal(set) var connections: [RecordedConnection] = []
    package internal(set) var openConnections = 0
    package internal(set) var requests: [RecordedRequest] = []
    package internal(set) var requestCount = 0
    /// Connections that were closed because what came was not HTTP/1.1.
    package internal(set) var malformed = 0

    mutating func accept() -> Int {
        let number = self.connections.count
        self.connections.append(RecordedConnection(number: number))
        self.openConnections += 1
        return number
    }

    /// Numbers the request and keeps it.
    mutating func receive(_ request: RecordedRequest) -> RecordedRequest {
        var request = request
        request.index = self.requestCount
        self.requestCount += 1
        self.connections[request.connection].requests += 1
        if self.requests.count < Self.requestLimit { self.requests.append(request) }
        return request
    }

    /// Notes the first sign of the end; later ones say nothing new.
    mutating func end(_ connection: Int, _ cause: ConnectionEnd.Cause) {
        guard self.connections[connection].end == nil else { return }
        self.connections[connection].end = ConnectionEnd(cause: cause, at: .now)
    }

    mutating func close(_ connection: Int) {
        guard self.connections[connection].isOpen else { return }
        self.connections[connection].isOpen = false
        self.openConnections -= 1
    }
}
