/// A slow, plain recogniser of RFC 8259, written only to check the fast one against: a whole document or nothing,
/// UTF-8, at most 256 levels.
struct StrictJSON {
    private let bytes: [UInt8]
    private var at = 0

    private struct Refused: Error {}

    static func accepts(_ bytes: [UInt8]) -> Bool {
        guard String(validating: bytes, as: UTF8.self) != nil else { return false }
        var reader = StrictJSON(bytes: bytes)
        do {
            try reader.value(depth: 0)
        } catch {
            return false
        }
        reader.space()
        return reader.at == bytes.count
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func take(_ accepted: String) throws(Refused) {
        guard let next, accepted.utf8.contains(next) else { throw Refused() }
        at += 1
    }

    private mutating func takes(_ accepted: String) -> Bool { (try? take(accepted)) != nil }

    private mutating func space() { while takes(" \n\r\t") {} }

    private mutating func value(depth: Int) throws(Refused) {
        space()
        if takes("{") {
            try members(depth: depth, close: "}") { reader throws(Refused) in
                reader.space()
                try reader.string()
                reader.space()
                try reader.take(":")
            }
        } else if takes("[") {
            try members(depth: depth, close: "]") { _ throws(Refused) in }
        } else if next == UInt8(ascii: "\"") {
            try string()
        } else if let word = ["true", "false", "null"].first(where: { bytes[at...].starts(with: $0.utf8) }) {
            at += word.utf8.count
        } else {
            try number()
        }
    }

    private mutating func members(
        depth: Int, close: String, _ key: (inout StrictJSON) throws(Refused) -> Void
    ) throws(Refused) {
        guard depth < 256 else { throw Refused() }
        space()
        if takes(close) { return }
        repeat {
            try key(&self)
            try value(depth: depth + 1)
            space()
        } while takes(",")
        try take(close)
    }

    private mutating func string() throws(Refused) {
        try take("\"")
        while let byte = next, byte != UInt8(ascii: "\"") {
            guard byte >= 0x20 else { throw Refused() }
            at += 1
            guard byte == UInt8(ascii: "\\") else { continue }
            if takes("u") {
                for _ in 0..<4 { try take("0123456789abcdefABCDEF") }
            } else {
                try take(#""\/bfnrt"#)
            }
        }
        try take("\"")
    }

    private mutating func number() throws(Refused) {
        _ = takes("-")
        if !takes("0") { try digits() }
        if takes(".") { try digits() }
        if takes("eE") {
            _ = takes("+-")
            try digits()
        }
    }

    private mutating func digits() throws(Refused) {
        try take("0123456789")
        while takes("0123456789") {}
    }
}
