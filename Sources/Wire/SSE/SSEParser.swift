import Glibc
package import NIOCore

/// One server-sent event that carried data.
package struct SSEEvent: Sendable, Equatable {
    /// The `event:` field; nil where there was none, or an empty one.
    package let name: String?
    /// The `data:` lines, joined by line feeds, without framing.
    package let data: ByteBuffer
    /// The event's bytes as received, if they are just `data: …` and a blank line in the plain framing that every
    /// client reads: such an event can be passed on without a copy.
    package let plainFrame: ByteBuffer?

    /// Its bytes for a client: as received where they are plain, else framed anew.
    package var frame: ByteBuffer { plainFrame ?? SSEFrame.data(data) }
}

/// A provider sent an event larger than ``SSEParser/eventLimit``.
package struct SSEOversized: Error, Equatable {}

/// Cuts a byte stream into server-sent events (WHATWG HTML §9.2.6), however the bytes were split on their way: in the
/// middle of a character, of a line end, of a field's name.
///
/// Comments and fields other than `event` and `data` are skipped. Give it bytes with ``append(_:)`` and take events
/// with ``next()`` until nil.
package struct SSEParser: Sendable {
    /// Most bytes one event may have. A partial image as base64 fits; a provider gone mad does not.
    package static let eventLimit = 8 << 20

    private var buffer = ByteBuffer()
    /// Offsets from the reader index: where the current line starts, and how far it was searched for its end.
    private var lineStart = 0
    private var searched = 0
    private var skipsLineFeed = false
    private var isFirstLine = true
    private var event = Pending()

    /// What the lines of the current event said so far.
    private struct Pending: Sendable {
        var name: String?
        /// The one `data:` line's range, while there is only one.
        var range: Range<Int>?
        var joined: ByteBuffer?
        var lines = 0
        var hasPlainLineEnd = false
    }

    package init() {}

    /// Bytes held that belong to no complete event yet.
    package var bytesPending: Int { buffer.readableBytes }

    /// Takes the next bytes of the stream.
    package mutating func append(_ chunk: ByteBuffer) {
        if buffer.readableBytes == 0 {
            buffer = chunk
        } else {
            buffer.writeImmutableBuffer(chunk)
        }
    }

    /// The next complete event; nil until more bytes are there.
    package mutating func next() throws(SSEOversized) -> SSEEvent? {
        while let line = nextLine() {
            if line.range.isEmpty {
                if let event = dispatch(closing: line) { return event }
            } else {
                read(line)
            }
        }
        if buffer.readableBytes + (event.joined?.readableBytes ?? 0) > Self.eventLimit { throw SSEOversized() }
        return nil
    }

    /// The last event of a stream that ended without the blank line that should close it.
    package mutating func finish() -> SSEEvent? {
        if lineStart < buffer.readableBytes {
            read(Line(range: lineStart..<buffer.readableBytes, end: buffer.readableBytes, endsPlainly: false))
            lineStart = buffer.readableBytes
        }
        let end = buffer.readableBytes
        return dispatch(closing: Line(range: end..<end, end: end, endsPlainly: false))
    }

    private struct Line {
        /// Without its end.
        let range: Range<Int>
        /// One past the line end.
        let end: Int
        /// Ended by a single line feed.
        let endsPlainly: Bool
    }

    /// The next whole line, and past it.
    private mutating func nextLine() -> Line? {
        if skipsLineFeed, lineStart < buffer.readableBytes {
            // The second half of a CRLF.
            skipsLineFeed = false
            if byte(at: lineStart) == UInt8(ascii: "\n") {
                lineStart += 1
                if event.lines == 0 { dropRead() }
            }
        }
        searched = max(searched, lineStart)
        guard let end = lineEnd(from: searched) else {
            searched = buffer.readableBytes
            return nil
        }
        let isPlain = byte(at: end) == UInt8(ascii: "\n")
        skipsLineFeed = !isPlain
        let line = Line(range: lineStart..<end, end: end + 1, endsPlainly: isPlain)
        lineStart = end + 1
        return line
    }

    /// Offset of the first CR or LF at or behind `start`.
    private func lineEnd(from start: Int) -> Int? {
        buffer.withUnsafeReadableBytes { bytes in
            guard start < bytes.count else { return nil }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
            let feed = rest.offset(of: UInt8(ascii: "\n"))
            let before = UnsafeRawBufferPointer(rebasing: rest[..<(feed ?? rest.count)])
            return (before.offset(of: UInt8(ascii: "\r")) ?? feed).map { start + $0 }
        }
    }

    private func byte(at offset: Int) -> UInt8 {
        buffer.getInteger(at: buffer.readerIndex + offset) ?? 0
    }

    private mutating func read(_ line: Line) {
        var range = line.range
        if isFirstLine {
            isFirstLine = false
            if starts(range, with: "\u{FEFF}") { range = range.lowerBound + 3..<range.upperBound }
        }
        event.lines += 1
        if let value = value(of: "data", in: range) {
            // `data: ` with its space and a bare line feed is the frame that can be passed on.
            event.hasPlainLineEnd =
                line.endsPlainly && value.lowerBound == line.range.lowerBound + 6 && line.range.lowerBound == 0
            addData(value)
        } else if let value = value(of: "event", in: range) {
            event.name = value.isEmpty ? nil : String(buffer: slice(value))
        }
    }

    private mutating func addData(_ range: Range<Int>) {
        let slice = slice(range)
        if let first = event.range, event.joined == nil { event.joined = self.slice(first) }
        if event.joined != nil {
            event.joined?.writeStaticString("\n")
            event.joined?.writeImmutableBuffer(slice)
        } else {
            event.range = range
        }
    }

    private func starts(_ range: Range<Int>, with prefix: StaticString) -> Bool {
        guard range.count >= prefix.utf8CodeUnitCount else { return false }
        let expected = UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount)
        return buffer.withUnsafeReadableBytes {
            $0[range.lowerBound..<range.lowerBound + expected.count].elementsEqual(expected)
        }
    }

    /// The value of the field in this line, if it has that name: what follows the colon, less one leading space.
    private func value(of name: StaticString, in line: Range<Int>) -> Range<Int>? {
        guard starts(line, with: name) else { return nil }
        let colon = line.lowerBound + name.utf8CodeUnitCount
        // A line that is only a name has an empty value.
        guard colon < line.upperBound else { return colon..<colon }
        guard byte(at: colon) == UInt8(ascii: ":") else { return nil }
        let start = colon + 1
        let hasSpace = start < line.upperBound && byte(at: start) == UInt8(ascii: " ")
        return (hasSpace ? start + 1 : start)..<line.upperBound
    }

    private func slice(_ range: Range<Int>) -> ByteBuffer {
        buffer.getSlice(at: buffer.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }

    /// Closes the event at a blank line: hands it over if it had data.
    private mutating func dispatch(closing line: Line) -> SSEEvent? {
        defer {
            event = Pending()
            isFirstLine = false
            dropRead()
        }
        guard let range = event.range else { return nil }
        let isPlain = event.hasPlainLineEnd && line.endsPlainly && line.end == range.upperBound + 2
        return SSEEvent(
            name: event.name, data: event.joined ?? slice(range), plainFrame: isPlain ? slice(0..<line.end) : nil)
    }

    /// Lets go of the bytes before the current line.
    private mutating func dropRead() {
        buffer.moveReaderIndex(forwardBy: lineStart)
        lineStart = 0
        searched = 0
        if buffer.readableBytes == 0 { buffer = ByteBuffer() }
    }
}

extension UnsafeRawBufferPointer {
    /// Of the byte's first occurrence; libc's search looks at 32 bytes a step.
    fileprivate func offset(of byte: UInt8) -> Int? {
        guard let baseAddress, let found = memchr(baseAddress, Int32(byte), count) else { return nil }
        return UnsafeRawPointer(found) - baseAddress
    }
}
