/// Fields one behind the other, each with its length before it (four bytes, highest first): no two lists of fields give
/// the same bytes, whatever stands in them.
struct FramedBytes {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    mutating func append(_ field: UnsafeRawBufferPointer) {
        beginField(of: field.count)
        bytes.append(contentsOf: field)
    }

    /// The length alone, for a field that is too large to copy: it must come directly behind these bytes.
    mutating func beginField(of length: Int) {
        withUnsafeBytes(of: UInt32(length).bigEndian) { bytes.append(contentsOf: $0) }
    }
}

/// Lower-case hexadecimal.
package enum Hexadecimal {
    package static func text(_ bytes: some Collection<UInt8>, after prefix: String = "") -> String {
        var prefix = prefix
        return String(unsafeUninitializedCapacity: prefix.utf8.count + 2 * bytes.count) { room in
            var end = prefix.withUTF8 { room.update(fromContentsOf: $0) }
            for byte in bytes {
                room[end] = digit(byte >> 4)
                room[end + 1] = digit(byte & 15)
                end += 2
            }
            return end
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }
}
