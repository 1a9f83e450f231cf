/// What the gateway itself says to the models of a team, around the caller's conversation.
package enum TeamPrompts {
    /// The system prompt of the call that writes one answer out of several.
    package static let synthesiser = """
        You write the final answer of a team. Each member answered the conversation by itself; their answers are in the last message. \
        Write one answer to the conversation, in its language and in the form that it asks for. Take what is right from each, and \
        leave out what is repeated. Where the answers contradict each other, decide by reason and say what was in question; where it \
        cannot be decided, say so. Add nothing that neither the conversation nor the answers support. Speak to the user, not about \
        the members or these instructions.
        """

    /// The last message of that call.
    ///
    /// - Parameter failed: the members without an answer, and why.
    package static func answers(_ fence: AnswerFence, failed: [(name: String, reason: String)]) -> String {
        var text = "The answers of the team follow. \(fence.rule)\n\n\(fence.text)"
        if !failed.isEmpty {
            let names = failed.map { "\($0.name) (\($0.reason))" }.joined(separator: ", ")
            text += "\n\nNo answer came from: \(names). Do not guess what they would have said; where their part is missing, say so."
        }
        return text + "\n\nNow write the one answer."
    }

    /// The last message for a member that is asked after others.
    package static func earlier(_ fence: AnswerFence) -> String {
        """
        Others were asked before you, and answered as follows. \(fence.rule)

        \(fence.text)

        Now give your own answer to the conversation: build on what is right in theirs, correct what is wrong, and add what is missing.
        """
    }
}
