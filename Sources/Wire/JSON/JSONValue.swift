import CSimdJSON
import Glibc
package import NIOCore

/// One value inside a ``JSONDocument``.
package struct JSONValue: Sendable {
    let document: JSONDocument
    let index: Int

    /// What a JSON value is.
    package enum Kind: String, Sendable { case object, array, string, number, boolean, null }

    var node: qj_node { document.nodes[index] }

    /// What this value is.
    package var kind: Kind {
        switch UInt32(node.kind) {
        case qj_object.rawValue: .object
        case qj_array.rawValue: .array
        case qj_string.rawValue: .string
        case qj_number.rawValue: .number
        case qj_null.rawValue: .null
        default: .boolean
        }
    }

    /// The bytes of this value in the document, from its first to one past its last.
    package var range: Range<Int> { Int(node.start)..<Int(node.end) }

    /// The range of the member that this value belongs to, its key and quotes included. Equal to ``range`` for an element.
    package var memberRange: Range<Int> {
        let node = node
        return (node.key_start > 0 ? Int(node.key_start) - 1 : Int(node.start))..<Int(node.end)
    }

    /// This value's own bytes, as they were sent.
    package var text: ByteBuffer {
        document.bytes.getSlice(at: document.bytes.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }

    /// An object's member of that name; nil where there is none or this is no object. The first, if it is there twice.
    package subscript(_ name: StaticString) -> JSONValue? {
        guard node.kind == UInt8(qj_object.rawValue) else { return nil }
        let (nodes, end) = (document.nodes, Int(node.next))
        let (start, count) = (name.utf8Start, name.utf8CodeUnitCount)
        let found = document.bytes.withUnsafeReadableBytes { bytes -> Int? in
            guard let base = bytes.baseAddress else { return nil }
            var child = index + 1
            while child < end {
                if nodes[child].isKey(start, count, in: base) { return child }
                child = Int(nodes[child].next)
            }
            return nil
        }
        if let found { return JSONValue(document: document, index: found) }
        return document.hasEscapedKeys ? children.first { $0.key?.utf8.elementsEqual(name.bytes) ?? false } : nil
    }

    /// An object's or array's values in order; empty for anything else.
    package var children: Children { Children(document: document, following: index + 1, end: Int(node.next)) }

    /// True for an object or array without values.
    package var isEmpty: Bool { Int(node.next) == index + 1 }

    /// This value's key in its object, unescaped; nil for an array's element.
    package var key: String? {
        let node = node
        guard node.key_start > 0 else { return nil }
        return decoded(Int(node.key_start)..<Int(node.key_end), escaped: node.flags & UInt8(qj_key_escaped) != 0)
    }

    /// The string's content, unescaped; nil for any other kind. Half of a surrogate pair reads as U+FFFD.
    package var string: String? {
        let node = node
        guard node.kind == UInt8(qj_string.rawValue) else { return nil }
        return decoded(
            Int(node.start) + 1..<Int(node.end) - 1, escaped: node.flags & UInt8(qj_value_escaped) != 0)
    }

    /// True for a string with at least one character.
    package var isNonEmptyString: Bool { node.kind == UInt8(qj_string.rawValue) && node.end - node.start > 2 }

    /// The bytes between a string's quotes, still escaped; nil for any other kind.
    package var escapedLength: Int? { node.kind == UInt8(qj_string.rawValue) ? Int(node.end - node.start) - 2 : nil }

    package var bool: Bool? {
        switch UInt32(node.kind) {
        case qj_true.rawValue: true
        case qj_false.rawValue: false
        default: nil
        }
    }

    package var isNull: Bool { node.kind == UInt8(qj_null.rawValue) }

    /// The number, if it is a whole one that fits.
    package var int: Int? {
        if let digits { return digits }
        guard let value = double, value == value.rounded(), abs(value) < 9_007_199_254_740_992 else { return nil }
        return Int(value)
    }

    /// A number of a few digits and nothing else, as nearly all whole ones are.
    private var digits: Int? {
        let range = range
        guard node.kind == UInt8(qj_number.rawValue), range.count <= 15 else { return nil }
        return document.bytes.withUnsafeReadableBytes { bytes in
            var value = 0
            for byte in bytes[range] {
                guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            return value
        }
    }

    /// The number, as near as a double comes to it; nil for any other kind.
    package var double: Double? {
        guard node.kind == UInt8(qj_number.rawValue) else { return nil }
        return Double(slice(range))
    }

    private func slice(_ range: Range<Int>) -> String {
        document.bytes.getString(at: document.bytes.readerIndex + range.lowerBound, length: range.count) ?? ""
    }

    private func decoded(_ range: Range<Int>, escaped: Bool) -> String {
        guard escaped else { return slice(range) }
        return document.bytes.withUnsafeReadableBytes { bytes in
            let text = UnsafeRawBufferPointer(rebasing: bytes[range]).bindMemory(to: UInt8.self)
            return String(unsafeUninitializedCapacity: range.count) {
                qj_unescape(text.baseAddress, text.count, $0.baseAddress)
            }
        }
    }

    /// The values of an object or array, in order.
    package struct Children: Sequence, IteratorProtocol, Sendable {
        let document: JSONDocument
        var following: Int
        let end: Int

        package mutating func next() -> JSONValue? {
            guard following < end else { return nil }
            let value = JSONValue(document: document, index: following)
            following = Int(value.node.next)
            return value
        }
    }
}

extension qj_node {
    /// Whether this is a member of that name, written without escapes.
    fileprivate func isKey(_ name: UnsafePointer<UInt8>, _ count: Int, in document: UnsafeRawPointer) -> Bool {
        flags & UInt8(qj_key_escaped) == 0 && key_end - key_start == count
            && memcmp(document + Int(key_start), name, count) == 0
    }
}

extension StaticString {
    fileprivate var bytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
    }
}
