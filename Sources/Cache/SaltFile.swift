package import Core
import Foundation

/// `cache-salts.json` in the state directory: the tenants' salts. Without it nothing that was cached can be read again.
package struct SaltFile: Sendable {
    private let path: String
    private var file: StateFile { StateFile(path: path) }

    /// Made where it is first written.
    package init(stateDirectory: String) { path = stateDirectory + "/cache-salts.json" }

    private struct Content: Codable {
        var version = 1
        let tenants: [String: Entry]
    }

    fileprivate struct Entry: Codable {
        struct Former: Codable {
            let salt: String
            let until: Int64
        }

        let salt: String
        let former: Former?
        let forgettings: UInt64
        let epoch: UInt64
    }

    /// The salts that were saved, none where nothing was. Blocks; for the start.
    ///
    /// - Throws: ``StateFileError`` when the file is damaged: going on with new salts would lose all that was cached, and
    ///   could undo a tenant's being forgotten.
    package func read() throws(StateFileError) -> [String: TenantSalt] {
        guard let bytes = try file.contents() else { return [:] }
        do throws(Damage) { return try Self.decode(bytes) } catch { throw damaged(error.how) }
    }

    /// What is wrong with salts that were written.
    struct Damage: Error { let how: String }

    static func decode(_ bytes: [UInt8]) throws(Damage) -> [String: TenantSalt] {
        let content: Content
        do { content = try JSONDecoder().decode(Content.self, from: Data(bytes)) } catch {
            throw Damage(how: "it is not JSON of the form that Quintet writes")
        }
        guard content.version == 1 else { throw Damage(how: "its version is \(content.version), and this Quintet knows 1") }
        var salts: [String: TenantSalt] = [:]
        for (tenant, entry) in content.tenants {
            guard let salt = TenantSalt(entry) else { throw Damage(how: "a tenant's salt is not 64 hexadecimal digits") }
            salts[tenant] = salt
        }
        return salts
    }

    static func encode(_ salts: [String: TenantSalt]) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        return try encoder.encode(Content(tenants: salts.mapValues(Entry.init)))
    }

    /// Saves all salts. Blocks; not for event loops.
    func write(_ salts: [String: TenantSalt]) throws(StateFileError) {
        guard let data = try? Self.encode(salts) else { throw file.error("cannot be written.", "This is a fault of Quintet's.") }
        try file.replace(with: Array(data) + [UInt8(ascii: "\n")])
    }

    private func damaged(_ how: String) -> StateFileError {
        file.error("is damaged: \(how).", "Restore it from a backup, or remove it: what was cached cannot be read any more then.")
    }
}

extension TenantSalt {
    fileprivate init?(_ entry: SaltFile.Entry) {
        guard let current = Self.bytes(entry.salt) else { return nil }
        var former: Former?
        if let written = entry.former {
            guard let salt = Self.bytes(written.salt) else { return nil }
            former = Former(salt: salt, until: written.until)
        }
        self.init(current: current, former: former, forgettings: entry.forgettings, epoch: entry.epoch)
    }

    private static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 2 * length, text.utf8.count == digits.count else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

extension SaltFile.Entry {
    fileprivate init(_ salt: TenantSalt) {
        self.init(
            salt: Hexadecimal.text(salt.current),
            former: salt.former.map { Former(salt: Hexadecimal.text($0.salt), until: $0.until) },
            forgettings: salt.forgettings, epoch: salt.epoch)
    }
}
