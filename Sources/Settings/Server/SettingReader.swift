import Configuration
import Synchronization

/// Looks each setting up in the flags, then the variables, then the file, and remembers which of them it came from.
final class SettingReader {
    /// Where settings come from, in the order in which they are asked.
    enum Source: Int { case flag, variable, file }

    /// A setting's value and who gave it; nil for nobody, which is the default.
    struct Found<Value> {
        let value: Value
        let source: Source?
    }

    let file: SettingsFile
    let problems: ProblemLog
    private let reader: ConfigReader
    private let lastAccess = LastAccess()

    init(flags: Flags, environment: [String: String], file: SettingsFile) {
        self.file = file
        problems = ProblemLog(file: file.path)
        // A variable that is set to nothing is how compose files leave one out.
        let variables = EnvironmentVariablesProvider(
            environmentVariables: environment.filter { $0.key.hasPrefix("QUINTET_") && !$0.value.isEmpty },
            secretsSpecifier: .specific(Set(Setting.allCases.filter(\.isSecret).map(\.variable))))
        reader = ConfigReader(
            providers: [
                InMemoryProvider(name: "flags", values: Self.byKey(flags.values)),
                variables.prefixKeys(with: ConfigKey([Setting.prefix])),
                InMemoryProvider(name: file.path, values: Self.byKey(file.values)),
            ],
            accessReporter: lastAccess)
    }

    private static func byKey(_ values: [(setting: Setting, content: ConfigContent)]) -> [AbsoluteConfigKey: ConfigValue] {
        Dictionary(
            values.map { (AbsoluteConfigKey([$0.setting.rawValue]), ConfigValue($0.content, isSecret: false)) }
        ) { first, _ in first }
    }

    // MARK: Values

    func text(_ setting: Setting) -> Found<String>? {
        found(setting, reader.string(forKey: key(of: setting), isSecret: setting.isSecret), "text")
    }

    /// One of a few words, however they are capitalised.
    func choice<Choice: RawRepresentable & CaseIterable>(_ setting: Setting, default standard: Choice) -> Choice
    where Choice.RawValue == String {
        guard let found = text(setting) else { return standard }
        if let choice = Choice(rawValue: found.value.lowercased()) { return choice }
        let words = Choice.allCases.map(\.rawValue)
        let meant = Spelling.suggestion(for: found.value, among: words)
        note(setting, found.source, "must be one of \(words.joined(separator: ", ")), not '\(found.value.prefix(40))'.\(meant)")
        return standard
    }

    /// A number in a range; nil where it is not set, or 0.
    func rate(_ setting: Setting, upTo most: Double) -> Double? {
        let wanted = "a number from 0 to \(most.written)"
        guard let found = found(setting, reader.double(forKey: key(of: setting)), wanted), found.value != 0 else { return nil }
        guard found.value > 0, found.value <= most else {
            note(setting, found.source, "must be \(wanted), not \(found.value.written).")
            return nil
        }
        return found.value
    }

    func integer(_ setting: Setting, in range: ClosedRange<Int>, default standard: Int) -> Int {
        let wanted = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        guard let found = found(setting, reader.int(forKey: key(of: setting)), wanted) else { return standard }
        guard range.contains(found.value) else {
            note(setting, found.source, "must be \(wanted), not \(found.value).")
            return standard
        }
        return found.value
    }

    func seconds(_ setting: Setting, from least: Double, default standard: Double) -> Duration {
        let wanted = "a number of seconds from \(least.written) to 3600"
        guard let found = found(setting, reader.double(forKey: key(of: setting)), wanted) else { return .seconds(standard) }
        guard found.value >= least, found.value <= 3600 else {
            note(setting, found.source, "must be \(wanted), not \(found.value.written).")
            return .seconds(standard)
        }
        return .seconds(found.value)
    }

    /// A path, seen from the directory of whoever gave it: a file's own, else the working directory.
    func path(_ setting: Setting, default standard: String, directory: String) -> Found<String> {
        guard let found = text(setting) else { return Found(value: FilePaths.join(directory, standard), source: nil) }
        if found.value.isEmpty { note(setting, found.source, "must not be empty.") }
        let base = found.source == .file ? FilePaths.directory(of: file.path) : directory
        return Found(value: FilePaths.join(base, found.value), source: found.source)
    }

    // MARK: Problems

    /// A problem of a setting, under the name by which it was given.
    func note(_ setting: Setting, _ source: Source?, _ message: String) {
        switch source {
        case .flag: problems.note(in: setting.flag, at: nil, message)
        case .variable: problems.note(in: setting.variable, at: nil, message)
        case .file: problems.note(at: setting.rawValue, message)
        case nil: problems.note(in: "\(setting.flag) or \(setting.variable)", at: nil, message)
        }
    }

    private func key(of setting: Setting) -> ConfigKey { ConfigKey([setting.rawValue]) }

    private func found<Value>(_ setting: Setting, _ value: Value?, _ wanted: String) -> Found<Value>? {
        let source = lastAccess.source
        if let value { return Found(value: value, source: source) }
        // Flags and files are typed already; only a variable can hold what is no number.
        if lastAccess.failed { note(setting, source, "must be \(wanted).\(hint(for: setting))") }
        return nil
    }

    /// Kubernetes sets variables of its own for every service: for one called `quintet`, `QUINTET_PORT` to a URL.
    private func hint(for setting: Setting) -> String {
        guard setting == .port, reader.string(forKey: key(of: .port))?.hasPrefix("tcp://") == true else { return "" }
        return " Kubernetes has set it for the service called quintet: set enableServiceLinks: false in the pod."
    }
}

/// Remembers which source answered last: the reader asks them in turn and stops at the first answer.
private final class LastAccess: AccessReporter {
    private let event = Mutex<AccessEvent?>(nil)

    func report(_ event: AccessEvent) { self.event.withLock { $0 = event } }

    /// The source that gave the value or failed to; nil when none had any.
    var source: SettingReader.Source? {
        event.withLock { event in
            guard let results = event?.providerResults, let last = results.last else { return nil }
            if case .success(let lookup) = last.result, lookup.value == nil { return nil }
            return SettingReader.Source(rawValue: results.count - 1)
        }
    }

    var failed: Bool {
        event.withLock { event in
            if case .failure = event?.providerResults.last?.result { true } else { false }
        }
    }
}
