/// The one grammar of all that is logged: `time level quintet: what happened key=value key="a value with blanks"`, one line each.
package enum LogLine {
    package static func begin(_ time: String, _ level: String, _ message: String, to text: inout String) {
        text += time
        text += " "
        text += level
        text += " quintet: "
        if message.utf8.allSatisfy({ $0 >= 0x20 }) { text += message } else { text += message.map { $0.isNewline ? " " : String($0) }.joined() }
    }

    package static func append(_ key: String, _ value: String, to text: inout String) {
        text += " "
        text += key
        text += "="
        if value.isEmpty || value.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "\"") || $0 == 0x7F }) {
            quote(value, to: &text)
        } else {
            text += value
        }
    }

    private static func quote(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\0"..<" ", "\u{7F}": text += "\u{FFFD}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
