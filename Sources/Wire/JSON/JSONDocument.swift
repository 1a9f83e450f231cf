import CSimdJSON
package import NIOCore

/// A JSON text that was read once: its bytes, and where each value stands in them.
///
/// Nothing is decoded before it is asked for, and every value knows its byte range, so a request can be changed in
/// one place while all else in it stays byte for byte what the caller sent.
package final class JSONDocument: Sendable {
    /// The whole text.
    package let bytes: ByteBuffer
    let nodes: [qj_node]
    /// Whether some key must be unescaped before it can be compared; nobody writes such keys by hand.
    let hasEscapedKeys: Bool

    /// Deepest nesting that is read. Tool schemas of real requests nest to about 20.
    package static let depthLimit = 256
    /// Most values one document may hold; at 24 bytes each this bounds the index to 24 MiB.
    package static let nodeLimit = 1 << 20

    /// Reads `bytes`, which must hold exactly one JSON value.
    ///
    /// - Throws: ``JSONError`` with the offset where reading stopped.
    package init(_ bytes: ByteBuffer) throws(JSONError) {
        var nodes: [qj_node] = []
        var offset = 0
        let status = bytes.withUnsafeReadableBytes { raw -> qj_status in
            guard let base = raw.baseAddress else { return qj_syntax }
            var list: UnsafePointer<qj_node>?
            var count = 0
            let status = qj_read(
                base.assumingMemoryBound(to: UInt8.self), raw.count, Self.depthLimit, Self.nodeLimit, &list, &count,
                &offset)
            if status == qj_ok { nodes = Array(UnsafeBufferPointer(start: list, count: count)) }
            return status
        }
        switch status {
        case qj_ok: break
        case qj_not_utf8: throw JSONError(problem: .notUTF8, offset: offset)
        case qj_too_deep: throw JSONError(problem: .tooDeep, offset: offset)
        case qj_too_many_nodes: throw JSONError(problem: .tooManyValues, offset: offset)
        case qj_out_of_memory: throw JSONError(problem: .outOfMemory, offset: offset)
        default: throw JSONError(problem: .syntax, offset: offset)
        }
        self.bytes = bytes
        self.nodes = nodes
        hasEscapedKeys = nodes.contains { $0.flags & UInt8(qj_key_escaped) != 0 }
    }

    /// The document's one value.
    package var root: JSONValue { JSONValue(document: self, index: 0) }
}

/// Why a text is not a JSON document that can be read.
package struct JSONError: Error, Equatable, Sendable {
    package enum Problem: String, Sendable {
        case syntax = "it is not valid JSON"
        case notUTF8 = "it is not valid UTF-8"
        case tooDeep = "it is nested more than 256 levels deep"
        case tooManyValues = "it holds more than 1048576 values"
        case outOfMemory = "there is not enough memory to read it"
    }

    package let problem: Problem
    /// Byte offset at which reading stopped, as nearly as is known.
    package let offset: Int
}
