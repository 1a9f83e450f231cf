/// A JSON value that can be written in many ways which mean the same.
indirect enum JSONTree {
    case object([(name: String, value: JSONTree)])
    case array([JSONTree])
    case string(String)
    /// As it would be written shortest.
    case number(String)
    /// `true`, `false`, `null`.
    case word(String)

    /// Written with keys in any order, blanks anywhere, characters escaped or not, numbers in any form.
    func text(by random: inout some RandomNumberGenerator) -> String {
        var text = ""
        write(to: &text, by: &random)
        return text
    }

    private func write(to text: inout String, by random: inout some RandomNumberGenerator) {
        func blank() {
            while Int.random(in: 0..<4, using: &random) == 0 { text += [" ", "\n", "\t", "\r"].randomElement(using: &random)! }
        }
        blank()
        switch self {
        case .object(let members):
            text += "{"
            for (place, member) in members.shuffled(using: &random).enumerated() {
                if place > 0 { text += "," }
                blank()
                Self.write(member.name, to: &text, by: &random)
                blank()
                text += ":"
                member.value.write(to: &text, by: &random)
            }
            blank()
            text += "}"
        case .array(let elements):
            text += "["
            for (place, element) in elements.enumerated() {
                if place > 0 { text += "," }
                element.write(to: &text, by: &random)
            }
            blank()
            text += "]"
        case .string(let string): Self.write(string, to: &text, by: &random)
        case .number(let number): text += Self.otherForm(of: number, by: &random)
        case .word(let word): text += word
        }
        blank()
    }

    private static func write(_ string: String, to text: inout String, by random: inout some RandomNumberGenerator) {
        let short: [Unicode.Scalar: String] = [
            "\"": "\\\"", "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\u{8}": "\\b", "\u{C}": "\\f", "/": "\\/",
        ]
        text += "\""
        for scalar in string.unicodeScalars {
            let mustEscape = scalar.value < 0x20 || scalar == "\"" || scalar == "\\"
            if let escape = short[scalar], mustEscape || Bool.random(using: &random) {
                text += escape
            } else if mustEscape || Int.random(in: 0..<8, using: &random) == 0 {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: Bool.random(using: &random))
                    text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                }
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    private static func otherForm(of number: String, by random: inout some RandomNumberGenerator) -> String {
        let withPoint = number.contains(".") ? number + "0" : number + ".0"
        return [number, number + "e0", withPoint, withPoint + "E-00", shifted(number)].randomElement(using: &random)!
    }

    /// With the point two places further left.
    private static func shifted(_ number: String) -> String {
        let sign = number.hasPrefix("-") ? "-" : ""
        let parts = number.drop { $0 == "-" }.split(separator: ".")
        let digits = "00" + parts[0]
        let whole = String(digits.dropLast(2)).drop { $0 == "0" }
        return sign + (whole.isEmpty ? "0" : whole) + "." + digits.suffix(2) + (parts.count > 1 ? parts[1] : "") + "e+2"
    }
}

extension JSONTree {
    /// All trees that differ from this one in one place: a value changed, a member or an element gone or doubled, two
    /// elements exchanged, a member renamed.
    var neighbours: [(place: String, tree: JSONTree)] {
        switch self {
        case .string(let string):
            return [("+x", .string(string + "x")), ("+blank", .string(string + " ")), ("number", .number("7"))]
        case .number(let number):
            return [
                ("digit", .number(number + (number.contains(".") ? "1" : ".5"))), ("text", .string(number)),
                ("sign", .number(number.hasPrefix("-") ? String(number.dropFirst()) : "-" + number)),
            ]
        case .word(let word):
            return ["true", "false", "null"].filter { $0 != word }.map { ($0, .word($0)) } + [("text", .string(word))]
        case .array(let elements):
            var all: [(String, JSONTree)] = [("null", .word("null")), ("longer", .array(elements + [.word("null")]))]
            for (place, element) in elements.enumerated() {
                var fewer = elements
                fewer.remove(at: place)
                all.append(("-[\(place)]", .array(fewer)))
                all.append(("2×[\(place)]", .array(Array(elements[...place]) + elements[place...])))
                if place > 0 {
                    var others = elements
                    others.swapAt(place - 1, place)
                    all.append(("↔[\(place)]", .array(others)))
                }
                for (inner, tree) in element.neighbours {
                    var others = elements
                    others[place] = tree
                    all.append(("[\(place)]\(inner)", .array(others)))
                }
            }
            return all
        case .object(let members):
            var all: [(String, JSONTree)] = [("+new", .object(members + [("new", .number("1"))]))]
            for (place, member) in members.enumerated() {
                var others = members
                others.remove(at: place)
                all.append((".\(member.name)-", .object(others)))
                others = members
                others[place].name += "_"
                all.append((".\(member.name)_", .object(others)))
                for (inner, tree) in member.value.neighbours {
                    others = members
                    others[place].value = tree
                    all.append((".\(member.name)\(inner)", .object(others)))
                }
            }
            return all
        }
    }
}
