import CSimdJSON
import Glibc
import NIOCore

/// Members that a canonical form leaves out.
package struct CanonicalOmissions: Sendable {
    let names: [StaticString]
    /// A member of which only a part is left out; all of it where nothing else is in it.
    var within: (name: StaticString, names: [StaticString])?
    /// Whether a member that is null counts as not there.
    var leavesOutNulls = false
}

extension JSONDocument {
    /// One form for all texts that say the same: whatever the order of keys, the white space, the escapes and the way to
    /// write a number, the bytes are these. `docs/cache-key.md` defines them.
    ///
    /// - Parameters:
    ///   - omissions: what is left out of the outermost object.
    ///   - body: is given the form, which is gone afterwards.
    package func withCanonicalBytes<Result>(
        leavingOut omissions: CanonicalOmissions, _ body: (UnsafeRawBufferPointer) -> Result
    ) -> Result {
        bytes.withUnsafeReadableBytes { text in
            nodes.withUnsafeBufferPointer { nodes in
                guard let base = text.baseAddress else { return body(text) }
                var writer = CanonicalWriter(
                    text: base, nodes: nodes, hasEscapedKeys: hasEscapedKeys,
                    // Frames and the longer form of numbers come to about as much as quotes, commas and colons save.
                    capacity: text.count + 4 * nodes.count)
                writer.write(0, leavingOut: omissions)
                return body(writer.bytes.bytes)
            }
        }
    }
}

/// Writes the values of a document in their canonical form.
private struct CanonicalWriter: ~Copyable {
    private let text: UnsafeRawPointer
    private let nodes: UnsafeBufferPointer<qj_node>
    private let hasEscapedKeys: Bool
    private(set) var bytes: CanonicalBuffer
    /// The members of the objects that are being written, outermost first, each object's in the order of their keys.
    private var members: [Int32] = []

    private enum Tag {
        static let string = UInt8(ascii: "s")
        static let number = UInt8(ascii: "n")
    }

    init(text: UnsafeRawPointer, nodes: UnsafeBufferPointer<qj_node>, hasEscapedKeys: Bool, capacity: Int) {
        self.text = text
        self.nodes = nodes
        self.hasEscapedKeys = hasEscapedKeys
        bytes = CanonicalBuffer(capacity: capacity)
        members.reserveCapacity(64)
    }

    mutating func write(_ index: Int, leavingOut omissions: CanonicalOmissions? = nil) {
        let node = nodes[index]
        switch UInt32(node.kind) {
        case qj_object.rawValue: object(index, leavingOut: omissions)
        case qj_array.rawValue: array(index)
        case qj_string.rawValue:
            string(Int(node.start) + 1..<Int(node.end) - 1, isEscaped: node.flags & UInt8(qj_value_escaped) != 0)
        case qj_number.rawValue: number(Int(node.start)..<Int(node.end))
        case qj_true.rawValue: bytes.append(UInt8(ascii: "t"))
        case qj_false.rawValue: bytes.append(UInt8(ascii: "f"))
        default: bytes.append(UInt8(ascii: "z"))
        }
    }

    // MARK: Containers

    private mutating func array(_ index: Int) {
        bytes.append(UInt8(ascii: "["))
        var element = index + 1
        while element < Int(nodes[index].next) {
            write(element)
            element = Int(nodes[element].next)
        }
        bytes.append(UInt8(ascii: "]"))
    }

    private mutating func object(_ index: Int, leavingOut omissions: CanonicalOmissions?) {
        let first = members.count
        var member = index + 1
        while member < Int(nodes[index].next) {
            if omissions.map({ !isLeftOut(member, of: $0) }) ?? true { members.append(Int32(member)) }
            member = Int(nodes[member].next)
        }
        sort(from: first)
        bytes.append(UInt8(ascii: "{"))
        for place in first..<members.count {
            let member = Int(members[place])
            let node = nodes[member]
            key(of: node)
            if let part = omissions?.within, isKey(of: node, part.name) {
                write(member, leavingOut: CanonicalOmissions(names: part.names))
            } else {
                write(member)
            }
        }
        bytes.append(UInt8(ascii: "}"))
        members.removeLast(members.count - first)
    }

    private func isLeftOut(_ member: Int, of omissions: CanonicalOmissions) -> Bool {
        let node = nodes[member]
        if omissions.leavesOutNulls, node.kind == UInt8(qj_null.rawValue) { return true }
        if omissions.names.contains(where: { isKey(of: node, $0) }) { return true }
        guard let part = omissions.within, isKey(of: node, part.name), node.kind == UInt8(qj_object.rawValue) else {
            return false
        }
        var inner = member + 1
        while inner < Int(node.next) {
            if !part.names.contains(where: { isKey(of: nodes[inner], $0) }) { return false }
            inner = Int(nodes[inner].next)
        }
        return true
    }

    // MARK: Keys

    /// Orders the members from `first` on by the bytes of their keys; those of one name stay in the order they came in.
    private mutating func sort(from first: Int) {
        let (text, nodes) = (text, nodes)
        if hasEscapedKeys, members[first...].contains(where: { nodes[Int($0)].flags & UInt8(qj_key_escaped) != 0 }) {
            let keyed = members[first...].map { (key: keyBytes(of: nodes[Int($0)]), member: $0) }
            let sorted = keyed.sorted { left, right in
                left.key == right.key ? left.member < right.member : left.key.lexicographicallyPrecedes(right.key)
            }
            members.replaceSubrange(first..., with: sorted.map(\.member))
            return
        }
        func precede(_ left: Int32, _ right: Int32) -> Bool {
            let (a, b) = (nodes[Int(left)], nodes[Int(right)])
            let (m, n) = (a.key_end - a.key_start, b.key_end - b.key_start)
            let order = memcmp(text + Int(a.key_start), text + Int(b.key_start), Int(min(m, n)))
            return order != 0 ? order < 0 : m != n ? m < n : left < right
        }
        guard members.count - first <= 16 else { return members[first...].sort(by: precede) }
        // Objects of requests are small, and mostly sent in the same order.
        for place in (first..<members.count).dropFirst() {
            let member = members[place]
            var hole = place
            while hole > first, precede(member, members[hole - 1]) {
                members[hole] = members[hole - 1]
                hole -= 1
            }
            members[hole] = member
        }
    }

    private func isKey(of node: qj_node, _ name: StaticString) -> Bool {
        if node.flags & UInt8(qj_key_escaped) != 0 {
            return keyBytes(of: node).elementsEqual(UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        }
        return node.key_end - node.key_start == name.utf8CodeUnitCount
            && memcmp(text + Int(node.key_start), name.utf8Start, name.utf8CodeUnitCount) == 0
    }

    private func keyBytes(of node: qj_node) -> [UInt8] {
        let raw = (text + Int(node.key_start)).assumingMemoryBound(to: UInt8.self)
        let length = Int(node.key_end - node.key_start)
        return [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            count = qj_unescape_exactly(raw, length, buffer.baseAddress)
        }
    }

    /// A key is a name that programs compare, so it is unescaped and else left as it is.
    private mutating func key(of node: qj_node) {
        let start = bytes.begin(Tag.string)
        copy(Int(node.key_start)..<Int(node.key_end), isEscaped: node.flags & UInt8(qj_key_escaped) != 0)
        bytes.end(start)
    }

    // MARK: Strings

    private mutating func string(_ range: Range<Int>, isEscaped: Bool) {
        let start = bytes.begin(Tag.string)
        copy(range, isEscaped: isEscaped)
        // JSON has no line break in a string but as an escape.
        if isEscaped { joinLineBreaks(from: start) }
        if let composed = CanonicalText.composed(UnsafeRawBufferPointer(rebasing: bytes.bytes[start...])) {
            bytes.replace(from: start, with: composed)
        }
        bytes.end(start)
    }

    private mutating func copy(_ range: Range<Int>, isEscaped: Bool) {
        let source = text + range.lowerBound
        guard isEscaped else { return bytes.append(UnsafeRawBufferPointer(start: source, count: range.count)) }
        bytes.append(atMost: range.count) {
            qj_unescape_exactly(source.assumingMemoryBound(to: UInt8.self), range.count, $0)
        }
    }

    /// Makes `\n` of each `\r\n` behind `start`.
    private mutating func joinLineBreaks(from start: Int) {
        let (carriageReturn, lineFeed) = (UInt8(ascii: "\r"), UInt8(ascii: "\n"))
        bytes.rewrite(from: start) { text in
            guard let base = text.baseAddress, let found = memchr(base, Int32(carriageReturn), text.count) else { return text.count }
            let first = found - UnsafeMutableRawPointer(base)
            var to = first
            for from in first..<text.count {
                if text[from] == carriageReturn, from + 1 < text.count, text[from + 1] == lineFeed { continue }
                text[to] = text[from]
                to += 1
            }
            return to
        }
    }

    // MARK: Numbers

    private mutating func number(_ range: Range<Int>) {
        let start = bytes.begin(Tag.number)
        CanonicalNumber(UnsafeRawBufferPointer(start: text + range.lowerBound, count: range.count)).write(into: &bytes)
        bytes.end(start)
    }
}
