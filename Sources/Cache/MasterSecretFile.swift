package import Core

extension MasterSecret {
    /// The secret that someone gave, or the one in `cache-secret` of the state directory, which is made where there is none.
    /// The file's content, given as the variable of another replica, is the same secret.
    ///
    /// Blocks; for the start.
    ///
    /// - Parameter given: at least 32 characters.
    /// - Throws: ``StateFileError`` when the file is not one of ours, or can be read by others.
    package static func load(given: String?, stateDirectory: String) throws(StateFileError) -> MasterSecret {
        let file = file(in: stateDirectory)
        if let secret = try find(given: given, in: file) { return secret }
        var random = SystemRandomNumberGenerator()
        let digits = (0..<64).map { _ in Array("0123456789abcdef".utf8).randomElement(using: &random)! }
        // Two processes that start at the same time take the one that was first.
        _ = try file.create(with: digits + [UInt8(ascii: "\n")])
        guard let secret = try kept(in: file) else { throw file.error("was removed while it was read.", "Start again.") }
        return secret
    }

    /// What ``load(given:stateDirectory:)`` would take without making any: nil where there is none yet.
    package static func find(given: String?, stateDirectory: String) throws(StateFileError) -> MasterSecret? {
        try find(given: given, in: file(in: stateDirectory))
    }

    private static func file(in stateDirectory: String) -> StateFile { StateFile(path: stateDirectory + "/cache-secret") }

    private static func find(given: String?, in file: StateFile) throws(StateFileError) -> MasterSecret? {
        if let given, let secret = MasterSecret(Array(given.utf8)) { return secret }
        return try kept(in: file)
    }

    private static func kept(in file: StateFile) throws(StateFileError) -> MasterSecret? {
        guard var content = try file.contents() else { return nil }
        while let last = content.last, [0x0A, 0x0D, 0x20].contains(last) { content.removeLast() }
        guard content.allSatisfy({ (0x21...0x7E).contains($0) }), let secret = MasterSecret(content) else {
            throw file.error(
                "is damaged: it must hold one line of at least 32 letters and digits.",
                "Restore it from a backup, or remove it: what was cached cannot be read any more then.")
        }
        return secret
    }
}
