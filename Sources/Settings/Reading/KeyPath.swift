/// Where a value stands in its file: `models.fast-one.deployments[0].provider`.
struct KeyPath: Sendable, Equatable {
    /// Empty for the whole file.
    let text: String

    static let root = KeyPath(text: "")

    /// Keys that would make the path ambiguous are quoted: `models["gpt-4.1"]`.
    func member(_ key: String) -> KeyPath {
        if !key.isEmpty, key.consists(of: Self.plain) { return KeyPath(text: text.isEmpty ? key : "\(text).\(key)") }
        return KeyPath(text: "\(text)[\"\(key.prefix(100))\"]")
    }

    func element(_ index: Int) -> KeyPath { KeyPath(text: "\(text)[\(index)]") }

    private static let plain = NameCharacters.letters.union(NameCharacters.digits).union("_-/:$".utf8)
}
