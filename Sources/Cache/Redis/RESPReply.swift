package import NIOCore

/// What Redis answers to one command.
package enum RESPReply: Sendable, Equatable {
    case status(String)
    case bulk(ByteBuffer)
    case integer(Int64)
    case null
    case failure(RedisRefusal)
    case array([RESPReply])
}

extension RESPReply {
    /// As text, where it is some.
    var text: String? {
        switch self {
        case .status(let text): text
        case .bulk(let bytes): String(buffer: bytes)
        case .integer, .null, .failure, .array: nil
        }
    }

    /// As a whole number. Throws what Redis refused, or that this is none.
    func integer() throws(RedisError) -> Int {
        switch self {
        case .integer(let number): return Int(number)
        case .failure(let refusal): throw .refused(refusal)
        case .status, .bulk, .null, .array: throw .unexpected("a reply that is no number")
        }
    }

    /// As a list. Throws what Redis refused, or that this is none.
    func array() throws(RedisError) -> [RESPReply] {
        switch self {
        case .array(let elements): return elements
        case .failure(let refusal): throw .refused(refusal)
        case .status, .bulk, .integer, .null: throw .unexpected("a reply that is no list")
        }
    }

    /// Throws what Redis refused.
    func check() throws(RedisError) {
        if case .failure(let refusal) = self { throw .refused(refusal) }
    }
}
