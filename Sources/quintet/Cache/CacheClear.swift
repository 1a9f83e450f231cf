import ArgumentParser
import NIOCore
import NIOHTTP1
import Wire

/// `quintet cache clear`.
struct CacheClear: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Let the cache forget answers, in all its tiers and replicas.",
        discussion: """
            With QUINTET_API_KEY you forget what is yours: by --tag, --user or --session, or all of it with --mine. \
            The others reach every tenant's answers and want QUINTET_ADMIN_TOKEN.
            """)

    @OptionGroup var client: ClientFlags
    @Option(help: "Answers with a tag of your own.")
    var tag: String?
    @Option(help: "Answers to one of your users.")
    var user: String?
    @Option(help: "Answers in one of your sessions.")
    var session: String?
    @Flag(help: "All answers to you.")
    var mine = false
    @Option(help: "An agent's answers.")
    var agent: String?
    @Option(help: "A model's answers.")
    var model: String?
    @Option(help: "The answer with this key.")
    var key: String?
    @Option(help: "Answers whose key matches, as in 'v1:*'.")
    var glob: String?
    @Flag(help: "Everything.")
    var all = false
    @Flag(help: "Do not ask before --all.")
    var yes = false

    func validate() throws {
        guard choices.count == 1 else {
            let flags = "--tag, --user, --session, --mine, --agent, --model, --key, --glob, --all"
            throw ValidationError("Say what is to be forgotten, with one of \(flags).")
        }
    }

    func run() async throws {
        if all && !yes { try confirm() }
        try await ClientFault.explained {
            let target = try client.target()
            if mine, target.hasOnlyAdminToken {
                throw ClientFault("An admin has no answers of their own; set QUINTET_API_KEY, or use --all.")
            }
            try await GatewayClient.with(target) { client in
                let isOwn = tag != nil || user != nil || session != nil || mine
                let response = try await client.send(.POST, "/api/cache/invalidate", body, as: isOwn ? .client : .admin)
                guard let words = Self.words(try await client.json(response).root) else {
                    throw client.target.foreign("its answer is not a cache's")
                }
                try Terminal.say(words)
            }
        }
    }

    private func confirm() throws {
        guard Screen.hasKeyboard else {
            Terminal.complain("--all forgets everything, of all tenants. Say --yes where nobody can be asked.")
            throw ExitCode.failure
        }
        try Terminal.write("Forget everything, of all tenants? [y/N] ")
        guard ["y", "yes"].contains(readLine()?.lowercased()) else {
            Terminal.complain("Nothing was forgotten.")
            throw ExitCode.failure
        }
    }

    /// The field of the request, and its text; none for `all`.
    private var choices: [(field: StaticString, value: String?)] {
        let named: [(StaticString, String?)] = [
            ("tag", tag), ("user", user), ("session", session), ("agent", agent), ("model", model), ("key", key), ("glob", glob),
        ]
        return named.filter { $0.1 != nil } + (mine ? [("tenant", "self")] : []) + (all ? [("all", nil)] : [])
    }

    var body: ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                for choice in choices {
                    $0.key(choice.field)
                    if let value = choice.value { $0.string(value) } else { $0.bool(true) }
                }
            }
        }
    }

    /// What was removed from where; nil for what is not such an answer.
    static func words(_ answer: JSONValue) -> String? {
        guard let removed = answer["removed"], let total = answer["total"]?.int else { return nil }
        let tiers = removed.children.filter { !$0.isNull }.map { "\($0.int ?? 0) from \($0.key ?? "")" }
        let text = total == 0 ? "Nothing was there to forget." : "Forgot \(total): \(tiers.joined(separator: ", "))."
        guard answer["remote_pending"]?.bool == true else { return text }
        return text + " Redis could not be told yet; the gateway tells it again, and gives none of these answers until then."
    }
}
