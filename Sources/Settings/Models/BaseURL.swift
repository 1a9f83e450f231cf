import Foundation

/// Where a provider's API begins: `https://api.openai.com/v1`.
struct BaseURL {
    /// Without a slash at its end.
    let text: String
    /// Whether what is sent can be read on the way: plain http to another machine.
    let isExposed: Bool

    /// What is wrong with a text. It never holds the text itself, in which there may be a password.
    struct Mistake: Error { let message: String }

    init(_ text: String) throws(Mistake) {
        func mistake(_ message: String) -> Mistake { Mistake(message: message) }
        guard text.consists(of: NameCharacters.visible), text.utf8.count <= 2000,
            let parts = URLComponents(string: text, encodingInvalidCharacters: false)
        else { throw mistake("is no URL. Write one like https://api.openai.com/v1.") }
        let scheme = parts.scheme?.lowercased()
        guard scheme == "http" || scheme == "https" else { throw mistake("must begin with https:// or http://.") }
        guard parts.user == nil, parts.password == nil else {
            throw mistake("must not hold a user or password. Name the variable that holds the key by 'api_key_env'.")
        }
        guard let host = parts.host, !host.isEmpty else {
            throw mistake("has no host. Write it like https://api.openai.com/v1.")
        }
        guard (1...65_535).contains(parts.port ?? 1) else { throw mistake("has no possible port. Use 1 to 65535.") }
        guard parts.query == nil, parts.fragment == nil else {
            throw mistake("must end with its path, without ? or #: paths are added to it.")
        }
        var text = text
        while text.hasSuffix("/") { text.removeLast() }
        guard !text.hasSuffix("/chat/completions") else {
            throw mistake("must end before /chat/completions, which is added to it.")
        }
        self.text = text
        isExposed = scheme == "http" && !Loopback.contains(host)
    }
}
