/// What a deployment's entry says for people: tags and notes, few and short, because reports repeat them.
extension ObjectReader {
    private static let limit = 20
    private static let tagCharacters = NameCharacters.letters.union(NameCharacters.digits).union("._-:".utf8)

    /// Distinct words.
    func tags(_ key: String) -> [String] {
        let tags = texts(key) ?? []
        if tags.count > Self.limit { note(key, "must hold at most \(Self.limit) tags.") }
        for (index, tag) in tags.enumerated() {
            let place = path.member(key).element(index).text
            if !tag.consists(of: Self.tagCharacters) || tag.utf8.count > 64 {
                problems.note(at: place, "must have 1 to 64 letters, digits, '.', '_', '-' or ':'.")
            } else if tags.firstIndex(of: tag) != index {
                problems.note(at: place, "'\(tag)' stands here twice. Remove one of the two.")
            }
        }
        return tags
    }

    /// Texts, numbers and truth values by name, all as text.
    func notes(_ key: String) -> [String: String] {
        guard let reader = object(key) else { return [:] }
        if reader.keys.count > Self.limit { note(key, "must hold at most \(Self.limit) notes.") }
        var notes: [String: String] = [:]
        for name in reader.keys {
            if name.isEmpty || name.utf8.count > 64 { reader.note(name, "must have a name of 1 to 64 characters.") }
            notes[name] = reader.plainValue(name)
        }
        return notes
    }

    private func plainValue(_ name: String) -> String? {
        switch value(name) {
        case .boolean(let boolean)?: return "\(boolean)"
        case .number?: return number(name)?.written
        case .text?:
            guard let text = text(name) else { return nil }
            if text.count > 256 { note(name, "must have 256 characters at most.") }
            return text
        case let other?:
            note(name, "must be text, a number, true or false, not \(other.kind).")
            return nil
        case nil: return nil
        }
    }
}
