/// Reads one object of a file, key by key: checks types and ranges, notes every problem under the key's path, and refuses in
/// the end the keys that nobody asked for.
///
/// A value with a problem reads as nil, or as a placeholder where it is required; `ProblemLog.check` keeps both from use.
final class ObjectReader {
    let path: KeyPath
    let problems: ProblemLog
    let keys: [String]
    private let values: [String: ConfigurationValue]
    private var asked: Set<String> = []
    private var refused: Set<String> = []

    private init(_ members: [ConfigurationValue.Member], path: KeyPath, problems: ProblemLog) {
        self.path = path
        self.problems = problems
        keys = members.map(\.key)
        values = Dictionary(members.map { ($0.key, $0.value) }) { first, _ in first }
    }

    /// nil, with a problem noted, when the value is no object.
    convenience init?(_ value: ConfigurationValue, path: KeyPath = .root, problems: ProblemLog) {
        guard case .object(let members) = value else {
            problems.note(at: path == .root ? nil : path.text, "must be an object { … }, not \(value.kind).")
            return nil
        }
        self.init(members, path: path, problems: problems)
    }

    func note(_ key: String, _ message: String) {
        problems.note(at: path.member(key).text, message)
    }

    func has(_ key: String) -> Bool { values[key] != nil }

    // MARK: Values

    /// The key's value; nil when it is absent.
    func value(_ key: String) -> ConfigurationValue? {
        asked.insert(key)
        return values[key]
    }

    /// A line of text that says something.
    func text(_ key: String) -> String? {
        guard let value = value(key) else { return nil }
        guard case .text(let text) = value else { return mismatch(key, "text between quotes", value) }
        if let message = Self.mistake(inLine: text) {
            note(key, message)
            return nil
        }
        return text
    }

    private static func mistake(inLine text: String) -> String? {
        guard let first = text.first(where: { !$0.isWhitespace }) else {
            return "must not be empty. Fill it in, or remove the key."
        }
        guard first == text.first, text.last?.isWhitespace == false else { return "has blanks around it. Remove them." }
        let isLine = text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        return isLine ? nil : "must be one line, without control characters."
    }

    func requiredText(_ key: String, mend: String) -> String {
        if !has(key) { note(key, "is missing. \(mend)") }
        return text(key) ?? ""
    }

    func boolean(_ key: String) -> Bool? {
        guard let value = value(key) else { return nil }
        guard case .boolean(let boolean) = value else { return mismatch(key, "true or false", value) }
        return boolean
    }

    /// Any finite number.
    func number(_ key: String) -> Double? {
        guard let value = value(key) else { return nil }
        guard case .number(let number) = value, number.isFinite else { return mismatch(key, "a number", value) }
        return number
    }

    func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        guard let number = number(key) else { return nil }
        guard range.contains(number) else {
            note(key, "must be from \(range.lowerBound.written) to \(range.upperBound.written), not \(number.written).")
            return nil
        }
        return number
    }

    func integer(_ key: String, in range: ClosedRange<Int>? = nil) -> Int? {
        guard let number = number(key) else { return nil }
        guard let integer = Int(exactly: number), range?.contains(integer) ?? true else {
            let bounds = range.map { " from \($0.lowerBound) to \($0.upperBound)" } ?? ""
            note(key, "must be a whole number\(bounds), not \(number.written).")
            return nil
        }
        return integer
    }

    /// A length of time in seconds, more than none.
    func seconds(_ key: String, upTo limit: Double) -> Duration? {
        guard let number = number(key) else { return nil }
        guard number > 0, number <= limit else {
            note(key, "must be more than 0 and at most \(limit.written) seconds, not \(number.written).")
            return nil
        }
        return .seconds(number)
    }

    /// One of a few words.
    func choice<Choice: RawRepresentable & CaseIterable>(_ key: String) -> Choice? where Choice.RawValue == String {
        guard let text = text(key) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let words = Choice.allCases.map(\.rawValue)
        let list = words.map { "'\($0)'" }.joined(separator: ", ")
        let meant = Spelling.suggestion(for: text, among: words)
        note(key, "must be \(words.count == 1 ? list : "one of \(list)"), not '\(text.prefix(40))'.\(meant)")
        return nil
    }

    /// A list of texts; it may be empty.
    func texts(_ key: String) -> [String]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value else { return mismatch(key, "a list of texts", value) }
        let path = path.member(key)
        return elements.enumerated().compactMap { index, element in
            if case .text(let text) = element, text.contains(where: { !$0.isWhitespace }) { return text }
            let isEmpty = if case .text = element { true } else { false }
            let message = isEmpty ? "must not be empty." : "must be text between quotes, not \(element.kind)."
            problems.note(at: path.element(index).text, message)
            return nil
        }
    }

    private func mismatch<Value>(_ key: String, _ wanted: String, _ value: ConfigurationValue) -> Value? {
        note(key, "must be \(wanted), not \(value.kind).")
        return nil
    }

    // MARK: Objects

    func object(_ key: String) -> ObjectReader? {
        value(key).flatMap { ObjectReader($0, path: path.member(key), problems: problems) }
    }

    /// A reader for each object of a list; nil when there is no list.
    func objects(_ key: String) -> [ObjectReader]? {
        guard let value = value(key) else { return nil }
        guard case .array(let elements) = value else { return mismatch(key, "a list [ … ] of objects", value) }
        return elements.enumerated().compactMap { index, element in
            ObjectReader(element, path: path.member(key).element(index), problems: problems)
        }
    }

    /// A reader for each member of an object whose keys are names that people choose.
    func namedObjects() -> [(name: String, reader: ObjectReader)] {
        keys.compactMap { key in object(key).map { (key, $0) } }
    }

    // MARK: Keys that nobody reads

    /// An object in which people may keep what they like.
    func ignoreMetadata() {
        if let value = value("metadata"), case .object = value { return }
        if let value = value("metadata") { note("metadata", "must be an object { … }, not \(value.kind).") }
    }

    /// Lets keys be that are none of ours, unless they look like one of ours misspelt.
    func ignore(where isKnown: (String) -> Bool, check: (String) -> Void) {
        for key in keys where !asked.contains(key) && isKnown(key) {
            if let meant = Spelling.nearest(to: key, among: asked, limit: 2) {
                note(key, "there is no such key. Did you mean '\(meant)'?")
                refused.insert(key)
            } else {
                check(key)
            }
        }
    }

    /// A key that people write here and must not.
    func refuse(_ key: String, _ message: String) {
        guard has(key) else { return }
        refused.insert(key)
        note(key, message)
    }

    /// Notes every key that nothing asked for; to be called last. `place` says what the object is: `a model`.
    func refuseOtherKeys(of place: String, mend: String = "Remove it.") {
        for key in keys where !asked.contains(key) && !refused.contains(key) {
            let meant = Spelling.suggestion(for: key, among: asked)
            note(key, "there is no such key in \(place).\(meant.isEmpty ? " \(mend)" : meant)")
        }
    }
}
