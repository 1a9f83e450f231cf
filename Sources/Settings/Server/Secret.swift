/// A key that may be sent or compared, and never be shown: all its descriptions are `<redacted>`.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let value: String

    /// Takes a value fit for an HTTP header. `place`, the variable or file that holds it, is all that an error tells.
    package init(_ value: String, from place: String, at position: String? = nil) throws(ConfigurationError) {
        func refusal(_ message: String) -> ConfigurationError { ConfigurationError(place, at: position, message) }
        let bytes = value.utf8
        guard !bytes.isEmpty else { throw refusal("holds an empty key. Fill it in, or unset it.") }
        guard bytes.count <= 4096 else { throw refusal("holds a key of more than 4096 bytes. Check what was pasted.") }
        guard value.consists(of: NameCharacters.visible.union([0x20])) else {
            let mend = "Paste it again, without its surroundings."
            throw refusal("the key holds a line break or another character that no key has. \(mend)")
        }
        guard bytes.first != 0x20, bytes.last != 0x20 else { throw refusal("the key has blanks around it. Remove them.") }
        self.value = value
    }

    /// The key itself, for the header that it belongs in.
    package func reveal() -> String { value }

    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

extension Secret: Equatable {
    /// Takes the same time wherever the keys differ.
    package static func == (left: Secret, right: Secret) -> Bool {
        guard left.value.utf8.count == right.value.utf8.count else { return false }
        return zip(left.value.utf8, right.value.utf8).reduce(0) { $0 | $1.0 ^ $1.1 } == 0
    }
}
