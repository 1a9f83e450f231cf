import NIOCore
import Wire

/// What is asked of whom.
struct ChatQuestion: Sendable, Equatable {
    struct Message: Sendable, Equatable {
        enum Role: String, Sendable { case user, assistant }

        let role: Role
        let text: String
    }

    /// The request's `model`: a model, an agent, `auto`, or a team.
    let model: String
    var messages: [Message] = []

    /// Whether several answer side by side.
    var isForTeam: Bool { model == "team" || model.hasPrefix("team/") }

    /// The body of a streamed chat-completions request.
    var body: ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                $0.key("model")
                $0.string(model)
                $0.key("stream")
                $0.bool(true)
                $0.key("stream_options")
                $0.object {
                    $0.key("include_usage")
                    $0.bool(true)
                }
                $0.key("messages")
                $0.array {
                    for message in messages {
                        $0.object {
                            $0.key("role")
                            $0.string(message.role.rawValue)
                            $0.key("content")
                            $0.string(message.text)
                        }
                    }
                }
            }
        }
    }
}
