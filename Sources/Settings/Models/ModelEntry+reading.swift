import Core

/// The names that a file's entries may refer to: all that stand in it, those with problems included, so that one mistake is
/// told once.
struct EntryNames {
    let providers: Set<String>
    let models: Set<String>
}

extension ModelEntry {
    init?(name: String, _ reader: ObjectReader, known names: EntryNames) {
        if let message = Self.mistake(inName: name) {
            reader.problems.note(at: reader.path.text, message)
            return nil
        }
        self.init(
            name: name,
            deployments: Self.deployments(reader, known: names),
            balance: reader.choice("balance"),
            fallbacks: Self.fallbacks(of: name, reader, known: names),
            quality: reader.integer("quality", in: 0...100) ?? 50,
            tier: reader.choice("tier"),
            inputWindow: reader.integer("max_input_tokens", in: 1...1_000_000_000),
            outputWindow: reader.integer("max_output_tokens", in: 1...1_000_000_000),
            abilities: Self.abilities(reader),
            acceptsSampling: reader.boolean("supports_sampling_params") ?? true,
            price: PriceReader(reader).price(),
            timeouts: reader.object("timeouts").map(Self.timeouts) ?? Timeouts(),
            ownedBy: reader.text("owned_by"),
            acceptsPrefill: reader.boolean("supports_assistant_prefill") ?? false)
        reader.ignoreMetadata()
        // The public price catalogue says more of models than Quintet reads; its fields may be copied as they are.
        reader.ignore(where: { $0.hasPrefix("supports_") }) { _ = reader.boolean($0) }
        reader.ignore(where: { $0.contains("cost") }) { key in
            if let number = reader.number(key), number < 0 { reader.note(key, "must not be negative.") }
        }
        reader.refuseOtherKeys(of: "a model", mend: "Remove it, or put it under 'metadata'.")
    }

    private static func mistake(inName name: String) -> String? {
        if name == "auto" || name == "team" || name.hasPrefix("agent/") || name.hasPrefix("team/") {
            return "callers reach Quintet's agents by 'auto', 'team', 'agent/…' and 'team/…'. Choose another name."
        }
        let isPlain = name.unicodeScalars.allSatisfy { scalar in
            !scalar.properties.isWhitespace && ![.control, .format].contains(scalar.properties.generalCategory)
        }
        guard isPlain, (1...200).contains(name.utf8.count) else {
            return "a model's name must have 1 to 200 characters, none of them blank or invisible."
        }
        return nil
    }

    // MARK: Where it runs

    private static func deployments(_ reader: ObjectReader, known names: EntryNames) -> [Deployment] {
        let example = "Write [{\"provider\": \"…\", \"model\": \"…\"}]."
        if !reader.has("deployments") { reader.note("deployments", "is missing. \(example)") }
        if case .array(let elements)? = reader.value("deployments"), elements.isEmpty || elements.count > 100 {
            reader.note("deployments", "must hold 1 to 100 deployments. \(example)")
        }
        return (reader.objects("deployments") ?? []).map { entry in
            let provider = entry.requiredText("provider", mend: "Name one of 'providers'.")
            if !provider.isEmpty, !names.providers.contains(provider) {
                let meant = Spelling.suggestion(for: provider, among: names.providers)
                entry.note("provider", "there is no provider '\(provider.prefix(64))'.\(meant)")
            }
            let model = entry.requiredText("model", mend: "Write the model's name at that provider.")
            let weight = entry.integer("weight", in: 1...1_000_000) ?? 1
            let tags = entry.tags("tags")
            let metadata = entry.notes("metadata")
            entry.refuseOtherKeys(of: "a deployment", mend: "Remove it, or put it under 'metadata'.")
            return Deployment(provider: provider, modelName: model, weight: weight, tags: tags, metadata: metadata)
        }
    }

    private static func fallbacks(of name: String, _ reader: ObjectReader, known names: EntryNames) -> [String]? {
        guard let fallbacks = reader.texts("fallbacks") else { return nil }
        var seen: Set<String> = []
        for (index, fallback) in fallbacks.enumerated() {
            let path = reader.path.member("fallbacks").element(index).text
            if fallback == name {
                reader.problems.note(at: path, "a model cannot stand in for itself. Remove it.")
            } else if !names.models.contains(fallback) {
                let meant = Spelling.suggestion(for: fallback, among: names.models)
                reader.problems.note(at: path, "there is no model '\(fallback.prefix(64))'.\(meant)")
            } else if !seen.insert(fallback).inserted {
                reader.problems.note(at: path, "'\(fallback.prefix(64))' stands here twice. Remove one of the two.")
            }
        }
        return fallbacks
    }

    // MARK: What it can do

    /// A model of which nothing is said is taken to do what nearly all do; where anything is said, what is not said is not so.
    private static func abilities(_ reader: ObjectReader) -> Abilities {
        let keys: [(String, Abilities)] = [
            ("supports_function_calling", .tools), ("supports_vision", .vision),
            ("supports_response_schema", .responseSchema), ("supports_audio_input", .audio),
        ]
        let others = ["supports_sampling_params", "supports_assistant_prefill"]
        let isSilent = !reader.keys.contains { $0.hasPrefix("supports_") && !others.contains($0) }
        if isSilent { return [.tools, .responseSchema] }
        return keys.reduce(into: Abilities()) { abilities, entry in
            if reader.boolean(entry.0) ?? false { abilities.insert(entry.1) }
        }
    }

    private static func timeouts(_ reader: ObjectReader) -> Timeouts {
        var timeouts = Timeouts()
        let keys: [(String, WritableKeyPath<Timeouts, Duration>)] = [
            ("connect_seconds", \.connect), ("first_content_seconds", \.firstContent), ("answer_seconds", \.answer),
            ("stall_seconds", \.stall), ("acquire_seconds", \.acquire), ("total_seconds", \.total),
        ]
        for (key, timeout) in keys {
            if let duration = reader.seconds(key, upTo: 3600) { timeouts[keyPath: timeout] = duration }
        }
        reader.refuseOtherKeys(of: "timeouts")
        return timeouts
    }
}
