/// A pattern as Redis's SCAN understands it: `*`, `?`, `[abc]`, `[a-z]`, `[^a]`, and `\` before a character that means
/// itself. Matched byte by byte, in time of at most pattern × text.
package struct Glob: Sendable, Hashable {
    /// As it was given.
    package let pattern: String
    private let tokens: [Token]

    private enum Token: Sendable, Hashable {
        case byte(UInt8)
        case any
        case anyRun
        case oneOf([ClosedRange<UInt8>], isNegated: Bool)
    }

    /// Longest pattern, in bytes of UTF-8.
    package static let patternLimit = 256

    /// nil for an empty pattern and for one longer than ``patternLimit``.
    package init?(_ pattern: String) {
        guard !pattern.isEmpty, pattern.utf8.count <= Self.patternLimit else { return nil }
        self.pattern = pattern
        var tokens: [Token] = []
        var rest = pattern.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "*"): if tokens.last != .anyRun { tokens.append(.anyRun) }
            case UInt8(ascii: "?"): tokens.append(.any)
            case UInt8(ascii: "["): tokens.append(Self.readClass(&rest))
            case UInt8(ascii: "\\"): tokens.append(.byte(rest.popFirst() ?? byte))
            default: tokens.append(.byte(byte))
            }
        }
        self.tokens = tokens
    }

    /// What is between brackets; without a closing one it goes to the end, as in Redis.
    private static func readClass(_ rest: inout Substring.UTF8View) -> Token {
        var ranges: [ClosedRange<UInt8>] = []
        let isNegated = rest.first == UInt8(ascii: "^")
        if isNegated { rest.removeFirst() }
        while let byte = rest.popFirst(), byte != UInt8(ascii: "]") {
            if byte == UInt8(ascii: "\\"), let escaped = rest.popFirst() {
                ranges.append(escaped...escaped)
            } else if rest.first == UInt8(ascii: "-"), let end = rest.dropFirst().first {
                rest.removeFirst(2)
                ranges.append(min(byte, end)...max(byte, end))
            } else {
                ranges.append(byte...byte)
            }
        }
        return .oneOf(ranges, isNegated: isNegated)
    }

    /// Whether it matches the whole of a text.
    package func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8(matches)
    }

    /// On a mismatch only the last `*` can take a byte more: what an earlier one could take, it can as well.
    private func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        var token = 0
        var position = 0
        var retry: (token: Int, position: Int)?
        while position < text.count {
            if token < tokens.count, tokens[token] == .anyRun {
                retry = (token, position)
                token += 1
            } else if token < tokens.count, Self.accepts(tokens[token], text[position]) {
                token += 1
                position += 1
            } else if let (last, start) = retry {
                retry = (last, start + 1)
                token = last + 1
                position = start + 1
            } else {
                return false
            }
        }
        return tokens[token...].allSatisfy { $0 == .anyRun }
    }

    private static func accepts(_ token: Token, _ byte: UInt8) -> Bool {
        switch token {
        case .byte(let wanted): wanted == byte
        case .any: true
        case .anyRun: false
        case .oneOf(let ranges, let isNegated): ranges.contains { $0.contains(byte) } != isNegated
        }
    }
}
