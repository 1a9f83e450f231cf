import CHiredis
package import NIOCore

/// Makes replies of the bytes that Redis sends, however these are cut. hiredis reads the protocol.
///
/// After an error nothing more can be read: where the next reply begins is not known.
package final class ReplyReader {
    /// Bytes that are no reply, or one beyond the limits.
    package struct Garbage: Error { package let message: String }

    private let parser: UnsafeMutablePointer<qr_parser>
    private let byteLimit: Int
    private let elementLimit: Int
    /// Bytes fed that belong to no reply given so far.
    private var waiting = 0

    /// - Parameters:
    ///   - byteLimit: of one reply, as it is sent.
    ///   - elementLimit: of one reply's arrays, nested ones included.
    package init(byteLimit: Int, elementLimit: Int = 100_000) {
        // It fails for lack of memory alone, at which Swift ends the process everywhere else.
        guard let parser = qr_parser_create() else { fatalError("out of memory") }
        self.parser = parser
        self.byteLimit = byteLimit
        self.elementLimit = elementLimit
        parser.pointee.elements = Int64(elementLimit)
    }

    deinit { qr_parser_free(parser) }

    /// Takes bytes as they came, cut anywhere.
    package func feed(_ bytes: ByteBuffer) throws(Garbage) {
        let isTaken = bytes.withUnsafeReadableBytes {
            redisReaderFeed(parser.pointee.reader, $0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count) == REDIS_OK
        }
        guard isTaken else { throw garbage() }
        waiting += bytes.readableBytes
    }

    /// The next whole reply; nil until more is fed.
    package func next() throws(Garbage) -> RESPReply? {
        var reply: UnsafeMutableRawPointer?
        guard redisReaderGetReply(parser.pointee.reader, &reply) == REDIS_OK else { throw garbage() }
        guard let reply else {
            guard waiting <= byteLimit else { throw Garbage(message: "a reply of more than \(byteLimit) bytes") }
            return nil
        }
        defer { freeReplyObject(reply) }
        parser.pointee.elements = Int64(elementLimit)
        waiting = qr_parser_waiting(parser)
        return RESPReply(reply.assumingMemoryBound(to: redisReply.self).pointee)
    }

    private func garbage() -> Garbage { Garbage(message: String(cString: qr_parser_error(parser))) }
}

extension RESPReply {
    /// Copies what hiredis holds. It nests no deeper than hiredis lets it, seven arrays.
    fileprivate init(_ reply: redisReply) {
        let bytes = UnsafeRawBufferPointer(start: reply.str, count: reply.str == nil ? 0 : reply.len)
        switch reply.type {
        case REDIS_REPLY_STRING: self = .bulk(ByteBuffer(bytes: bytes))
        case REDIS_REPLY_STATUS: self = .status(String(decoding: bytes, as: UTF8.self))
        case REDIS_REPLY_ERROR: self = .failure(RedisRefusal(String(decoding: bytes, as: UTF8.self)))
        case REDIS_REPLY_INTEGER: self = .integer(reply.integer)
        case REDIS_REPLY_ARRAY:
            let elements = UnsafeBufferPointer(start: reply.element, count: reply.elements)
            self = .array(elements.map { $0.map { RESPReply($0.pointee) } ?? .null })
        default: self = .null
        }
    }
}
