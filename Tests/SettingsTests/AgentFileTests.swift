import Core
import Settings
import Testing

@Suite struct AgentFileTests {
    static let matter = """
        id: dev
        name: Dev
        role: Developer
        description: "Writes: code"
        keywords: [code, c++, C#, .net]
        examples:
          - Why does this fail?
        tier: complex
        temperature: 0.2
        max_tokens: 4096
        """

    private func parse(_ matter: String, prompt: String = "You are Dev.") throws(ConfigurationError) -> Agent {
        try AgentFiles.parse("---\n\(matter)\n---\n\(prompt)\n", file: "agents/dev.md")
    }

    // MARK: What a file says

    @Test func readsAProfile() throws {
        let agent = Agent(
            id: "dev", name: "Dev", role: "Developer", description: "Writes: code", keywords: ["code", "c++", "C#", ".net"],
            examples: ["Why does this fail?"], tier: .complex, temperature: 0.2, maxTokens: 4096,
            prompt: "You are Dev.\n---\nDashes may follow.")
        #expect(try parse(Self.matter, prompt: "\n\n  You are Dev.\n---\nDashes may follow.\n\n") == agent)
    }

    @Test func linesMayEndAsOnWindows() throws {
        let text = "\u{FEFF}---\n\(Self.matter)\n---\nYou are Dev.\nAlways.\n".replacing("\n", with: "\r\n")
        let directory = try TemporaryDirectory(["dev.md": text])
        let agent = try #require(AgentFiles.read(directory: directory.path).first)
        #expect(agent.id == "dev")
        #expect(agent.prompt == "You are Dev.\nAlways.")
    }

    @Test func blocksOfYAMLLoseTheirLastLineBreak() throws {
        let matter = Self.matter.replacing("role: Developer", with: "role: >\n  Full-stack\n  developer")
        #expect(try parse(matter).role == "Full-stack developer")
    }

    @Test func littleIsRequired() throws {
        let agent = try parse("id: dev\nname: Dev\nrole: r\ndescription: d")
        #expect(agent.keywords.isEmpty)
        #expect(agent.examples.isEmpty)
        #expect(agent.tier == .medium)
        #expect(agent.temperature == nil)
        #expect(agent.maxTokens == nil)
    }

    @Test func theShippedAgentsAreSound() throws {
        let agents = try AgentFiles.read(directory: repository + "agents")
        #expect(agents.map(\.id) == ["atlas", "dev", "luna", "quinn", "sage"])
        for agent in agents {
            #expect(!agent.prompt.isEmpty && !agent.keywords.isEmpty && !agent.examples.isEmpty)
            #expect(!agent.prompt.contains("---\n"))
        }
    }

    @Test func aDirectoryIsReadInTheOrderOfIds() throws {
        func profile(_ id: String) -> String { "---\nid: \(id)\nname: n\nrole: r\ndescription: d\n---\nPrompt" }
        let directory = try TemporaryDirectory([
            "b.md": profile("b"), "a-1.md": profile("a-1"), "a.md": profile("a"), "README.md": "# About", "notes.txt": "x",
            ".hidden.md": "x",
        ])
        #expect(try AgentFiles.read(directory: directory.path).map(\.id) == ["a", "a-1", "b"])
    }

    // MARK: Mistakes

    @Test(arguments: [
        ("id: dev", "id: dve", "id: 'dve' must be in a file called dve.md. Rename one of the two."),
        ("id: dev\n", "", "id: is missing. Write the file's name without .md."),
        ("id: dev", "id: Dev", "id: must begin with a letter and consist of a to z, 0 to 9, _ and - (64 at most)."),
        ("id: dev", "id: 1dev", "id: must begin with a letter and consist of a to z, 0 to 9, _ and - (64 at most)."),
        ("id: dev", "id: de+v", "id: must begin with a letter and consist of a to z, 0 to 9, _ and - (64 at most)."),
        ("name: Dev\n", "", "name: is missing. Write what people call the agent."),
        ("name: Dev", "name: 007", "name: must be text between quotes, not a number."),
        ("name: Dev", "name: no", "name: must be text between quotes, not true or false."),
        ("name: Dev", "name:", "name: must be text between quotes, not null."),
        ("name: Dev", "name: [a]", "name: must be text between quotes, not a list."),
        ("role: Developer\n", "", "role: is missing. Write what it is, like: QA engineer."),
        ("description: \"Writes: code\"\n", "", "description: is missing. Write in a sentence what it does."),
        ("role: Developer", "rule: Developer\nrole: x", "rule: there is no such key in an agent. Did you mean 'role'?"),
        ("role: Developer", "colour: red\nrole: x", "colour: there is no such key in an agent. Remove it."),
        ("[code, c++, C#, .net]", "code", "keywords: must be a list of texts, not text."),
        ("[code, c++, C#, .net]", "[code, 404]", "keywords[1]: must be text between quotes, not a number."),
        ("[code, c++, C#, .net]", "[code, [a]]", "keywords[1]: must be text between quotes, not a list."),
        ("[code, c++, C#, .net]", "[code, \"\"]", "keywords[1]: must not be empty."),
        ("[code, c++, C#, .net]", "[code, Code]", "keywords[1]: 'Code' stands here twice. Remove one of the two."),
        (
            "[code, c++, C#, .net]", "[code, '!?']",
            "keywords[1]: has no letter or digit, so no message could match it. Remove it."
        ),
        ("tier: complex", "tier: hard", "tier: must be one of 'simple', 'medium', 'complex', not 'hard'."),
        ("temperature: 0.2", "temperature: 2.1", "temperature: must be from 0 to 2, not 2.1."),
        ("temperature: 0.2", "temperature: -1", "temperature: must be from 0 to 2, not -1."),
        ("temperature: 0.2", "temperature: .nan", "temperature: must be a number, not text."),
        ("temperature: 0.2", "temperature: '0.2'", "temperature: must be a number, not text."),
        ("temperature: 0.2", "temperature: hot", "temperature: must be a number, not text."),
        ("max_tokens: 4096", "max_tokens: 0", "max_tokens: must be a whole number from 1 to 1000000, not 0."),
        ("max_tokens: 4096", "max_tokens: 1.5", "max_tokens: must be a whole number from 1 to 1000000, not 1.5."),
        (
            "role: Developer", "role: Writes: code",
            "line 4, column 13: is no YAML: mapping values are not allowed in this context. Text with a colon or another special character stands between quotes."
        ),
        (
            "role: Developer", "role: [a",
            "line 5, column 12: is no YAML: did not find expected ',' or ']'. Text with a colon or another special character stands between quotes."
        ),
        ("role: Developer", "name: Dev", "line 3: 'name' stands here twice. Remove one of the two."),
    ])
    func tellsWhatIsWrongWhere(old: String, new: String, problem: String) {
        #expect(Self.matter.contains(old))
        #expect(complaints(try parse(Self.matter.replacing(old, with: new))) == ["agents/dev.md: " + problem])
    }

    @Test(arguments: [
        ("", "line 1: there is no front matter."), ("You are Dev.", "line 1: there is no front matter."),
        ("\n---\nid: dev\n---\nx", "line 1: there is no front matter."),
        ("---\nid: dev\nYou are Dev.", "line 1: the front matter is never closed by a line ---."),
        ("---\n- a\n---\nx", "must be an object { … }, not a list."),
        ("---\nid dev\n---\nx", "must be an object { … }, not text."),
    ])
    func tellsWhatIsWrongWithTheWhole(text: String, problem: String) {
        let found = complaints(try AgentFiles.parse(text, file: "agents/dev.md"))
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("agents/dev.md: " + problem) == true, "\(found)")
    }

    @Test func aProfileNeedsAPrompt() {
        #expect(
            complaints(try parse(Self.matter, prompt: " \n\t"))
                == ["agents/dev.md: there is no prompt. Write it below the second line ---."])
    }

    @Test func aliasesThatMultiplyDoNoHarm() {
        let levels = (1...30).map { "l\($0): &l\($0) [*l\($0 - 1), *l\($0 - 1)]" }.joined(separator: "\n")
        let found = complaints(try parse(Self.matter + "\nl0: &l0 [a]\n" + levels))
        #expect(found.count == 31)
    }

    @Test func tellsTheProblemsOfAllFilesAtOnce() throws {
        let directory = try TemporaryDirectory(["a.md": "no front matter", "b.md": "---\nid: b\n---\n"])
        let found = complaints(try AgentFiles.read(directory: directory.path))
        #expect(found.count == 5)
        #expect(found.first?.hasPrefix("\(directory.path)/a.md: line 1: ") == true)
        #expect(found.last?.hasPrefix("\(directory.path)/b.md: ") == true)
    }

    @Test func aMissingDirectoryNamesTheWayOut() throws {
        let mend = "Name one by --agents or QUINTET_AGENTS, or start where agents/ is."
        #expect(
            complaints(try AgentFiles.read(directory: "/no/agents")) == [
                "/no/agents: there is no such directory of agents. \(mend)"
            ])
        let directory = try TemporaryDirectory(["file": "x"])
        #expect(
            complaints(try AgentFiles.read(directory: directory.path)) == [
                "\(directory.path): holds 0 agents (*.md); it must be 1 to 100. \(mend)"
            ])
        let file = directory.path + "/file"
        #expect(complaints(try AgentFiles.read(directory: file)) == ["\(file): is no directory that can be read. \(mend)"])
    }
}
