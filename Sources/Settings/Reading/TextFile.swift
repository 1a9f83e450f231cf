import Foundation

/// Reads whole configuration files.
enum TextFile {
    /// No configuration file is larger; what is was named by mistake.
    private static let limit = 16 << 20

    /// The file's text, without a byte order mark; `mend` says what to do when there is no such file.
    static func read(_ path: String, mend: String) throws(ConfigurationError) -> String {
        guard let text = try readIfPresent(path) else {
            throw ConfigurationError(path, "there is no such file. \(mend)")
        }
        return text
    }

    /// nil when there is no such file.
    static func readIfPresent(_ path: String) throws(ConfigurationError) -> String? {
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return nil }
        guard !isDirectory.boolValue else { throw ConfigurationError(path, "is a directory. Name a file.") }
        guard let data = contents(of: path) else {
            throw ConfigurationError(path, "cannot be read. Give the user that runs Quintet the right to read it.")
        }
        guard data.count <= limit else {
            throw ConfigurationError(path, "is larger than 16 MiB, so it is hardly the file that was meant.")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw ConfigurationError(path, "is not UTF-8 text. Save it as UTF-8.")
        }
        return text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
    }

    /// At most a little over the limit, so that an endless device ends too; nil when it cannot be read.
    private static func contents(of path: String) -> Data? {
        guard let file = FileHandle(forReadingAtPath: path) else { return nil }
        defer { try? file.close() }
        do {
            return try file.read(upToCount: limit + 1) ?? Data()
        } catch {
            return nil
        }
    }
}
