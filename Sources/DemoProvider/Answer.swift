/// A whole answer, made before its first byte is sent: streamed and plain answers are the same answer.
struct Answer: Sendable {
    struct Choice: Sendable {
        var content: String?
        var toolCalls: [ToolCall] = []
        var finishReason: String
    }

    struct ToolCall: Sendable {
        let id: String
        let name: String
        var arguments: String
    }

    var choices: [Choice]
    private let promptTokens: Int

    /// Answers the request: with tool calls, JSON or prose, whichever was asked for.
    init(to body: ChatBody, by model: DemoModel) {
        let text = DemoText(body: body, model: model)
        let calls = Self.toolCalls(for: body)
        promptTokens = Self.tokens(in: body.messages.reduce(0) { $0 + $1.text.utf8.count })
        choices = (0..<body.choiceCount).map { index in
            guard calls.isEmpty else {
                return Self.limited(calls: calls, to: body.tokenLimit)
            }
            let content = Self.json(for: body, text: text)?.rendered ?? text.prose(choice: index)
            return Self.limited(content: content, to: body.tokenLimit, stops: body.stops)
        }
    }

    /// The same answer with nothing in it, which a provider should never send.
    var emptied: Answer {
        var empty = self
        empty.choices = choices.map { _ in Choice(content: "", finishReason: "stop") }
        return empty
    }

    /// Usage as OpenAI reports it. A token is four bytes of text, rounded up: of the messages' texts on the way in, of content
    /// and tool arguments on the way out.
    var usage: JSON {
        let completionTokens = choices.reduce(0) { sum, choice in
            let arguments = choice.toolCalls.reduce(0) { $0 + $1.arguments.utf8.count }
            return sum + Self.tokens(in: (choice.content?.utf8.count ?? 0) + arguments)
        }
        return [
            "prompt_tokens": .integer(promptTokens),
            "completion_tokens": .integer(completionTokens),
            "total_tokens": .integer(promptTokens + completionTokens),
            "prompt_tokens_details": ["cached_tokens": 0, "audio_tokens": 0],
            "completion_tokens_details": ["reasoning_tokens": 0, "audio_tokens": 0],
        ]
    }

    static let bytesPerToken = 4

    static func tokens(in bytes: Int) -> Int {
        (bytes + bytesPerToken - 1) / bytesPerToken
    }
}

// MARK: JSON

extension Answer {
    private static func json(for body: ChatBody, text: DemoText) -> JSON? {
        switch body.responseFormat?.type {
        case "json_object": text.object
        case "json_schema": SchemaFiller.object(for: body.responseFormat?.jsonSchema?.schema ?? [:])
        default: nil
        }
    }
}

// MARK: Tools

extension Answer {
    /// The tools that the user named, or the one that the request forces.
    ///
    /// A named tool isn't called again once it has answered, or an agent's loop would never end.
    private static func toolCalls(for body: ChatBody) -> [ToolCall] {
        let tools = (body.tools ?? []).compactMap(\.function)
        var chosen: [ChatBody.Tool.Function]
        switch body.toolChoice ?? .auto {
        case .none: chosen = []
        case .required: chosen = named(tools, in: body).isEmpty ? Array(tools.prefix(1)) : named(tools, in: body)
        case .function(let name): chosen = tools.filter { $0.name == name }
        case .auto: chosen = body.toolResult == nil ? named(tools, in: body) : []
        }
        if body.parallelToolCalls == false { chosen = Array(chosen.prefix(1)) }
        return chosen.prefix(callLimit).enumerated().map { index, tool in
            ToolCall(
                id: "call_demo" + String(body.hash(with: tool.name) &+ UInt64(index), radix: 36), name: tool.name,
                arguments: SchemaFiller.object(for: tool.parameters ?? [:]).asObject.rendered)
        }
    }

    private static func named(_ tools: [ChatBody.Tool.Function], in body: ChatBody) -> [ChatBody.Tool.Function] {
        guard !tools.isEmpty else { return [] }
        // A question may have megabytes and a request many tools; the beginning of the question is enough to look at.
        let question = body.question.prefix(16_384).lowercased()
        return tools.prefix(toolLimit).filter { !$0.name.isEmpty && question.contains($0.name.lowercased()) }
    }

    private static let callLimit = 8
    private static let toolLimit = 128
}

extension JSON {
    /// Tool arguments are always an object, whatever the tool's schema says.
    fileprivate var asObject: JSON {
        if case .object = self { self } else { [:] }
    }
}

// MARK: Limits

extension Answer {
    private static func limited(content: String, to limit: Int?, stops: [String]) -> Choice {
        var content = content
        for stop in stops {
            if let range = content.firstRange(of: stop) { content = String(content[..<range.lowerBound]) }
        }
        let cut = prefix(of: content, tokens: limit)
        return Choice(content: cut, finishReason: cut.utf8.count < content.utf8.count ? "length" : "stop")
    }

    private static func limited(calls: [ToolCall], to limit: Int?) -> Choice {
        var choice = Choice(content: nil, finishReason: "tool_calls")
        var left = limit
        for var call in calls {
            if left == 0 { break }
            let whole = call.arguments.utf8.count
            call.arguments = prefix(of: call.arguments, tokens: left)
            left = left.map { max($0 - tokens(in: call.arguments.utf8.count), 0) }
            if call.arguments.utf8.count < whole { choice.finishReason = "length" }
            choice.toolCalls.append(call)
        }
        if choice.toolCalls.count < calls.count { choice.finishReason = "length" }
        return choice
    }

    /// As many whole characters as the tokens pay for.
    private static func prefix(of text: String, tokens: Int?) -> String {
        guard let tokens, tokens < Self.tokens(in: text.utf8.count) else { return text }
        var prefix = ""
        for character in text {
            guard prefix.utf8.count + character.utf8.count <= tokens * bytesPerToken else { break }
            prefix.append(character)
        }
        return prefix
    }
}
