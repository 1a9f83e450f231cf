package import Core
import Foundation

/// The profiles in `agents/`: a Markdown file each, named after the agent's id.
package enum AgentFiles {
    private static let limit = 100

    /// Reads all profiles, in the order of their ids; the error holds every problem of all of them.
    package static func read(directory: String) throws(ConfigurationError) -> [Agent] {
        let mend = "Name one by --agents or QUINTET_AGENTS, or start where agents/ is."
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) else {
            throw ConfigurationError(directory, "there is no such directory of agents. \(mend)")
        }
        guard isDirectory.boolValue, let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw ConfigurationError(directory, "is no directory that can be read. \(mend)")
        }
        let profiles = names.filter { $0.hasSuffix(".md") && !$0.hasPrefix(".") && $0.lowercased() != "readme.md" }.sorted()
        guard (1...limit).contains(profiles.count) else {
            throw ConfigurationError(directory, "holds \(profiles.count) agents (*.md); it must be 1 to \(limit). \(mend)")
        }
        return try agents(in: profiles.map { FilePaths.join(directory, $0) })
    }

    private static func agents(in files: [String]) throws(ConfigurationError) -> [Agent] {
        var agents: [Agent] = []
        var problems: [ConfigurationError.Problem] = []
        for file in files {
            do {
                agents.append(try parse(TextFile.read(file, mend: "It was there a moment ago."), file: file))
            } catch {
                problems += error.problems
            }
        }
        if let error = ConfigurationError(problems) { throw error }
        return agents.sorted { $0.id < $1.id }
    }

    /// Reads a profile's text; `file` is its path.
    package static func parse(_ text: String, file: String) throws(ConfigurationError) -> Agent {
        let problems = ProblemLog(file: file)
        let matter = try FrontMatter(text, file: file)
        let agent = ObjectReader(matter.values, problems: problems).map { reader in
            Self.agent(reader, prompt: matter.body.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        try problems.check()
        guard let agent else { throw ConfigurationError(file, "could not be read.") }
        return agent
    }

    private static func agent(_ reader: ObjectReader, prompt: String) -> Agent {
        if prompt.isEmpty { reader.problems.note(at: nil, "there is no prompt. Write it below the second line ---.") }
        let agent = Agent(
            id: id(reader),
            name: reader.requiredText("name", mend: "Write what people call the agent."),
            role: reader.requiredText("role", mend: "Write what it is, like: QA engineer."),
            description: reader.requiredText("description", mend: "Write in a sentence what it does."),
            keywords: keywords(reader),
            examples: reader.texts("examples") ?? [],
            tier: reader.choice("tier") ?? .medium,
            temperature: reader.number("temperature", in: 0...2),
            maxTokens: reader.integer("max_tokens", in: 1...1_000_000),
            prompt: prompt)
        reader.refuseOtherKeys(of: "an agent")
        return agent
    }

    /// The id, which is the file's name too, so that no two agents have the same.
    private static func id(_ reader: ObjectReader) -> String {
        let id = reader.requiredText("id", mend: "Write the file's name without .md.")
        guard !id.isEmpty else { return id }
        let characters = NameCharacters.lowercase.union(NameCharacters.digits).union("_-".utf8)
        guard id.consists(of: characters, beginningWith: NameCharacters.lowercase), id.utf8.count <= 64 else {
            reader.note("id", "must begin with a letter and consist of a to z, 0 to 9, _ and - (64 at most).")
            return id
        }
        let fileName = reader.problems.file.split(separator: "/").last.map(String.init) ?? ""
        if fileName != id + ".md" { reader.note("id", "'\(id)' must be in a file called \(id).md. Rename one of the two.") }
        return id
    }

    private static func keywords(_ reader: ObjectReader) -> [String] {
        let keywords = reader.texts("keywords") ?? []
        var seen: Set<String> = []
        for (index, keyword) in keywords.enumerated() {
            let path = reader.path.member("keywords").element(index).text
            if !seen.insert(keyword.lowercased()).inserted {
                reader.problems.note(at: path, "'\(keyword.prefix(40))' stands here twice. Remove one of the two.")
            } else if !keyword.contains(where: { $0.isLetter || $0.isNumber || $0 == "+" || $0 == "#" }) {
                reader.problems.note(at: path, "has no letter or digit, so no message could match it. Remove it.")
            }
        }
        return keywords
    }
}
