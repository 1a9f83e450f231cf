import Foundation
import TestKit

/// An answer as a caller of the load puts it together.
struct LoadReading: Sendable {
    struct Choice: Sendable {
        var text = ""
        var finish: String?
    }

    enum Ending: Sendable, Equatable {
        case whole
        /// It broke off, and says so.
        case broken
        /// Nothing says how it ended.
        case unsaid
    }

    private(set) var choices: [Int: Choice] = [:]
    /// Calls whose words are in it.
    private(set) var calls: Set<Int> = []
    private(set) var ending = Ending.unsaid

    init(whole body: String) {
        guard let object = Self.object(body) else { return }
        take(object, "message")
        ending = .whole
    }

    init(stream body: String) {
        for event in body.components(separatedBy: "\n\n") where event.hasPrefix("data: ") {
            let data = event.dropFirst(6)
            // Nothing may follow the end.
            guard ending == .unsaid else {
                ending = .unsaid
                return
            }
            if data == "[DONE]" {
                ending = .whole
            } else if let object = Self.object(String(data)) {
                if object["error"] != nil { ending = .broken } else { take(object, "delta") }
            } else {
                return
            }
        }
    }

    private static func object(_ text: String) -> [String: Any]? {
        try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    }

    private mutating func take(_ object: [String: Any], _ member: String) {
        if let call = (object["system_fingerprint"] as? String).flatMap(LoadProvider.call) { calls.insert(call) }
        for choice in object["choices"] as? [[String: Any]] ?? [] {
            guard let index = choice["index"] as? Int else { continue }
            let words = choice[member] as? [String: Any]
            var taken = choices[index] ?? Choice()
            taken.text += words?["content"] as? String ?? ""
            for call in words?["tool_calls"] as? [[String: Any]] ?? [] {
                taken.text += (call["function"] as? [String: Any])?["arguments"] as? String ?? ""
            }
            if let finish = choice["finish_reason"] as? String { taken.finish = finish }
            choices[index] = taken
        }
    }

    /// Why this is no right answer to the question; nil where it is one.
    func fault(for question: LoadQuestion, isHit: Bool) -> String? {
        guard ending != .unsaid else { return "it ends without a word" }
        // A stream may have broken off before its later choices began.
        guard choices.count == question.choices || ending == .broken else { return "it has \(choices.count) choices" }
        for (index, choice) in choices {
            let right = question.answer(index)
            guard right.hasPrefix(choice.text) else { return "choice \(index) says '\(choice.text.prefix(200))', not '\(right.prefix(200))'" }
            if ending == .broken { continue }
            switch choice.finish {
            case "length": if isHit { return "an answer that was cut short was kept" }
            case question.hasTools ? "tool_calls" : "stop": if choice.text != right { return "choice \(index) is cut short: '\(choice.text.suffix(80))'" }
            default: return "choice \(index) ended by \(choice.finish ?? "nothing")"
            }
        }
        return nil
    }
}
