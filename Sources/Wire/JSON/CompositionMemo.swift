@_spi(_Unicode) import Swift

/// Composes pieces of text, and remembers the short ones: where letters and accents stand apart, they are the same few again
/// and again, and each costs the standard library some allocations.
struct CompositionMemo {
    /// A piece of up to eight bytes, and what it became. Pieces end with a byte other than zero, so zero is none.
    private struct Slot {
        var piece: UInt64 = 0
        var composed: UInt64 = 0
        var length = 0
    }

    private static let slotBits = 8
    private var slots: [Slot] = []

    /// Appends the composed form (NFC) of valid UTF-8 text.
    mutating func compose(_ piece: UnsafeRawBufferPointer, into bytes: inout [UInt8]) {
        guard piece.count <= 8 else { return Self.compose(piece, into: &bytes) }
        if slots.isEmpty { slots = Array(repeating: Slot(), count: 1 << Self.slotBits) }
        let key = Self.word(of: piece)
        let place = Int((key &* 0x9E37_79B9_7F4A_7C15) >> UInt64(64 - Self.slotBits))
        if slots[place].piece != key {
            let start = bytes.count
            Self.compose(piece, into: &bytes)
            let length = bytes.count - start
            guard length <= 8 else { return }
            slots[place] = Slot(piece: key, composed: bytes.withUnsafeBytes { Self.word(of: .init(rebasing: $0[start...])) }, length: length)
            return
        }
        let slot = slots[place]
        withUnsafeBytes(of: slot.composed.littleEndian) { bytes.append(contentsOf: $0.prefix(slot.length)) }
    }

    private static func word(of bytes: UnsafeRawBufferPointer) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func compose(_ piece: UnsafeRawBufferPointer, into bytes: inout [UInt8]) {
        for scalar in String(decoding: piece, as: UTF8.self)._nfc { bytes.append(contentsOf: UTF8.encode(scalar)!) }
    }
}
