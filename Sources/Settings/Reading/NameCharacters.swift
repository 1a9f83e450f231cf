/// The ASCII characters that names are made of.
enum NameCharacters {
    static let digits = Set("0123456789".utf8)
    static let hexadecimal = digits.union("abcdef".utf8)
    static let lowercase = Set("abcdefghijklmnopqrstuvwxyz".utf8)
    static let letters = lowercase.union("ABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
    /// Everything that is printed, the blank excepted.
    static let visible = Set(0x21...0x7E as ClosedRange<UInt8>)
}

extension StringProtocol {
    /// Whether it has no other characters, and begins with one of `first` if that is given.
    func consists(of characters: Set<UInt8>, beginningWith first: Set<UInt8>? = nil) -> Bool {
        guard utf8.allSatisfy(characters.contains) else { return false }
        guard let first else { return true }
        return utf8.first.map(first.contains) ?? false
    }
}
