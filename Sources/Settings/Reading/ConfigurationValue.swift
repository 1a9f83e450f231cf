/// A value of a configuration file, be it JSON or YAML. Objects keep the order in which they were written.
indirect enum ConfigurationValue: Sendable {
    case null
    case boolean(Bool)
    /// Doubles hold every whole number that a setting can have.
    case number(Double)
    case text(String)
    case array([ConfigurationValue])
    case object([Member])

    typealias Member = (key: String, value: ConfigurationValue)

    /// What it is, in words, for problems. Never the value: it may be a secret in the wrong place.
    var kind: String {
        switch self {
        case .null: "null"
        case .boolean: "true or false"
        case .number: "a number"
        case .text: "text"
        case .array: "a list"
        case .object: "an object"
        }
    }
}

extension Double {
    /// As a person writes it: `101`, not `101.0`.
    var written: String { Int(exactly: self).map(String.init) ?? description }
}
