package import NIOCore

/// Writes Anthropic's answers, the whole ones and the failures, as OpenAI's.
package enum AnthropicAnswer {
    /// A message as a chat completion; nil for bytes that are no message.
    ///
    /// - Parameter created: the answer's time, in seconds since 1970.
    package static func whole(_ body: ByteBuffer, created: Int) -> ByteBuffer? {
        guard let root = try? JSONDocument(body).root, root["type"]?.string == "message",
            let content = root["content"], content.kind == .array
        else { return nil }
        let message = Message(content)
        let stop = AnthropicStop(root)
        var usage = AnthropicUsage()
        usage.take(root["usage"])
        return JSONWriter.text { writer in
            writer.object {
                $0.member("id", "chatcmpl-\(root["id"]?.string ?? "")")
                $0.member("object", "chat.completion")
                $0.key("created")
                $0.integer(created)
                $0.member("model", root["model"]?.string ?? "")
                $0.key("choices")
                $0.array {
                    $0.object {
                        $0.key("index")
                        $0.integer(0)
                        $0.key("message")
                        $0.object { $0.add(message, refusal: stop?.refusal) }
                        $0.member("finish_reason", stop?.finishReason ?? "stop")
                    }
                }
                guard usage.isKnown else { return }
                $0.key("usage")
                usage.write(into: &$0)
            }
        }
    }

    /// A failed call's body as an OpenAI error: `{"error":{"message","type","param","code"}}`.
    ///
    /// The code is one that ``ProviderFailure`` knows where the status alone does not tell what is wrong.
    package static func error(status: Int, body: ByteBuffer) -> ByteBuffer {
        AnthropicFailure((try? JSONDocument(body))?.root, status: status).body
    }

    /// What a message's blocks say.
    fileprivate struct Message {
        var text = ""
        var reasoning = ""
        var trail = ""
        var calls: [JSONValue] = []

        init(_ content: JSONValue) {
            var signatures = ReasoningTrail()
            for block in content.children {
                switch block["type"]?.string {
                case "text": text += block["text"]?.string ?? ""
                case "thinking":
                    let thought = block["thinking"]?.string ?? ""
                    reasoning += thought
                    trail += signatures.add(bytes: thought.utf8.count, signature: block["signature"]?.string ?? "") ?? ""
                case "redacted_thinking": trail += signatures.add(encrypted: block["data"]?.string ?? "")
                case "tool_use": calls.append(block)
                default: break
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func add(_ message: AnthropicAnswer.Message, refusal: JSONValue?) {
        member("role", "assistant")
        key("content")
        string(orNull: message.text.isEmpty && !message.calls.isEmpty ? nil : message.text)
        key("refusal")
        if let refusal { json(refusal.text) } else { null() }
        if !message.reasoning.isEmpty { member("reasoning_content", message.reasoning) }
        if !message.trail.isEmpty { member("reasoning_signature", message.trail) }
        guard !message.calls.isEmpty else { return }
        key("tool_calls")
        array { writer in
            for call in message.calls {
                writer.object {
                    $0.member("id", call["id"])
                    $0.member("type", "function")
                    $0.key("function")
                    $0.object {
                        $0.member("name", call["name"])
                        $0.member("arguments", call["input"].map { String(buffer: $0.text) } ?? "{}")
                    }
                }
            }
        }
    }
}
