package import Core

/// A provider as `models.json` describes it.
package struct ProviderEntry: Sendable, Equatable {
    package let id: String
    package let api: Provider.API
    /// Without a trailing slash.
    package let baseURL: String
    /// The variables that hold its keys; none for a keyless provider.
    package let keyVariables: [String]
    /// The variable that turns it on; nil for one that needs no turning on.
    package let switchVariable: String?
    package let acceptsStreamOptions: Bool
    package let outputLimitField: Provider.OutputLimitField
    package let inFlightLimit: Int
    package let prefill: Provider.Prefill

    package init(
        id: String, api: Provider.API = .openai, baseURL: String, keyVariables: [String] = [],
        switchVariable: String? = nil, acceptsStreamOptions: Bool = true,
        outputLimitField: Provider.OutputLimitField = .maxTokens, inFlightLimit: Int = 100,
        prefill: Provider.Prefill = Provider.Prefill()
    ) {
        self.id = id
        self.api = api
        self.baseURL = baseURL
        self.keyVariables = keyVariables
        self.switchVariable = switchVariable
        self.acceptsStreamOptions = acceptsStreamOptions
        self.outputLimitField = outputLimitField
        self.inFlightLimit = inFlightLimit
        self.prefill = prefill
    }
}

// MARK: - From the environment

extension ProviderEntry {
    /// Whether it can be called, and if not, what to set.
    func state(environment: [String: String]) throws(ConfigurationError) -> Provider.State {
        var mends: [String] = []
        if !keyVariables.isEmpty, keyVariables.allSatisfy({ environment[$0, default: ""].isEmpty }) {
            mends.append("set \(keyVariables.joined(separator: " or "))")
        }
        if let switchVariable, try !isSwitchedOn(switchVariable, environment: environment) {
            mends.append("set \(switchVariable)=1")
        }
        return mends.isEmpty ? .on : .off(mend: mends.joined(separator: " and "))
    }

    /// The ways into it that the environment gives keys for, with those keys; for a keyless provider one without a key. A key
    /// keeps its number whichever others are set.
    func accesses(environment: [String: String]) throws(ConfigurationError) -> [(access: Provider.Access, key: Secret?)] {
        if keyVariables.isEmpty { return [(Provider.Access(id: id, keyVariable: nil), nil)] }
        var found: [(Provider.Access, Secret?)] = []
        for (index, variable) in keyVariables.enumerated() {
            guard let value = environment[variable], !value.isEmpty else { continue }
            let access = Provider.Access(id: index == 0 ? id : "\(id)#\(index + 1)", keyVariable: variable)
            found.append((access, try Secret(value, from: variable)))
        }
        return found
    }

    private func isSwitchedOn(_ variable: String, environment: [String: String]) throws(ConfigurationError) -> Bool {
        switch environment[variable, default: ""].lowercased() {
        case "1", "true", "yes", "on": return true
        case "", "0", "false", "no", "off": return false
        default: throw ConfigurationError(variable, "must be 1 or 0: it turns the provider '\(id)' on or off.")
        }
    }
}

// MARK: - From a file

extension ProviderEntry {
    private static let alphanumerics = NameCharacters.letters.union(NameCharacters.digits)

    init?(id: String, _ reader: ObjectReader) {
        let characters = Self.alphanumerics.union("._-".utf8)
        guard id.consists(of: characters, beginningWith: Self.alphanumerics), id.utf8.count <= 64 else {
            let mend = "must consist of letters, digits, '.', '_' and '-', and begin with a letter or digit (64 at most)."
            reader.problems.note(at: reader.path.text, "a provider's name \(mend)")
            return nil
        }
        let api: Provider.API = reader.choice("api") ?? .openai
        let url = Self.baseURL(reader)
        let keyVariables = Self.keyVariables(reader)
        let mayExposeKey = reader.boolean("allow_http") ?? false
        if let url, url.isExposed, !keyVariables.isEmpty, !mayExposeKey {
            let mend = "Use https, or set \"allow_http\": true if nobody can listen on that network."
            reader.note("base_url", "would send the key over plain http to another machine. \(mend)")
        }
        self.init(
            id: id, api: api, baseURL: url?.text ?? "", keyVariables: keyVariables,
            switchVariable: Self.variable("enabled_env", reader),
            acceptsStreamOptions: reader.boolean("supports_stream_options") ?? true,
            outputLimitField: reader.choice("max_tokens_field") ?? .maxTokens,
            inFlightLimit: reader.integer("max_in_flight", in: 1...10_000) ?? 100,
            prefill: reader.object("assistant_prefill").map(Self.prefill) ?? Provider.Prefill())
        reader.ignoreMetadata()
        for key in ["api_key", "key", "apiKey"] {
            let mend = "Put it into an environment variable and name that by 'api_key_env'."
            reader.refuse(key, "keys do not belong here. \(mend)")
        }
        reader.refuseOtherKeys(of: "a provider", mend: "Remove it, or put it under 'metadata'.")
    }

    private static func baseURL(_ reader: ObjectReader) -> BaseURL? {
        let mend = "Write the URL before /chat/completions, like https://api.openai.com/v1."
        let text = reader.requiredText("base_url", mend: mend)
        guard !text.isEmpty else { return nil }
        do {
            return try BaseURL(text)
        } catch {
            reader.note("base_url", error.message)
            return nil
        }
    }

    private static func prefill(_ reader: ObjectReader) -> Provider.Prefill {
        func fields(_ key: String) -> [String: Bool] {
            guard let object = reader.object(key) else { return [:] }
            return object.keys.reduce(into: [:]) { fields, name in fields[name] = object.boolean(name) }
        }
        let prefill = Provider.Prefill(
            messageFields: fields("message"), requestFields: fields("request"), isEchoed: reader.boolean("echoes") ?? false)
        reader.refuseOtherKeys(of: "assistant_prefill")
        return prefill
    }

    /// Most keys of one provider.
    private static let keyLimit = 20

    /// One variable, or a list of them.
    private static func keyVariables(_ reader: ObjectReader) -> [String] {
        let key = "api_key_env"
        guard case .array? = reader.value(key) else { return variable(key, reader).map { [$0] } ?? [] }
        let names = reader.texts(key) ?? []
        if !(1...keyLimit).contains(names.count) {
            reader.note(key, "must name 1 to \(keyLimit) variables. Leave it out for a provider without a key.")
        }
        for (index, name) in names.enumerated() {
            let path = reader.path.member(key).element(index).text
            if !isVariable(name) {
                reader.problems.note(at: path, variableMistake)
            } else if names.firstIndex(of: name) != index {
                reader.problems.note(at: path, "'\(name)' stands here twice. Remove one of the two.")
            }
        }
        return names
    }

    private static func variable(_ key: String, _ reader: ObjectReader) -> String? {
        guard let text = reader.text(key) else { return nil }
        if isVariable(text) { return text }
        reader.note(key, variableMistake)
        return nil
    }

    private static func isVariable(_ text: String) -> Bool {
        text.utf8.count <= 200
            && text.consists(of: alphanumerics.union("_".utf8), beginningWith: NameCharacters.letters.union("_".utf8))
    }

    /// What is no name is not repeated: it may be the key itself.
    private static let variableMistake =
        "must be the name of an environment variable, like OPENAI_API_KEY, not a value."
}
