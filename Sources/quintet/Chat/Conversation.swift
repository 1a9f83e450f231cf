import Foundation

/// Questions and answers on a terminal, each with all that was said before.
struct Conversation {
    private let client: GatewayClient
    private var question: ChatQuestion

    init(client: GatewayClient, model: String) {
        self.client = client
        question = ChatQuestion(model: model)
    }

    /// Asks and answers until `/quit` or the end of input. A question that failed is not part of what was said.
    mutating func run() async throws {
        Terminal.complain("Talking to \(question.model) at \(client.target.url). /quit or Ctrl-D ends it.")
        let lines = StandardInput.lines()
        prompt()
        for await line in lines {
            let text = line.trimmingCharacters(in: .whitespaces)
            if text == "/quit" { return }
            if !text.isEmpty { try await ask(text) }
            prompt()
        }
        try Task.checkCancellation()
        Terminal.complain("")
    }

    private func prompt() { FileHandle.standardError.write(Data("> ".utf8)) }

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
