/// Reads the encoding that ``ByteWriter`` writes. Every read says nil instead of going past the end, and no count makes it
/// allocate more than the bytes that are there.
struct ByteReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func byte() -> UInt8? { rest.popFirst() }

    /// A number of seven bits a byte, the lowest first, in its shortest form.
    mutating func unsigned() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 64, by: 7) {
            guard let byte = rest.popFirst() else { return nil }
            let part = UInt64(byte & 0x7F)
            guard (part << shift) >> shift == part, byte != 0 || shift == 0 else { return nil }
            value |= part << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }

    mutating func count() -> Int? { unsigned().flatMap { Int(exactly: $0) } }

    /// Zigzag: the sign in the lowest bit.
    mutating func signed() -> Int64? {
        unsigned().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
    }

    /// A finite number that is not below zero.
    mutating func magnitude() -> Double? {
        guard let raw = take(8) else { return nil }
        let value = Double(bitPattern: raw.reversed().reduce(0) { $0 << 8 | UInt64($1) })
        return value.isFinite && value >= 0 ? value : nil
    }

    mutating func bytes() -> ArraySlice<UInt8>? { count().flatMap { take($0) } }

    mutating func text() -> String? { bytes().flatMap { String(validating: $0, as: UTF8.self) } }

    private mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count <= rest.count else { return nil }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}

/// Writes what ``ByteReader`` reads.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    mutating func count(_ value: Int) { unsigned(UInt64(value)) }

    mutating func signed(_ value: Int64) { unsigned(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }

    mutating func magnitude(_ value: Double) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift)) }
    }

    mutating func append(_ some: some Collection<UInt8>) { bytes.append(contentsOf: some) }

    mutating func text(_ value: String) {
        count(value.utf8.count)
        bytes.append(contentsOf: value.utf8)
    }
}
