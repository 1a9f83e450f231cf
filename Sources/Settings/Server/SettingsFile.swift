import Configuration

/// `quintet.json`, its keys and types checked.
struct SettingsFile {
    /// As it is named in problems.
    let path: String
    let values: [(setting: Setting, content: ConfigContent)]

    static let defaultPath = "quintet.json"

    /// The file that a flag or variable names, which must exist, or the one in the working directory, if there is any.
    static func read(
        flags: Flags, environment: [String: String], directory: String
    ) throws(ConfigurationError) -> SettingsFile {
        let variable = environment["QUINTET_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        if let named = flags.config ?? variable {
            let path = FilePaths.join(directory, named)
            let place = flags.config == nil ? "QUINTET_CONFIG names it" : "--config names it"
            return try parse(TextFile.read(path, mend: "\(place): create it, or name another."), path: path)
        }
        let path = FilePaths.join(directory, defaultPath)
        guard let text = try TextFile.readIfPresent(path) else { return SettingsFile(path: path, values: []) }
        return try parse(text, path: path)
    }

    private static func parse(_ text: String, path: String) throws(ConfigurationError) -> SettingsFile {
        let problems = ProblemLog(file: path)
        var values: [(setting: Setting, content: ConfigContent)] = []
        if let reader = ObjectReader(try JSONParser.parse(text, file: path), problems: problems) {
            let mend = "Put them into a file of their own, one a line, and name it by 'api_keys_file'."
            reader.refuse(Setting.apiKeys.rawValue, "client keys do not belong here. \(mend)")
            reader.refuse(Setting.adminToken.rawValue, "the admin token does not belong here. Set \(Setting.adminToken.variable).")
            reader.refuse(Setting.cacheSecret.rawValue, "the cache secret does not belong here. Set \(Setting.cacheSecret.variable).")
            for setting in Setting.allCases where !setting.isSecret {
                if let content = content(of: setting, in: reader) { values.append((setting, content)) }
            }
            reader.refuseOtherKeys(of: "the settings")
        }
        try problems.check()
        return SettingsFile(path: path, values: values)
    }

    private static func content(of setting: Setting, in reader: ObjectReader) -> ConfigContent? {
        let key = setting.rawValue
        switch setting.kind {
        case .text: return reader.text(key).map { .string($0) }
        case .number: return reader.number(key).map { .double($0) }
        case .integer: return reader.integer(key).map { .int($0) }
        }
    }
}
