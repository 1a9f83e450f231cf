/// The keys that clients must show, from a variable or a file; never from a flag, which every user of the machine can see.
enum ClientKeys {
    private static let limit = 1000

    /// The keys, none if nobody gave any; nil when there are some and they cannot be used.
    static func read(_ reader: SettingReader, directory: String) -> [Secret]? {
        let file = reader.text(.apiKeysFile)
        guard let variable = reader.text(.apiKeys) else {
            return file == nil ? [] : keys(inFile: reader.path(.apiKeysFile, default: "", directory: directory).value, reader)
        }
        if file?.source == .variable {
            reader.note(.apiKeysFile, .variable, "\(Setting.apiKeys.variable) is set as well. Unset one of the two.")
        }
        let parts = variable.value.split(separator: ",", omittingEmptySubsequences: false)
        return secrets(parts.map { (trimmed($0), nil) }, from: Setting.apiKeys.variable, reader.problems)
    }

    /// One key a line; empty lines and those that begin with `#` are skipped.
    private static func keys(inFile path: String, _ reader: SettingReader) -> [Secret]? {
        do {
            let text = try TextFile.read(path, mend: "Create it with one key a line, or name another as api_keys_file.")
            let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(trimmed)
            let keys = lines.enumerated().filter { !$1.hasPrefix("#") }
            return secrets(keys.map { ($1, "line \($0 + 1)") }, from: path, reader.problems)
        } catch {
            reader.problems.note(error)
            return nil
        }
    }

    /// Blanks beside a comma or at a line's end are no part of a key.
    private static func trimmed(_ part: Substring) -> String {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        return String(part.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    /// The keys, each once; nil when one of them, or their number, is unusable.
    private static func secrets(
        _ keys: [(text: String, position: String?)], from place: String, _ problems: ProblemLog
    ) -> [Secret]? {
        let keys = keys.filter { !$0.text.isEmpty }
        guard (1...limit).contains(keys.count) else {
            let message = keys.isEmpty ? "holds no key. Add one, or unset it." : "holds more than \(limit) keys."
            problems.note(in: place, at: nil, message)
            return nil
        }
        var secrets: [Secret] = []
        var areUsable = true
        for key in keys {
            do {
                let secret = try Secret(key.text, from: place, at: key.position)
                if !secrets.contains(secret) { secrets.append(secret) }
            } catch {
                problems.note(error)
                areUsable = false
            }
        }
        return areUsable ? secrets : nil
    }
}
