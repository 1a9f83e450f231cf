package import Core
import Glibc
package import NIOCore

extension AnswerSignals {
    /// Reads what can be seen of a chat completion; nil for what is none.
    ///
    /// - Parameter request: what was asked for.
    package init?(of completion: ByteBuffer, for request: ChatRequest) {
        guard let root = try? JSONDocument(completion).root, let choices = root["choices"], choices.kind == .array,
            !choices.isEmpty
        else { return nil }
        self.init()
        var probabilities = (sum: 0.0, count: 0)
        for choice in choices.children {
            guard let message = choice["message"], message.kind == .object else { return nil }
            finishReasons.append(choice["finish_reason"]?.string)
            if message["refusal"]?.isNonEmptyString ?? false { isRefusal = true }
            if request.wantsJSON, message["tool_calls"]?.isEmpty ?? true {
                isWellFormed = (isWellFormed ?? true) && message.holdsJSON
            }
            guard let tokens = choice["logprobs"]?["content"], tokens.kind == .array else { continue }
            for token in tokens.children {
                guard let probability = token["logprob"]?.double else { continue }
                probabilities.sum += probability
                probabilities.count += 1
            }
        }
        if probabilities.count > 0 { tokenProbability = min(1, exp(probabilities.sum / Double(probabilities.count))) }
    }
}

extension ChatRequest {
    /// Whether the answer is to be JSON.
    var wantsJSON: Bool {
        guard let type = document.root["response_format"]?["type"]?.string else { return false }
        return type == "json_object" || type == "json_schema"
    }
}

extension JSONValue {
    /// Whether a message's content is a JSON object or array.
    fileprivate var holdsJSON: Bool {
        guard let text = self["content"]?.string, let root = try? JSONDocument(ByteBuffer(string: text)).root else { return false }
        return root.kind == .object || root.kind == .array
    }
}
