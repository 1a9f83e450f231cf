import Foundation

/// Questions and answers on a terminal, each with all that was said before.
struct Conversation {
    private let client: GatewayClient
    private var question: ChatQuestion

    init(client: GatewayClient, model: String) {
        self.client = client
        question = ChatQuestion(model: model)
    }

    private static let help = """
        Each line is a question, asked with all that was said before.
        /quit or /exit  end the conversation, as Ctrl-D does
        /help           say this
        Ctrl-C ends the answer that runs, and the command.
        """

    /// Asks and answers until `/quit` or the end of input. A question that failed is not part of what was said.
    mutating func run() async throws {
        Terminal.complain("Talking to \(question.model) at \(client.target.url). /quit or Ctrl-D ends it, /help says more.")
        let lines = StandardInput.lines()
        prompt()
        for await line in lines {
            let text = line.trimmingCharacters(in: .whitespaces)
            switch text {
            case "/quit", "/exit": return
            case "/help": Terminal.complain(Self.help)
            case "": break
            default: try await ask(text)
            }
            prompt()
        }
        try Task.checkCancellation()
        Terminal.complain("")
    }

    private func prompt() { Terminal.note("> ") }

    private mutating func ask(_ text: String) async throws {
        question.messages.append(.init(role: .user, text: text))
        do {
            let (answer, fault) = try await ChatCall(client: client, question: question).run()
            if let fault { throw fault }
            question.messages.append(.init(role: .assistant, text: Self.said(answer)))
        } catch let fault as ClientFault {
            Terminal.complain(fault.description)
            question.messages.removeLast()
        }
    }

    /// What the next question is told that was answered: of a team its synthesis, else everybody's words.
    static func said(_ answer: ChatAnswer) -> String {
        if let synthesis = answer.synthesis { return synthesis.text }
        let members = answer.members.filter { !$0.text.isEmpty }
        if members.count == 1 { return members[0].text }
        return members.map { "\($0.agent ?? "answer"): \($0.text)" }.joined(separator: "\n\n")
    }
}
