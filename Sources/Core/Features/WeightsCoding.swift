/// Collects the bytes of a file of weights.
struct WeightsWriter {
    var bytes: [UInt8] = []

    mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
    }

    mutating func number(_ value: Float) { integer(value.bitPattern) }

    mutating func text(_ text: String) {
        precondition(text.utf8.count <= UInt16.max)
        integer(UInt16(text.utf8.count))
        bytes += text.utf8
    }

    mutating func list<Element>(_ elements: [Element], _ write: (inout Self, Element) -> Void) {
        integer(UInt16(elements.count))
        for element in elements { write(&self, element) }
    }
}

/// Reads the bytes of a file of weights, and never beyond them.
struct WeightsReader {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    mutating func integer<Value: FixedWidthInteger>(_: Value.Type) throws(WeightsProblem) -> Value {
        let size = MemoryLayout<Value>.size
        guard bytes.count >= size else { throw .cut }
        defer { bytes = bytes.dropFirst(size) }
        return bytes.prefix(size).reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
    }

    mutating func number() throws(WeightsProblem) -> Float {
        let number = Float(bitPattern: try integer(UInt32.self))
        guard number.isFinite else { throw WeightsProblem("hold a number that is none") }
        return number
    }

    mutating func text() throws(WeightsProblem) -> String {
        let length = Int(try integer(UInt16.self))
        guard bytes.count >= length else { throw .cut }
        defer { bytes = bytes.dropFirst(length) }
        return String(decoding: bytes.prefix(length), as: UTF8.self)
    }

    mutating func list<Element>(
        _ read: (inout Self) throws(WeightsProblem) -> Element
    ) throws(WeightsProblem) -> [Element] {
        let count = try integer(UInt16.self)
        var elements: [Element] = []
        for _ in 0..<count { elements.append(try read(&self)) }
        return elements
    }

    /// All that is left, which must be so many bytes.
    mutating func rest(_ count: Int) throws(WeightsProblem) -> ArraySlice<UInt8> {
        guard bytes.count == count else {
            throw WeightsProblem("have \(bytes.count) bytes of rows where \(count) belong")
        }
        return bytes
    }
}

/// FNV-1a in 64 bits over words of eight bytes, then the bytes that are left: finds damage, is no protection against forgery.
enum WeightsChecksum {
    static func of(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.withUnsafeBytes { buffer in
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            let whole = buffer.count & ~7
            for place in stride(from: 0, to: whole, by: 8) {
                hash = (hash ^ UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: place, as: UInt64.self))) &* 0x0000_0100_0000_01B3
            }
            for byte in buffer[whole...] { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
            return hash
        }
    }
}
