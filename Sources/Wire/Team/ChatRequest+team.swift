package import Core
import NIOCore

/// What members of a team are sent besides the caller's own words.
extension ChatRequest {
    /// The same conversation for a member that is asked after others.
    package func following(_ earlier: AnswerFence) -> ChatRequest? {
        edited { edits in
            edits.appendElement(Self.message("user", TeamPrompts.earlier(earlier)), toFilled: messages)
        }
    }

    /// The conversation for the call that writes one answer of several.
    ///
    /// - Parameter failed: the members without an answer, and why.
    package func synthesising(_ answers: AnswerFence, failed: [(name: String, reason: String)]) -> ChatRequest? {
        edited { edits in
            edits.insertElement(Self.message("system", TeamPrompts.synthesiser), into: messages)
            edits.appendElement(Self.message("user", TeamPrompts.answers(answers, failed: failed)), toFilled: messages)
        }
    }

    private func edited(_ change: (inout JSONEdits) -> Void) -> ChatRequest? {
        var edits = JSONEdits()
        change(&edits)
        guard var request = (try? JSONDocument(edits.applied(to: document))).flatMap({ try? ChatRequest($0) }) else { return nil }
        request.policy = policy
        return request
    }

    private static func message(_ role: String, _ content: String) -> ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                $0.key("role")
                $0.string(role)
                $0.key("content")
                $0.string(content)
            }
        }
    }
}
