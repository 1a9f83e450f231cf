import NIOCore

/// What has arrived for a ``RawClient`` and was not read yet, and how the current body is framed. Pure: each `take`
/// removes what it returns, and returns nil when it needs more bytes.
struct RawInbox: Sendable {
    enum Framing: Sendable, Equatable {
        case chunked
        case length(left: Int)
        case untilEnd
        /// No body, or all of it was taken.
        case finished
    }

    enum Piece: Sendable, Equatable {
        case bytes([UInt8])
        case end
    }

    var bytes = ByteBuffer()
    private(set) var ending: RawClient.Ending?
    /// Whether someone waits for more: only then is the socket read.
    var isWanted = false
    private(set) var framing = Framing.finished
    /// Decoded bytes that were taken out of their chunks but not asked for yet.
    private var decoded: [UInt8] = []

    /// Notes the end of the connection; the first sign of it counts.
    mutating func end(_ ending: RawClient.Ending) {
        if self.ending == nil { self.ending = ending }
    }

    mutating func takeHead() throws -> ResponseHead? {
        guard let text = self.takeThrough(Array("\r\n\r\n".utf8)) else { return nil }
        let head = try ResponseHead(parsing: String(decoding: text, as: UTF8.self))
        self.decoded = []
        if head.status < 200 || head.status == 204 || head.status == 304 {
            self.framing = .finished
        } else if let coding = head.headers["Transfer-Encoding"] {
            guard coding.lowercased() == "chunked" else {
                throw RawClientError.malformed("Transfer-Encoding: \(coding)")
            }
            self.framing = .chunked
        } else if let length = head.headers["Content-Length"] {
            guard let left = Int(length), left >= 0 else { throw RawClientError.malformed("Content-Length: \(length)") }
            self.framing = .length(left: left)
        } else {
            self.framing = .untilEnd
        }
        return head
    }

    /// The next piece of the body, out of its framing: one chunk, or what has arrived of an unchunked body.
    mutating func takePiece() throws -> Piece? {
        if !self.decoded.isEmpty {
            defer { self.decoded = [] }
            return .bytes(self.decoded)
        }
        switch self.framing {
        case .finished: return .end
        case .chunked: return try self.takeChunk()
        case .untilEnd:
            if let piece = self.takeUpTo(.max) { return .bytes(piece) }
            return self.ending == .eof ? .end : nil
        case .length(let left):
            guard left > 0 else {
                self.framing = .finished
                return .end
            }
            guard let piece = self.takeUpTo(left) else { return nil }
            self.framing = .length(left: left - piece.count)
            return .bytes(piece)
        }
    }

    /// Puts decoded bytes back in front of the rest of the body.
    mutating func putBack(_ bytes: [UInt8]) {
        self.decoded = bytes + self.decoded
    }

    /// Raw bytes up to and including the first `marker`.
    mutating func takeThrough(_ marker: [UInt8]) -> [UInt8]? {
        let end = self.bytes.withUnsafeReadableBytes { Self.end(of: marker, in: $0) }
        return end.flatMap { self.bytes.readBytes(length: $0) }
    }

    /// All raw bytes once the peer has closed.
    mutating func takeAll() -> [UInt8]? {
        guard self.ending == .eof else { return nil }
        return self.takeUpTo(.max) ?? []
    }

    /// The index after the first `marker`.
    static func end(of marker: [UInt8], in bytes: UnsafeRawBufferPointer) -> Int? {
        guard let first = marker.first, bytes.count >= marker.count else { return nil }
        for start in 0...(bytes.count - marker.count) where bytes[start] == first {
            let end = start + marker.count
            if bytes[start..<end].elementsEqual(marker) { return end }
        }
        return nil
    }

    private mutating func takeUpTo(_ limit: Int) -> [UInt8]? {
        guard self.bytes.readableBytes > 0 else { return nil }
        return self.bytes.readBytes(length: min(limit, self.bytes.readableBytes))
    }

    private mutating func takeChunk() throws -> Piece? {
        let start = self.bytes
        guard let line = self.takeThrough(Array("\r\n".utf8)) else { return nil }
        let digits = String(decoding: line.dropLast(2), as: UTF8.self).prefix { $0 != ";" }
        guard let size = Int(digits, radix: 16), size >= 0, size <= RawClient.sizeLimit else {
            throw RawClientError.malformed("chunk size \(digits)")
        }
        guard size > 0 else { return self.takeTrailers() ?? self.restore(start) }
        guard let data = self.bytes.readBytes(length: size), let end = self.bytes.readBytes(length: 2) else {
            return self.restore(start)
        }
        guard end == Array("\r\n".utf8) else { throw RawClientError.malformed("chunk without its CRLF") }
        return .bytes(data)
    }

    /// The lines after the last chunk, up to the empty one.
    private mutating func takeTrailers() -> Piece? {
        while let line = self.takeThrough(Array("\r\n".utf8)) {
            guard line.count == 2 else { continue }
            self.framing = .finished
            return .end
        }
        return nil
    }

    private mutating func restore(_ start: ByteBuffer) -> Piece? {
        self.bytes = start
        return nil
    }
}
