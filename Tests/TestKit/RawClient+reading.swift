import NIOCore

extension RawClient {
    /// The next response head. It also settles how the body is framed that the reads below decode.
    package func readHead(limit: Duration = .seconds(10)) async throws -> ResponseHead {
        try await self.read("response head", limit) { try $0.takeHead() }
    }

    /// The next chunk of a chunked body, or what has arrived of another; nil at the end of the body.
    package func readChunk(limit: Duration = .seconds(10)) async throws -> [UInt8]? {
        switch try await self.read("chunk", limit, { try $0.takePiece() }) {
        case .bytes(let bytes): bytes
        case .end: nil
        }
    }

    /// The rest of the body.
    package func readBody(limit: Duration = .seconds(10)) async throws -> [UInt8] {
        try await withHardLimit("whole body", limit: limit) {
            var body: [UInt8] = []
            while let chunk = try await self.readChunk(limit: limit) {
                body += chunk
                guard body.count <= Self.sizeLimit else { throw RawClientError.tooMuch }
            }
            return body
        }
    }

    /// The body up to and including the first `marker`, wherever its chunks were cut. `"\n\n"` reads one event.
    package func readBodyUntil(_ marker: String, limit: Duration = .seconds(10)) async throws -> String {
        let marker = Array(marker.utf8)
        let body = try await withHardLimit("end of body part", limit: limit) {
            var body: [UInt8] = []
            while true {
                if let end = body.withUnsafeBytes({ RawInbox.end(of: marker, in: $0) }) {
                    let rest = Array(body[end...])
                    self.inbox.update { $0.putBack(rest) }
                    return Array(body[..<end])
                }
                guard body.count <= Self.sizeLimit else { throw RawClientError.tooMuch }
                guard let chunk = try await self.readChunk(limit: limit) else {
                    throw RawClientError.unexpectedBytes("end of body instead of the marker; before it: \(text(body))")
                }
                body += chunk
            }
        }
        return String(decoding: body, as: UTF8.self)
    }

    /// Raw bytes, chunk framing and all, up to and including the first `marker`.
    package func readUntil(_ marker: String, limit: Duration = .seconds(10)) async throws -> String {
        let marker = Array(marker.utf8)
        return String(decoding: try await self.read("marker", limit) { $0.takeThrough(marker) }, as: UTF8.self)
    }

    /// Every raw byte until the peer closes. Throws when it aborts instead.
    package func readAll(limit: Duration = .seconds(10)) async throws -> [UInt8] {
        try await self.read("end of connection", limit) { $0.takeAll() }
    }

    /// Waits for the peer's FIN, and throws when bytes come first, or RST.
    package func readEOF(limit: Duration = .seconds(10)) async throws {
        try await self.read("end of connection", limit) { inbox in
            guard inbox.bytes.readableBytes == 0 else {
                throw RawClientError.unexpectedBytes(text(inbox.bytes.readableBytesView))
            }
            return inbox.ending == .eof ? () : nil
        }
    }

    /// Throws away what comes and says how the connection ended.
    package func readEnding(limit: Duration = .seconds(10)) async throws -> Ending {
        try await self.read("end of connection", limit) { inbox in
            inbox.bytes.clear()
            return inbox.ending
        }
    }

    /// Takes what `take` finds, reading from the socket only while it finds nothing.
    private func read<Found: Sendable>(
        _ what: String, _ limit: Duration, _ take: @escaping @Sendable (inout RawInbox) throws -> Found?
    ) async throws -> Found {
        let look: @Sendable (inout RawInbox) throws -> Found? = { inbox in
            inbox.isWanted = false
            if let found = try take(&inbox) { return found }
            if let ending = inbox.ending {
                throw RawClientError.ended(ending, unread: text(inbox.bytes.readableBytesView))
            }
            guard inbox.bytes.readableBytes <= Self.sizeLimit else { throw RawClientError.tooMuch }
            inbox.isWanted = true
            return nil
        }
        let early = self.inbox.update { inbox in Result { try look(&inbox) } }
        if let found = try early.get() { return found }
        self.channel.read()
        do {
            return try await self.inbox.wait(what, limit: limit, until: look)
        } catch {
            self.inbox.update { $0.isWanted = false }
            throw error
        }
    }
}

/// The beginning of some bytes, for messages.
private func text(_ bytes: some Collection<UInt8>) -> String {
    String(decoding: bytes.prefix(500), as: UTF8.self)
}
