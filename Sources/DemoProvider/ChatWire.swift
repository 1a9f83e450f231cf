import NIOCore

/// Writes one answer in OpenAI's words. Every piece of a stream carries the same id and creation time.
struct ChatWire: Sendable {
    var answer: Answer
    let model: String
    let id = "chatcmpl-demo" + String(UInt64.random(in: .min ... .max), radix: 36)
    let created: Int
    /// Whether the usage is asked for: it comes in a chunk of its own then, and all others say `null`.
    let includesUsage: Bool

    private static let fingerprint = "fp_quintet_demo"

    /// The answer as one object.
    var plain: JSON {
        [
            "id": .string(id), "object": "chat.completion", "created": .integer(created), "model": .string(model),
            "choices": .array(
                answer.choices.enumerated().map { index, choice in
                    [
                        "index": .integer(index), "message": message(choice), "logprobs": nil,
                        "finish_reason": .string(choice.finishReason),
                    ]
                }),
            "usage": answer.usage, "system_fingerprint": .string(Self.fingerprint),
        ]
    }

    private func message(_ choice: Answer.Choice) -> JSON {
        var members: [(key: String, value: JSON)] = [
            ("role", "assistant"), ("content", JSON(choice.content)), ("refusal", nil),
        ]
        if !choice.toolCalls.isEmpty {
            members.append(("tool_calls", .array(choice.toolCalls.map { call($0, arguments: $0.arguments) })))
        }
        return .object(members)
    }

    private func call(_ call: Answer.ToolCall, arguments: String) -> JSON {
        [
            "id": .string(call.id), "type": "function",
            "function": ["name": .string(call.name), "arguments": .string(arguments)],
        ]
    }
}

// MARK: Streams

extension ChatWire {
    static let done = ByteBuffer(string: "data: [DONE]\n\n")

    /// The first chunk of every choice, which names the role.
    var openings: ByteBuffer {
        events(answer.choices.indices.map { index in
            let content: JSON = answer.choices[index].toolCalls.isEmpty ? "" : nil
            return chunk(index, ["role": "assistant", "content": content, "refusal": nil])
        })
    }

    /// The tokens of all choices side by side: each element has the next token of every choice that isn't at its end.
    var rounds: [ByteBuffer] {
        let deltas = answer.choices.map(deltas)
        let count = deltas.lazy.map(\.count).max() ?? 0
        return (0..<count).map { round in
            events(deltas.indices.filter { round < deltas[$0].count }.map { chunk($0, deltas[$0][round]) })
        }
    }

    /// The last chunk of every choice, which says why it ended.
    var endings: ByteBuffer {
        events(answer.choices.indices.map { chunk($0, [:], finishReason: answer.choices[$0].finishReason) })
    }

    /// The chunk with the usage, when it was asked for.
    var usage: ByteBuffer? {
        guard includesUsage else { return nil }
        return events([frame(choices: [], usage: answer.usage)])
    }

    /// One event of a stream.
    static func event(_ json: JSON) -> ByteBuffer {
        ByteBuffer(string: "data: \(json.rendered)\n\n")
    }

    private func events(_ chunks: [JSON]) -> ByteBuffer {
        ByteBuffer(string: chunks.map { "data: \($0.rendered)\n\n" }.joined())
    }

    private func chunk(_ index: Int, _ delta: JSON, finishReason: String? = nil) -> JSON {
        let choice: JSON = [
            "index": .integer(index), "delta": delta, "logprobs": nil, "finish_reason": JSON(finishReason),
        ]
        return frame(choices: [choice], usage: nil)
    }

    private func frame(choices: [JSON], usage: JSON) -> JSON {
        var members: [(key: String, value: JSON)] = [
            ("id", .string(id)), ("object", "chat.completion.chunk"), ("created", .integer(created)),
            ("model", .string(model)), ("system_fingerprint", .string(Self.fingerprint)), ("choices", .array(choices)),
        ]
        if includesUsage { members.append(("usage", usage)) }
        return .object(members)
    }

    private func deltas(_ choice: Answer.Choice) -> [JSON] {
        guard choice.toolCalls.isEmpty else { return choice.toolCalls.enumerated().flatMap(fragments) }
        return Self.pieces(of: choice.content ?? "").map { ["content": .string($0)] }
    }

    /// A tool call in a stream: its name first, then its arguments in fragments.
    private func fragments(_ index: Int, _ toolCall: Answer.ToolCall) -> [JSON] {
        guard case .object(let members) = call(toolCall, arguments: "") else { return [] }
        let first: JSON = .object([("index", .integer(index))] + members)
        let rest = Self.pieces(of: toolCall.arguments).map { piece -> JSON in
            ["index": .integer(index), "function": ["arguments": .string(piece)]]
        }
        return ([first] + rest).map { ["tool_calls": [$0]] }
    }

    /// Cuts a text into tokens: words with the space before them, long words in parts.
    private static func pieces(of text: String) -> [String] {
        var pieces: [String] = []
        var piece = ""
        for character in text {
            if !piece.isEmpty, character == " " || piece.utf8.count >= 16 {
                pieces.append(piece)
                piece = ""
            }
            piece.append(character)
        }
        if !piece.isEmpty { pieces.append(piece) }
        return pieces
    }
}
