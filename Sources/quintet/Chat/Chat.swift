import ArgumentParser

/// `quintet chat`.
struct Chat: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a running gateway, and read the answer as it comes.",
        discussion: """
            With TEXT, or a message through a pipe, it asks once; else it is a conversation, which /quit or Ctrl-D ends. \
            Ctrl-C ends the call that runs, with status 130.
            """)

    @OptionGroup var client: ClientFlags
    @Option(
        defaultAsFlag: "",
        help: "Let several agents answer at once: 'dev+luna', or without names those that fit.")
    var team: String?
    @Option(help: "A model's name, agent/<name>, or auto (the default): agent and model that fit.")
    var model: String?
    @Argument(help: "What to ask.")
    var text: String?

    func validate() throws {
        if team != nil, model != nil { throw ValidationError("--team chooses the models itself: leave out --model or --team.") }
    }

    func run() async throws {
        let asked = Self.asked(team: team, model: model, text: text)
        try await ClientFault.explained {
            let target = try client.target()
            if let text = asked.text { return try await Self.ask(asked.model, text, target) }
            guard Screen.hasKeyboard else {
                guard let text = try await StandardInput.text() else {
                    throw ClientFault("What came through the pipe is no text, or more than \(StandardInput.limit >> 20) MiB.")
                }
                return try await Self.ask(asked.model, text, target)
            }
            try await Interrupt.ends {
                try await GatewayClient.with(target) { client in
                    var conversation = Conversation(client: client, model: asked.model)
                    try await conversation.run()
                }
            }
        }
    }

    /// What the flags come to. A `--team` with blanks is no list of names, but the text behind a bare `--team`.
    static func asked(team: String?, model: String?, text: String?) -> (model: String, text: String?) {
        guard var team else { return (model ?? "auto", text) }
        var text = text
        if text == nil, team.contains(where: \.isWhitespace) { (team, text) = ("", team) }
        return (team.isEmpty ? "team" : "team/\(team)", text)
    }

    private static func ask(_ model: String, _ text: String, _ target: GatewayTarget) async throws {
        guard text.contains(where: { !$0.isWhitespace }) else { throw ClientFault("There is nothing to ask: the message is empty.") }
        try await Interrupt.ends {
            try await GatewayClient.with(target) { client in
                let question = ChatQuestion(model: model, messages: [.init(role: .user, text: text)])
                if let fault = try await ChatCall(client: client, question: question).run().fault { throw fault }
            }
        }
    }
}
