/// What the demo reads of a chat completion request. It ignores every other field, as a provider ignores what it doesn't know.
struct ChatBody: Decodable, Sendable {
    let model: String
    let messages: [Message]
    let stream: Bool?
    let streamOptions: StreamOptions?
    let n: Int?
    let maxTokens: Int?
    let maxCompletionTokens: Int?
    let stop: OneOrMany?
    let tools: [Tool]?
    let toolChoice: ToolChoice?
    let parallelToolCalls: Bool?
    let responseFormat: ResponseFormat?

    enum CodingKeys: String, CodingKey {
        case model, messages, stream, n, stop, tools
        case streamOptions = "stream_options"
        case maxTokens = "max_tokens"
        case maxCompletionTokens = "max_completion_tokens"
        case toolChoice = "tool_choice"
        case parallelToolCalls = "parallel_tool_calls"
        case responseFormat = "response_format"
    }

    struct Message: Decodable, Sendable {
        let role: String
        let content: Content?
    }

    struct StreamOptions: Decodable, Sendable {
        let includeUsage: Bool?

        enum CodingKeys: String, CodingKey { case includeUsage = "include_usage" }
    }

    struct Tool: Decodable, Sendable {
        let function: Function?

        struct Function: Decodable, Sendable {
            let name: String
            let parameters: JSON?
        }
    }

    struct ResponseFormat: Decodable, Sendable {
        let type: String
        let jsonSchema: Named?

        enum CodingKeys: String, CodingKey {
            case type
            case jsonSchema = "json_schema"
        }

        struct Named: Decodable, Sendable { let schema: JSON? }
    }
}

// MARK: What the fields mean

extension ChatBody {
    var wantsStream: Bool { stream ?? false }
    var wantsUsage: Bool { streamOptions?.includeUsage ?? false }
    var choiceCount: Int { n ?? 1 }
    var tokenLimit: Int? { maxCompletionTokens ?? maxTokens }
    var stops: [String] { stop?.strings.filter { !$0.isEmpty } ?? [] }

    /// The user's last words; the last message's when no user said anything.
    var question: String {
        (messages.last { $0.role == "user" } ?? messages.last)?.text ?? ""
    }

    /// What a tool answered after the user's last words.
    var toolResult: String? {
        let afterUser = messages.suffix(from: messages.lastIndex { $0.role == "user" } ?? messages.startIndex)
        return afterUser.last { $0.role == "tool" || $0.role == "function" }?.text
    }

    var systemPrompt: String? {
        let prompts = messages.filter { $0.role == "system" || $0.role == "developer" }
        return prompts.isEmpty ? nil : prompts.map(\.text).joined(separator: "\n")
    }

    /// A hash (FNV-1a) of what was said and of a word more. It is the same in every process, as Swift's own `Hasher` isn't.
    func hash(with word: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ text: String) {
            for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        for message in messages {
            mix(message.role)
            mix(message.text)
        }
        mix(word)
        return hash
    }
}

extension ChatBody.Message {
    var text: String { content?.text ?? "" }
}

// MARK: Fields with several shapes

extension ChatBody {
    /// A string, or a list of parts of which the texts count.
    struct Content: Decodable, Sendable {
        let text: String

        private struct Part: Decodable { let text: String? }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self.text = text
            } else {
                text = try container.decode([Part].self).compactMap(\.text).joined(separator: "\n")
            }
        }
    }

    struct OneOrMany: Decodable, Sendable {
        let strings: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let one = try? container.decode(String.self) {
                strings = [one]
            } else {
                strings = try container.decode([String].self)
            }
        }
    }

    /// `"none"`, `"auto"`, `"required"`, or a function that must be called.
    enum ToolChoice: Decodable, Sendable {
        case none, auto, required
        case function(String)

        private struct Named: Decodable { let function: Tool.Function? }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            guard let word = try? container.decode(String.self) else {
                // A choice of another kind (custom tools, a list of allowed ones) leaves the model free.
                self = try container.decode(Named.self).function.map { .function($0.name) } ?? .auto
                return
            }
            switch word {
            case "none": self = .none
            case "auto": self = .auto
            case "required": self = .required
            default:
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "unknown tool_choice")
            }
        }
    }
}
