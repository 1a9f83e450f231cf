import CHiredis
package import NIOCore

/// A command with its arguments, as it is sent.
package struct RedisCommand: Sendable {
    /// As Redis reads it (RESP).
    package let wire: ByteBuffer

    /// A word of a command: any bytes.
    package enum Argument: Sendable, ExpressibleByStringLiteral {
        case text(String)
        case bytes(ByteBuffer)

        package init(stringLiteral text: String) { self = .text(text) }
        package static func number(_ number: Int) -> Argument { .text(String(number)) }
    }

    /// - Parameter name: as in Redis's documentation.
    package init(_ name: String, _ arguments: Argument...) { self.init(name, arguments) }

    package init(_ name: String, _ arguments: [Argument]) {
        // Side by side, so that one pointer reaches them all.
        var parts = ByteBuffer(string: name)
        var ends = [parts.writerIndex]
        for argument in arguments {
            switch argument {
            case .text(let text): parts.writeString(text)
            case .bytes(let bytes): parts.writeImmutableBuffer(bytes)
            }
            ends.append(parts.writerIndex)
        }
        wire = parts.withUnsafeReadableBytes { Self.formatted($0, ends: ends) }
    }

    /// - Parameter ends: where each part ends and the next begins.
    private static func formatted(_ parts: UnsafeRawBufferPointer, ends: [Int]) -> ByteBuffer {
        let starts = [0] + ends.dropLast()
        let base = parts.baseAddress?.assumingMemoryBound(to: CChar.self)
        var pointers = starts.map { base?.advanced(by: $0) }
        let lengths = zip(starts, ends).map { $1 - $0 }
        var target: UnsafeMutablePointer<CChar>?
        let length = redisFormatCommandArgv(&target, Int32(lengths.count), &pointers, lengths)
        // Nothing but a lack of memory makes hiredis fail here: what is sent is bounded far below its own limits. Swift ends the
        // process then, too.
        guard length >= 0, let target else { fatalError("out of memory") }
        defer { redisFreeCommand(target) }
        return ByteBuffer(bytes: UnsafeRawBufferPointer(start: target, count: Int(length)))
    }
}
