/// Reads JSON (RFC 8259) strictly, and says what is wrong where.
///
/// Foundation's decoder keeps neither the order of keys nor their positions, and takes the last of two equal keys unasked.
struct JSONParser {
    private let bytes: [UInt8]
    private var position = 0
    /// Deeper nesting is no configuration, and must not exhaust the stack.
    private static let depthLimit = 64

    /// The value that is the file's whole text.
    static func parse(_ text: String, file: String) throws(ConfigurationError) -> ConfigurationValue {
        var parser = JSONParser(bytes: Array(text.utf8))
        do {
            return try parser.document()
        } catch {
            throw ConfigurationError(file, at: parser.place(of: error.position), error.message)
        }
    }

    private struct SyntaxError: Error {
        let position: Int
        let message: String
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// Line and column, in characters from 1.
    private func place(of position: Int) -> String {
        let before = bytes[..<min(position, bytes.count)]
        let line = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return "line \(line), column \(String(decoding: before[start...], as: UTF8.self).count + 1)"
    }

    private func error(_ message: String, at position: Int? = nil) -> SyntaxError {
        SyntaxError(position: position ?? self.position, message: message)
    }

    // MARK: Structure

    private mutating func document() throws(SyntaxError) -> ConfigurationValue {
        let value = try value(depth: 0)
        try skipBlanks()
        guard position == bytes.count else { throw error("nothing may follow the closing bracket. Remove the rest.") }
        return value
    }

    private mutating func value(depth: Int) throws(SyntaxError) -> ConfigurationValue {
        try skipBlanks()
        guard depth < Self.depthLimit else { throw error("this is nested deeper than \(Self.depthLimit) levels.") }
        guard position < bytes.count else { throw error("the file ends where a value should stand.") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case UInt8(ascii: "'"): throw error("JSON text stands between double quotes: \"…\".")
        case UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: ","): throw error("a value is missing before this character.")
        default: return try word()
        }
    }

    private mutating func object(depth: Int) throws(SyntaxError) -> ConfigurationValue {
        var members: [ConfigurationValue.Member] = []
        var keys: Set<String> = []
        position += 1
        if try take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            try skipBlanks()
            let start = position
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else {
                throw error(missingKey)
            }
            let key = try string()
            guard keys.insert(key).inserted else {
                throw error("the key '\(key.prefix(100))' stands here twice. Remove one of the two.", at: start)
            }
            guard try take(UInt8(ascii: ":")) else { throw error("a colon is missing between a key and its value.") }
            members.append((key, try value(depth: depth + 1)))
        } while try take(UInt8(ascii: ","))
        guard try take(UInt8(ascii: "}")) else { throw error("a comma or a closing } is missing before this character.") }
        return .object(members)
    }

    private var missingKey: String {
        guard position < bytes.count else { return "the file ends inside an object. Close it with }." }
        return bytes[position] == UInt8(ascii: "}")
            ? "a comma stands before the closing }. Remove it." : "a key between double quotes should stand here."
    }

    private mutating func array(depth: Int) throws(SyntaxError) -> ConfigurationValue {
        var elements: [ConfigurationValue] = []
        position += 1
        if try take(UInt8(ascii: "]")) { return .array(elements) }
        repeat {
            try skipBlanks()
            if position < bytes.count, bytes[position] == UInt8(ascii: "]") {
                throw error("a comma stands before the closing ]. Remove it.")
            }
            elements.append(try value(depth: depth + 1))
        } while try take(UInt8(ascii: ","))
        guard try take(UInt8(ascii: "]")) else { throw error("a comma or a closing ] is missing before this character.") }
        return .array(elements)
    }

    private mutating func skipBlanks() throws(SyntaxError) {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): position += 1
            case UInt8(ascii: "/"), UInt8(ascii: "#"): throw error("JSON has no comments. Remove it.")
            default: return
            }
        }
    }

    /// Steps over the byte if it stands next.
    private mutating func take(_ byte: UInt8) throws(SyntaxError) -> Bool {
        try skipBlanks()
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    // MARK: Scalars

    private mutating func word() throws(SyntaxError) -> ConfigurationValue {
        let start = position
        while position < bytes.count, isLetterOrDigit(bytes[position]) { position += 1 }
        switch String(decoding: bytes[start..<position], as: UTF8.self) {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "null": return .null
        default: throw error("no JSON value begins like this. Text stands between double quotes: \"…\".", at: start)
        }
    }

    private func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    private mutating func number() throws(SyntaxError) -> Double {
        let start = position
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        let whole = digits()
        var isNumber = whole.count == 1 || whole.count > 1 && whole.first != UInt8(ascii: "0")
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            isNumber = !digits().isEmpty && isNumber
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, [UInt8(ascii: "+"), UInt8(ascii: "-")].contains(bytes[position]) { position += 1 }
            isNumber = !digits().isEmpty && isNumber
        }
        let follows = position < bytes.count && (isLetterOrDigit(bytes[position]) || bytes[position] == UInt8(ascii: "."))
        guard isNumber, !follows, let number = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            throw error("this is no JSON number. Write 12, 0.5 or 1e-6.", at: start)
        }
        guard number.isFinite else { throw error("this number is too large.", at: start) }
        return number
    }

    private mutating func digits() -> ArraySlice<UInt8> {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) { position += 1 }
        return bytes[start..<position]
    }

    private mutating func string() throws(SyntaxError) -> String {
        let start = position
        var text: [UInt8] = []
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                text += String(try escape()).utf8
            case ..<0x20:
                throw error("text must not run over the end of its line or hold a tab. Close it, or write \\n or \\t.")
            default:
                text.append(byte)
                position += 1
            }
        }
        throw error("this text is never closed. Add a double quote at its end.", at: start)
    }

    private mutating func escape() throws(SyntaxError) -> Unicode.Scalar {
        let start = position
        guard position + 1 < bytes.count else { throw error("the file ends inside a text.") }
        let letter = bytes[position + 1]
        position += 2
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            if let scalar = unicodeEscape() { return scalar }
            throw error("\\u takes four hexadecimal digits that are a character.", at: start)
        default:
            throw error("after a backslash stands one of \" \\ / b f n r t u. Write \\\\ for a backslash.", at: start)
        }
    }

    /// What stands after `\u`; characters beyond U+FFFF take two of them.
    private mutating func unicodeEscape() -> Unicode.Scalar? {
        guard let first = fourHexDigits() else { return nil }
        guard first & 0xFC00 == 0xD800 else { return Unicode.Scalar(first) }
        guard bytes[position...].starts(with: Array("\\u".utf8)) else { return nil }
        position += 2
        guard let second = fourHexDigits(), second & 0xFC00 == 0xDC00 else { return nil }
        return Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + second & 0x3FF)
    }

    private mutating func fourHexDigits() -> UInt32? {
        guard position + 4 <= bytes.count else { return nil }
        let digits = bytes[position..<position + 4]
        guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        position += 4
        return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
