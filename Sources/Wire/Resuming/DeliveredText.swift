package import NIOCore

/// The text that a stream has passed on so far, so that another model can go on from it.
///
/// It keeps the text as it came, escapes and all: a chunk costs a copy of its bytes, and only an answer that breaks off
/// is ever decoded. It gives up on anything but plain text in one choice, and on more than ``limit``.
package struct DeliveredText: Sendable {
    /// Most bytes that are kept.
    package static let limit = 1 << 20
    /// Most bytes of the first chunk, whose id and name all later ones bear.
    private static let openingLimit = 64 << 10

    private var escaped = ByteBuffer()
    /// The first chunk that was passed on.
    private(set) var opening: ByteBuffer?
    /// Nothing was passed on that another model could not take up.
    private(set) var isPlain = true

    package init() {}

    /// Takes in a chunk that is passed on.
    package mutating func add(_ facts: ChunkFacts, of payload: ByteBuffer) {
        guard isPlain else { return }
        if facts.content.contains(.other) || (opening == nil && payload.readableBytes > Self.openingLimit) { return giveUp() }
        if opening == nil { opening = ByteBuffer(bytes: payload.readableBytesView) }
        guard let range = facts.text else { return }
        guard escaped.readableBytes + range.count <= Self.limit else { return giveUp() }
        payload.withUnsafeReadableBytes { _ = escaped.writeBytes(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    private mutating func giveUp() {
        isPlain = false
        escaped = ByteBuffer()
        opening = nil
    }

    /// The text; nil where it cannot be taken up.
    package var text: String? {
        guard isPlain, opening != nil, !EscapedText.endsInsideCharacter(escaped.readableBytesView) else { return nil }
        return EscapedText.decode(escaped)
    }
}

/// What stands between the quotes of a JSON string.
enum EscapedText {
    /// Its text; nil for bytes that no string could hold.
    static func decode(_ escaped: ByteBuffer) -> String? {
        var literal = ByteBufferAllocator().buffer(capacity: escaped.readableBytes + 2)
        literal.writeInteger(UInt8(ascii: "\""))
        literal.writeImmutableBuffer(escaped)
        literal.writeInteger(UInt8(ascii: "\""))
        return (try? JSONDocument(literal))?.root.string
    }

    /// Whether it ends with the first half of an escaped surrogate pair, whose second half is still to come.
    static func endsInsideCharacter(_ escaped: ByteBufferView) -> Bool {
        let tail = Array(escaped.suffix(6))
        guard tail.count == 6, tail[0] == UInt8(ascii: "\\"), tail[1] == UInt8(ascii: "u"), tail[2] | 0x20 == UInt8(ascii: "d"),
            "89abAB".utf8.contains(tail[3])
        else { return false }
        // The backslash may itself be escaped: then `ud83d` are just letters.
        return escaped.dropLast(6).reversed().prefix { $0 == UInt8(ascii: "\\") }.count.isMultiple(of: 2)
    }
}
