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
    @Flag(help: "Let several agents answer at once: those that fit, or those of --members.")
    var team = false
    @Option(help: "The team's agents, as in 'dev+luna'; means --team.")
    var members: String?
    @Option(help: "A model's name, agent/<name>, or auto (the default): agent and model that fit.")
    var model: String?
    @Argument(help: "What to ask.")
    var text: String?

    func validate() throws {
        if team || members != nil, model != nil {
            throw ValidationError("--team chooses the models itself: leave out --model, or --team and --members.")
        }
        if let members, members.isEmpty || members.contains(where: \.isWhitespace) {
            throw ValidationError("--members takes agents' names, as in 'dev+luna'.")
        }
    }

    func run() async throws {
        let asked = asked
        try await ClientFault.explained {
            let target = try client.target()
            if let text { return try await Self.ask(asked, text, target) }
            guard Screen.hasKeyboard else {
                guard let text = try await StandardInput.text() else {
                    throw ClientFault("What came through the pipe is no text, or more than \(StandardInput.limit >> 20) MiB.")
                }
                return try await Self.ask(asked, text, target)
            }
            try await Interrupt.ends {
                try await GatewayClient.with(target) { client in
                    var conversation = Conversation(client: client, model: asked)
                    try await conversation.run()
                }
            }
        }
    }

    /// The request's `model`.
    var asked: String { members.map { "team/\($0)" } ?? (team ? "team" : model ?? "auto") }

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
