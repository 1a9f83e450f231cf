import NIOCore

/// What a caller must hand back, untouched, for the model to go on with its thoughts after a tool call.
///
/// Anthropic signs each thought, and wants thoughts and signatures back as they were. OpenAI's shape has no place for
/// them, so `reasoning_content` holds the thoughts' text and `reasoning_signature` their signatures. Both are strings
/// that clients join, so the second says itself where one thought ends and the next begins:
///
///     <signature of the first thought>[;<bytes of a further thought>:<its signature>]…
///
/// With one thought, as is usual, it is just the signature. A thought that was sent encrypted stands there as `;-:<data>`.
struct ReasoningTrail: Sendable {
    private var isEmpty = true

    init() {}

    /// What to add for a thought of that many bytes; nil where there is nothing to hand back.
    mutating func add(bytes: Int, signature: String) -> String? {
        defer { isEmpty = false }
        if isEmpty { return signature.isEmpty ? nil : signature }
        return ";\(bytes):\(signature)"
    }

    /// What to add for an encrypted thought.
    mutating func add(encrypted data: String) -> String {
        isEmpty = false
        return ";-:\(data)"
    }

    /// A thought, as it came from Anthropic.
    enum Thought: Equatable {
        case signed(String, signature: String)
        case encrypted(String)
    }

    /// Takes apart what a caller handed back. Empty where it does not add up: then the model starts to think anew.
    static func thoughts(_ text: String, _ trail: String) -> [Thought] {
        let segments = trail.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
        var further: [(bytes: Int?, value: String)] = []
        for segment in segments.dropFirst() {
            let parts = segment.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return [] }
            let bytes = Int(String(decoding: parts[0], as: UTF8.self))
            guard bytes.map({ $0 >= 0 }) ?? parts[0].elementsEqual("-".utf8) else { return [] }
            further.append((bytes, String(decoding: parts[1], as: UTF8.self)))
        }
        var rest = text.utf8[...]
        let known = further.reduce(0) { sum, next in
            let (total, overflow) = sum.addingReportingOverflow(next.bytes ?? 0)
            return overflow ? .max : total
        }
        guard known <= rest.count else { return [] }
        var thoughts: [Thought] = []
        func take(_ bytes: Int, _ signature: String) {
            let thought = String(decoding: rest.prefix(bytes), as: UTF8.self)
            rest = rest.dropFirst(bytes)
            if !signature.isEmpty { thoughts.append(.signed(thought, signature: signature)) }
        }
        take(rest.count - known, String(decoding: segments[0], as: UTF8.self))
        for (bytes, value) in further {
            if let bytes { take(bytes, value) } else { thoughts.append(.encrypted(value)) }
        }
        return thoughts
    }
}

extension AnthropicBlock {
    /// The thoughts that come back with an assistant's message: `thinking_blocks` as other gateways return them, else
    /// ``ReasoningTrail``'s two fields. Thoughts without a signature are another provider's, and are left out.
    static func thoughts(of message: JSONValue) -> [AnthropicBlock] {
        if let blocks = message["thinking_blocks"], blocks.kind == .array, !blocks.isEmpty {
            return blocks.children.map { AnthropicBlock(.thinking, $0.text) }
        }
        guard let trail = message["reasoning_signature"]?.string, !trail.isEmpty else { return [] }
        return ReasoningTrail.thoughts(message["reasoning_content"]?.string ?? "", trail).map { thought in
            AnthropicBlock(.thinking) {
                switch thought {
                case .signed(let text, let signature):
                    $0.member("type", "thinking")
                    $0.member("thinking", text)
                    $0.member("signature", signature)
                case .encrypted(let data):
                    $0.member("type", "redacted_thinking")
                    $0.member("data", data)
                }
            }
        }
    }
}
