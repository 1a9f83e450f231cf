package import NIOCore

/// Changes to a document's text that leave every other byte as it was.
package struct JSONEdits {
    private var edits: [(range: Range<Int>, text: ByteBuffer)] = []

    package init() {}

    /// Puts `text` in place of the bytes of `range`. Ranges must not overlap; an empty range inserts, and several
    /// insertions at one place stand in the order in which they were made.
    package mutating func replace(_ range: Range<Int>, with text: ByteBuffer) {
        edits.append((range, text))
    }

    /// Puts a member (`"name":value`) at the front of an object.
    package mutating func insertMember(_ member: ByteBuffer, into object: JSONValue) {
        insertFirst(member, into: object)
    }

    /// Puts an element at the front of an array.
    package mutating func insertElement(_ element: ByteBuffer, into array: JSONValue) {
        insertFirst(element, into: array)
    }

    /// Puts an element at the end of an array that has others.
    package mutating func appendElement(_ element: ByteBuffer, toFilled array: JSONValue) {
        let end = array.range.upperBound - 1
        var text = ByteBuffer(string: ",")
        text.writeImmutableBuffer(element)
        edits.append((end..<end, text))
    }

    /// Puts a member (`"name":value`) at the end of an object that gets no insertion at its front if it is empty.
    package mutating func appendMember(_ member: ByteBuffer, to object: JSONValue) {
        let end = object.range.upperBound - 1
        var text = ByteBuffer(string: object.isEmpty ? "" : ",")
        text.writeImmutableBuffer(member)
        edits.append((end..<end, text))
    }

    /// Takes members out of an object, with the commas that set them off. To be called once for an object.
    package mutating func remove(_ names: Set<String>, from object: JSONValue) {
        // Where the last member that stays ends, or the object begins.
        var kept = object.range.lowerBound + 1
        var isFirst = true
        var dropped = false
        for member in object.children {
            let range = member.memberRange
            if let key = member.key, names.contains(key) {
                dropped = true
                continue
            }
            // What stays keeps its own comma: the one before it, but for the first.
            if dropped { replace(kept..<range.lowerBound, with: ByteBuffer(string: isFirst ? "" : ",")) }
            (kept, isFirst, dropped) = (range.upperBound, false, false)
        }
        if dropped { replace(kept..<object.range.upperBound - 1, with: ByteBuffer()) }
    }

    private mutating func insertFirst(_ item: ByteBuffer, into container: JSONValue) {
        var item = item
        // A container that already got an insertion is not empty any more, so the comma is decided by position: each
        // insertion but the last, and the last unless the container was empty, is followed by one.
        let at = container.range.lowerBound + 1
        let isFirstIntoEmpty = container.isEmpty && !edits.contains { $0.range == at..<at }
        if isFirstIntoEmpty {
            edits.append((at..<at, item))
        } else {
            item.writeInteger(UInt8(ascii: ","))
            let place = edits.firstIndex { $0.range == at..<at } ?? edits.endIndex
            edits.insert((at..<at, item), at: place)
        }
    }

    /// The document's text with all changes made.
    package func applied(to document: JSONDocument) -> ByteBuffer {
        guard !edits.isEmpty else { return document.bytes }
        let source = document.bytes
        // What is inserted where a replaced range starts comes before it.
        let ordered = edits.enumerated().sorted { left, right in
            let (a, b) = (left.element.range, right.element.range)
            return (a.lowerBound, a.upperBound, left.offset) < (b.lowerBound, b.upperBound, right.offset)
        }
        let added = edits.reduce(0) { $0 + $1.text.readableBytes }
        var result = ByteBufferAllocator().buffer(capacity: source.readableBytes + added)
        var copied = 0
        for (_, edit) in ordered {
            source.withUnsafeReadableBytes { _ = result.writeBytes($0[copied..<edit.range.lowerBound]) }
            result.writeImmutableBuffer(edit.text)
            copied = edit.range.upperBound
        }
        source.withUnsafeReadableBytes { _ = result.writeBytes($0[copied...]) }
        return result
    }
}
