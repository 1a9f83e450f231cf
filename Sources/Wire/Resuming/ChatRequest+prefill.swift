package import Core
import NIOCore

extension ChatRequest {
    /// Whether a broken answer to it could be taken up at all: one choice, and nothing asked for besides its text that a
    /// second model would have to begin anew.
    package var canBeResumed: Bool { isStream && choiceCount == 1 && !wantsLogProbabilities }

    /// The request for the rest of an answer that begins with this text; nil where it cannot be asked for: a text of white
    /// space alone, or a conversation that already ends with words of the assistant's.
    ///
    /// White space at the text's end is left out: providers refuse it, and models continue badly from it. The answer's
    /// limit is lowered by about what the text took, and thinking, which would begin the answer anew, is off.
    package func prefilled(with text: String, _ prefill: Provider.Prefill) -> ChatRequest? {
        let kept = text.withoutTrailingBlanks.kept
        let last = messages.children.reduce(nil) { _, message in message }
        guard !kept.isEmpty, last?["role"]?.string != "assistant" else { return nil }
        let root = document.root
        var edits = JSONEdits()
        edits.appendElement(
            JSONWriter.text { writer in
                writer.object {
                    $0.key("role")
                    $0.string("assistant")
                    $0.key("content")
                    $0.string(kept)
                    $0.add(prefill.messageFields)
                }
            }, toFilled: messages)
        for name in ["max_tokens", "max_completion_tokens"] as [StaticString] {
            guard let value = root[name], let limit = value.int else { continue }
            edits.replace(value.range, with: JSONWriter.text { $0.integer(max(1, limit - kept.utf8.count / 4)) })
        }
        if let thinking = root["thinking"], !thinking.isNull {
            edits.replace(thinking.range, with: ByteBuffer(string: #"{"type":"disabled"}"#))
        }
        for (name, value) in prefill.requestFields.sorted(by: { $0.key < $1.key }) {
            if let own = root.children.first(where: { $0.key == name }) {
                edits.replace(own.range, with: JSONWriter.text { $0.bool(value) })
            } else {
                var member = JSONWriter.text { $0.string(name) }
                member.writeString(value ? ":true" : ":false")
                edits.insertMember(member, into: root)
            }
        }
        return (try? JSONDocument(edits.applied(to: document))).flatMap { try? ChatRequest($0) }
    }
}

extension JSONWriter {
    fileprivate mutating func add(_ fields: [String: Bool]) {
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            key(dynamic: name)
            bool(value)
        }
    }
}
