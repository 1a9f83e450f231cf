package import Core

/// `models.json`, checked: each entry is sound by itself and refers only to entries that exist.
package struct ModelsFile: Sendable, Equatable {
    /// As it is named in problems.
    package let path: String
    /// In the order of their ids.
    package let providers: [ProviderEntry]
    /// In the order of their names; at least one.
    package let models: [ModelEntry]
    package let policy: Policy

    /// Reads the file; the error holds every problem found in it.
    package static func read(path: String) throws(ConfigurationError) -> ModelsFile {
        let mend = "Name one by --models or QUINTET_MODELS, or start where models.json is."
        return try parse(TextFile.read(path, mend: mend), path: path)
    }

    /// Reads a file's text; `path` is how problems name it.
    package static func parse(_ text: String, path: String) throws(ConfigurationError) -> ModelsFile {
        let problems = ProblemLog(file: path)
        let file = ObjectReader(try JSONParser.parse(text, file: path), problems: problems).map { ModelsFile($0, path: path) }
        try problems.check()
        guard let file else { throw ConfigurationError(path, "could not be read.") }
        return file
    }

    private init(_ reader: ObjectReader, path: String) {
        for key in ["providers", "models"] where !reader.has(key) {
            reader.note(key, "is missing. Write \"\(key)\": { … }.")
        }
        let providers = reader.object("providers")
        let models = reader.object("models")
        let names = EntryNames(providers: Set(providers?.keys ?? []), models: Set(models?.keys ?? []))
        if let models, models.keys.isEmpty { reader.note("models", "must hold at least one model.") }
        self.path = path
        self.providers = (providers?.namedObjects() ?? []).compactMap { ProviderEntry(id: $0.name, $0.reader) }
            .sorted { $0.id < $1.id }
        self.models = (models?.namedObjects() ?? []).compactMap { ModelEntry(name: $0.name, $0.reader, known: names) }
            .sorted { $0.name < $1.name }
        policy = reader.object("policy").map(PolicyReader.policy) ?? Policy()
        reader.refuseOtherKeys(of: "the file")
    }

    /// Whether any model's provider can be called. What a variable holds is checked when the catalogue is built.
    /// The environment with whatever turns these providers on, where that is missing; good for choosing, not for calling.
    package func environment(turningOn ids: Set<String>, beside environment: [String: String]) -> [String: String] {
        var environment = environment
        for provider in providers where ids.contains(provider.id) && (try? provider.state(environment: environment)) != .on {
            if let variable = provider.keyVariables.first { environment[variable] = "unused" }
            if let variable = provider.switchVariable { environment[variable] = "1" }
        }
        return environment
    }

    package func isAnyProviderOn(environment: [String: String]) -> Bool {
        let used = Set(models.flatMap(\.deployments).map(\.provider))
        return providers.contains { used.contains($0.id) && (try? $0.state(environment: environment)) == .on }
    }
}
