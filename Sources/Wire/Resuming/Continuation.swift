package import Core
import NIOCore

/// Makes a second stream the continuation of a first one that broke off: it skips what the caller already has, drops what
/// must not come twice, and gives the chunks the first stream's id, time and model, so that clients see one stream.
///
/// The first chunk that goes out says so: `"quintet":{"resumed":{"model":…,"by":…}}`.
package struct Continuation: Sendable {
    package enum Step: Sendable, Equatable {
        /// Part of the continuation.
        case pass(SSEEvent)
        /// Nothing new in it.
        case drop
        /// The model said something else than the caller already has; why, in words.
        case diverged(String)
    }

    /// Who goes on, and how.
    package let resumption: Resumption
    /// The first stream's `id`, `created` and `model`, as they were sent.
    private let identity: [(name: String, text: ByteBuffer)]
    private var overlap: Overlap
    /// Half of an escaped surrogate pair, whose other half comes with the next piece.
    private var half = ByteBuffer()
    private var isDeclared = false
    /// What the second stream said and the caller does not get: it is paid for all the same.
    package private(set) var dropped = ContentSize()

    /// The continuation of a text by a model that was asked for the same answer anew.
    package static func restart(of delivered: DeliveredText, text: String, model: String) -> Continuation {
        Continuation(delivered, Overlap(required: text), Resumption(model: model, by: .restart))
    }

    /// The continuation of a text by a model that got it as the beginning of its own answer.
    ///
    /// - Parameter isEchoed: the answer begins with it once more.
    package static func prefill(of delivered: DeliveredText, text: String, model: String, isEchoed: Bool) -> Continuation {
        // Blanks at the end were not sent, so the model may begin with them.
        let (kept, blanks) = text.withoutTrailingBlanks
        return Continuation(
            delivered, Overlap(required: isEchoed ? kept : "", blanks: blanks), Resumption(model: model, by: .prefill))
    }

    private init(_ delivered: DeliveredText, _ overlap: Overlap, _ resumption: Resumption) {
        self.overlap = overlap
        self.resumption = resumption
        let root = delivered.opening.flatMap { try? JSONDocument($0).root }
        identity = ["id", "created", "model"].compactMap { name in
            root?.children.first { $0.key == name }.map { (name, $0.text) }
        }
    }

    /// Whether the stream must first say again what the caller has.
    package var repeatsText: Bool { overlap.required > 0 }

    /// What becomes of the second stream's next event. What is no chunk passes, for others to judge.
    package mutating func take(_ event: SSEEvent) -> Step {
        guard let root = try? JSONDocument(event.data).root, root.kind == .object, !root.reportsError,
            let choices = root["choices"], choices.kind == .array
        else { return .pass(event) }
        var edits = JSONEdits()
        var isNew = choices.isEmpty && root["usage"]?.kind == .object
        for choice in choices.children {
            guard choice["index"]?.int ?? 0 == 0 else { return .diverged("it began another choice") }
            if let delta = choice["delta"], delta.kind == .object {
                guard let rest = rest(of: delta) else { return .diverged("it did not repeat the text so far") }
                edits.replace(delta.range, with: rest.json)
                isNew = isNew || rest.isNew
            }
            if choice["finish_reason"]?.string != nil {
                guard overlap.isSatisfied else { return .diverged("it ended before the text so far was repeated") }
                isNew = true
            }
        }
        guard isNew else { return .drop }
        return .pass(SSEEvent(json: signed(root, edits)))
    }

    /// A delta without what the caller has, and without the role and the thoughts, which must not come twice; nil where it
    /// says something else.
    private mutating func rest(of delta: JSONValue) -> (json: ByteBuffer, isNew: Bool)? {
        var members: [(key: String, text: ByteBuffer)] = []
        var isNew = false
        for member in delta.children {
            guard let key = member.key, key != "role" else { continue }
            guard !ProviderAnswer.reasoningFields.contains(key) else {
                dropped.thought += member.escapedLength ?? 0
                continue
            }
            if key == "content", member.kind == .string {
                let said = text(of: member)
                guard let new = overlap.skip(said) else { return nil }
                dropped.written += said.utf8.count - new.utf8.count
                members.append((key, JSONWriter.text { $0.string(new) }))
                isNew = isNew || !new.isEmpty
            } else {
                if member.saysSomething {
                    guard overlap.isSatisfied else { return nil }
                    isNew = true
                }
                members.append((key, member.text))
            }
        }
        let json = JSONWriter.text { writer in
            writer.object {
                for (key, text) in members {
                    $0.key(dynamic: key)
                    $0.json(text)
                }
            }
        }
        return (json, isNew)
    }

    /// A piece's text, with the half character that the last piece left over.
    private mutating func text(of content: JSONValue) -> String {
        var escaped = half
        let inner = content.text
        escaped.writeImmutableBuffer(inner.getSlice(at: inner.readerIndex + 1, length: inner.readableBytes - 2) ?? ByteBuffer())
        half = ByteBuffer()
        if EscapedText.endsInsideCharacter(escaped.readableBytesView) {
            half.writeBytes(escaped.readableBytesView.suffix(6))
            escaped.moveWriterIndex(to: escaped.writerIndex - 6)
        }
        return EscapedText.decode(escaped) ?? content.string ?? ""
    }

    /// The chunk under the first stream's name; the first one declares what it is.
    private mutating func signed(_ root: JSONValue, _ edits: JSONEdits) -> ByteBuffer {
        var edits = edits
        for (name, text) in identity {
            if let own = root.children.first(where: { $0.key == name }) { edits.replace(own.range, with: text) }
        }
        if !isDeclared {
            isDeclared = true
            edits.insertMember(declaration, into: root)
        }
        return edits.applied(to: root.document)
    }

    private var declaration: ByteBuffer {
        var member = ByteBuffer(string: #""quintet":"#)
        member.writeImmutableBuffer(
            JSONWriter.text { writer in
                writer.object {
                    $0.key("resumed")
                    $0.object {
                        $0.key("model")
                        $0.string(resumption.model)
                        $0.key("by")
                        $0.string(resumption.by.rawValue)
                    }
                }
            })
        return member
    }
}
