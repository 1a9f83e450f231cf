import Crypto
import Foundation
import Synchronization
import TestKit

/// All of a request that its answer depends on.
struct LoadQuestion: Sendable, Hashable {
    let prompt: String
    let choices: Int
    let hasTools: Bool
    let temperature: Int?

    init(prompt: String, choices: Int = 1, hasTools: Bool = false, temperature: Int? = nil) {
        (self.prompt, self.choices, self.hasTools, self.temperature) = (prompt, choices, hasTools, temperature)
    }

    /// As the provider reads it.
    init?(body: [UInt8]) {
        guard let body = try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any],
            let prompt = (body["messages"] as? [[String: Any]])?.last?["content"] as? String
        else { return nil }
        self.init(
            prompt: prompt, choices: body["n"] as? Int ?? 1, hasTools: body["tools"] != nil, temperature: body["temperature"] as? Int)
    }

    /// What a sound provider says to it: a digest of the whole question, here and there a long one.
    func answer(_ choice: Int) -> String {
        let words = "\(prompt)|\(choices)|\(hasTools)|\(temperature ?? -1)|\(choice)"
        let digest = SHA256.hash(data: Array(words.utf8)).map { String($0, radix: 16) }
        let length = digest[0].hasPrefix("a") ? 60 : 1
        return (0..<length).map { "\($0): " + digest.joined(separator: " ") }.joined(separator: "\n")
    }
}

/// A provider whose answers follow from the questions, and whose faults are drawn.
final class LoadProvider: Sendable {
    /// All calls of all providers have numbers of their own, which their answers carry.
    static let calls = Atomic<Int>(0)

    private let random: Mutex<SplitMix64>

    init(seed: UInt64) { random = Mutex(SplitMix64(seed: seed)) }

    private func draw(_ limit: Int) -> Int { random.withLock { Int.random(in: 0..<limit, using: &$0) } }

    /// The call's number in `system_fingerprint`.
    static func call(of fingerprint: String) -> Int? {
        fingerprint.hasPrefix("call-") ? Int(fingerprint.dropFirst(5)) : nil
    }

    func script(for request: RecordedRequest) -> Script {
        let call = Self.calls.add(1, ordering: .sequentiallyConsistent).newValue
        guard let question = LoadQuestion(body: request.body) else { return .status(400) }
        let isStream = request.bodyText.contains(#""stream":true"#)
        let answer = LoadAnswer(question: question, call: call)
        switch draw(100) {
        case ..<4: return .status(500)
        case ..<6: return .status(429, retryAfter: 0)
        case ..<8: return [.reset]
        case ..<9: return [.hang]
        case ..<10: return .json(body: #"{"choices":[{"index":0,"message":"#)
        case ..<12: return isStream ? .stream(events: answer.chunks(isCut: true)) : .json(body: answer.whole(isCut: true))
        case ..<17: return isStream ? cut(answer.chunks()) : cut(answer.whole())
        case ..<19: return isStream ? .stream(events: answer.chunks().dropLast(2), done: false) : cut(answer.whole())
        case ..<22:
            let script: Script = isStream ? .stream(events: answer.chunks()) : .json(body: answer.whole())
            return script.sliced(every: 100, gap: .milliseconds(1)).after(.pause(.milliseconds(draw(200))))
        default: return isStream ? .stream(events: answer.chunks()) : .json(body: answer.whole())
        }
    }

    private func cut(_ events: [String]) -> Script {
        .stream(events: events, cutAfter: 1 + draw(events.count), cut: draw(2) == 0 ? .close : .reset)
    }

    private func cut(_ body: String) -> Script {
        let head = Script.head(status: 200, headers: ["Content-Type": "application/json", "Content-Length": "\(body.utf8.count)"])
        return [.bytes(head + String(body.prefix(draw(body.count)))), draw(2) == 0 ? .close : .reset]
    }
}

/// One call's answer in the API's shapes, written by hand.
private struct LoadAnswer {
    let question: LoadQuestion
    let call: Int

    private var opening: String { #""id":"chatcmpl-\#(call)","created":1,"model":"there","system_fingerprint":"call-\#(call)""# }
    private static let usage = #"{"prompt_tokens":9,"completion_tokens":3,"total_tokens":12}"#

    private func text(_ choice: Int, _ isCut: Bool) -> String {
        let text = question.answer(choice)
        return isCut ? String(text.prefix(text.count / 2)) : text
    }

    private func finish(_ isCut: Bool) -> String { isCut ? "length" : question.hasTools ? "tool_calls" : "stop" }

    /// - Parameter isCut: it ends at the limit of tokens.
    func whole(isCut: Bool = false) -> String {
        let choices = (0..<question.choices).map { choice in
            let text = Chat.quote(text(choice, isCut))
            let content = question.hasTools
                ? #""content":null,"tool_calls":[{"id":"t\#(choice)","type":"function","function":{"name":"look","arguments":\#(text)}}]"#
                : #""content":\#(text)"#
            return #"{"index":\#(choice),"message":{"role":"assistant",\#(content)},"finish_reason":"\#(finish(isCut))"}"#
        }
        return #"{\#(opening),"object":"chat.completion","choices":[\#(choices.joined(separator: ","))],"usage":\#(Self.usage)}"#
    }

    func chunks(isCut: Bool = false) -> [String] {
        func chunk(_ choice: Int, _ delta: String, _ finish: String = "null") -> String {
            let choice = #"{"index":\#(choice),"delta":\#(delta),"finish_reason":\#(finish)}"#
            return #"{\#(opening),"object":"chat.completion.chunk","choices":[\#(choice)]}"#
        }
        var chunks = (0..<question.choices).map { chunk($0, #"{"role":"assistant","content":\#(question.hasTools ? "null" : "\"\"")}"#) }
        for choice in 0..<question.choices {
            var rest = Substring(text(choice, isCut))
            let size = max(15, rest.count / 12)
            var isFirst = true
            while !rest.isEmpty {
                let piece = Chat.quote(String(rest.prefix(size)))
                rest = rest.dropFirst(size)
                let names = isFirst ? #""id":"t\#(choice)","type":"function","# : ""
                let name = isFirst ? #""name":"look","# : ""
                chunks.append(
                    chunk(
                        choice,
                        question.hasTools
                            ? #"{"tool_calls":[{"index":0,\#(names)"function":{\#(name)"arguments":\#(piece)}}]}"# : #"{"content":\#(piece)}"#))
                isFirst = false
            }
        }
        chunks += (0..<question.choices).map { chunk($0, "{}", "\"\(finish(isCut))\"") }
        return chunks + [#"{\#(opening),"object":"chat.completion.chunk","choices":[],"usage":\#(Self.usage)}"#]
    }
}
