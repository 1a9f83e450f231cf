package import NIOCore

/// Writes JSON straight into a buffer: for answers and chunks, where building a tree first would cost more than the
/// answer. Commas are its own business; nesting is the caller's, by closures.
package struct JSONWriter: ~Copyable {
    private var buffer: ByteBuffer
    private var needsComma = false

    /// - Parameter buffer: what is written comes behind what it already holds.
    package init(into buffer: ByteBuffer = ByteBuffer()) { self.buffer = buffer }

    /// What was written.
    package consuming func finish() -> ByteBuffer { buffer }

    /// The text of one value.
    package static func text(_ write: (inout JSONWriter) -> Void) -> ByteBuffer {
        var writer = JSONWriter()
        write(&writer)
        return writer.finish()
    }

    package mutating func object(_ members: (inout JSONWriter) -> Void) {
        nest("{", "}", members)
    }

    package mutating func array(_ elements: (inout JSONWriter) -> Void) {
        nest("[", "]", elements)
    }

    private mutating func nest(_ open: StaticString, _ close: StaticString, _ body: (inout JSONWriter) -> Void) {
        separate()
        buffer.writeStaticString(open)
        needsComma = false
        body(&self)
        buffer.writeStaticString(close)
        needsComma = true
    }

    /// A member's name; its value is what is written next.
    package mutating func key(_ name: StaticString) {
        separate()
        buffer.writeInteger(UInt8(ascii: "\""))
        buffer.writeStaticString(name)
        buffer.writeStaticString("\":")
        needsComma = false
    }

    /// A member's name that is not known at compile time.
    package mutating func key(dynamic name: String) {
        string(name)
        buffer.writeInteger(UInt8(ascii: ":"))
        needsComma = false
    }

    package mutating func string(_ value: String) {
        separate()
        var value = value
        buffer.writeInteger(UInt8(ascii: "\""))
        value.withUTF8 { Self.escape($0, into: &buffer) }
        buffer.writeInteger(UInt8(ascii: "\""))
        needsComma = true
    }

    /// A string whose content is escaped already.
    package mutating func string(escaped content: ByteBuffer) {
        separate()
        buffer.writeInteger(UInt8(ascii: "\""))
        buffer.writeImmutableBuffer(content)
        buffer.writeInteger(UInt8(ascii: "\""))
        needsComma = true
    }

    package mutating func integer(_ value: some BinaryInteger) { raw(String(value)) }

    /// A number; what JSON cannot say (NaN, infinities) becomes null.
    package mutating func number(_ value: Double) { raw(value.isFinite ? "\(value)" : "null") }

    package mutating func bool(_ value: Bool) { raw(value ? "true" : "false") }

    package mutating func null() { raw("null") }

    /// A value that is JSON already.
    package mutating func json(_ text: ByteBuffer) {
        separate()
        buffer.writeImmutableBuffer(text)
        needsComma = true
    }

    /// A string or null.
    package mutating func integer(orNull value: Int?) {
        if let value { integer(value) } else { null() }
    }

    package mutating func string(orNull value: String?) {
        if let value { string(value) } else { null() }
    }

    private mutating func raw(_ text: String) {
        separate()
        buffer.writeString(text)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { buffer.writeInteger(UInt8(ascii: ",")) }
        needsComma = false
    }

    /// RFC 8259 §7: quotes, backslashes and control characters; runs of other bytes are copied whole.
    private static func escape(_ text: UnsafeBufferPointer<UInt8>, into buffer: inout ByteBuffer) {
        var copied = 0
        for (index, byte) in text.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[copied..<index]))
            copied = index + 1
            switch byte {
            case 0x22: buffer.writeStaticString("\\\"")
            case 0x5C: buffer.writeStaticString("\\\\")
            case 0x0A: buffer.writeStaticString("\\n")
            case 0x0D: buffer.writeStaticString("\\r")
            case 0x09: buffer.writeStaticString("\\t")
            default:
                let hex = Array("0123456789abcdef".utf8)
                buffer.writeStaticString("\\u00")
                buffer.writeBytes([hex[Int(byte >> 4)], hex[Int(byte & 15)]])
            }
        }
        buffer.writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(text)[copied...]))
    }
}
