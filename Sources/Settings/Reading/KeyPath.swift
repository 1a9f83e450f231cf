/// Where a value stands in its file: `models.fast-one.deployments[0].provider`.
struct KeyPath: Sendable, Equatable {
    /// Empty for the whole file.
    let text: String

    static let root = KeyPath(text: "")

    /// Keys that would make the path ambiguous are quoted: `models["gpt-4.1"]`.
    func member(_ key: String) -> KeyPath {
        let isPlain = !key.isEmpty && key.utf8.allSatisfy { Self.plain.contains($0) }
        if isPlain { return KeyPath(text: text.isEmpty ? key : "\(text).\(key)") }
        return KeyPath(text: "\(text)[\"\(key.prefix(100))\"]")
    }

    func element(_ index: Int) -> KeyPath { KeyPath(text: "\(text)[\(index)]") }

    private static let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-/:$".utf8)
}
