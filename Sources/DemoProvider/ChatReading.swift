#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif
import Hummingbird
import NIOCore

extension ChatBody {
    /// How many choices a request may ask for.
    static let choiceLimit = 8

    /// Reads a request body; says in OpenAI's words what is wrong with it.
    static func read(_ buffer: ByteBuffer) throws -> ChatBody {
        let body: ChatBody
        do {
            body = try JSONDecoder().decode(ChatBody.self, from: Data(buffer.readableBytesView))
        } catch let error as DecodingError {
            throw DemoError(error)
        }
        try body.check()
        return body
    }

    private func check() throws {
        guard !messages.isEmpty else {
            throw DemoError.invalid("messages", "expected at least one message", code: "empty_array")
        }
        guard (1...Self.choiceLimit).contains(choiceCount) else {
            throw DemoError.invalid("n", "expected a number from 1 to \(Self.choiceLimit)", code: "invalid_value")
        }
        guard (tokenLimit ?? 1) >= 1 else {
            let field = maxCompletionTokens == nil ? "max_tokens" : "max_completion_tokens"
            throw DemoError.invalid(field, "expected a number of at least 1", code: "integer_below_min_value")
        }
        guard stops.count <= 4 else {
            throw DemoError.invalid("stop", "expected at most 4 strings", code: "array_above_max_length")
        }
    }
}

extension DemoError {
    static func invalid(_ field: String, _ why: String, code: String) -> DemoError {
        DemoError(status: .badRequest, message: "Invalid '\(field)': \(why).", param: field, code: code)
    }

    /// Names the field that couldn't be read.
    init(_ error: DecodingError) {
        switch error {
        case .keyNotFound(let key, let context):
            let field = Self.path(context.codingPath + [key])
            self.init(
                status: .badRequest, message: "Missing required parameter: '\(field)'.", param: field,
                code: "missing_required_parameter")
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let field = Self.path(context.codingPath)
            self = field.isEmpty ? .brokenJSON : .invalid(field, "it has the wrong type", code: "invalid_type")
        case .dataCorrupted(let context):
            let field = Self.path(context.codingPath)
            self = field.isEmpty ? .brokenJSON : .invalid(field, "it has an unknown value", code: "invalid_value")
        @unknown default:
            self = .brokenJSON
        }
    }

    private static let brokenJSON = DemoError(
        status: .badRequest, message: "We could not parse the JSON body of your request. It must be one JSON object.")

    /// The path as OpenAI writes it: `messages[0].content`.
    private static func path(_ keys: [any CodingKey]) -> String {
        keys.reduce(into: "") { path, key in
            if let index = key.intValue {
                path += "[\(index)]"
            } else {
                path += path.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
    }
}
