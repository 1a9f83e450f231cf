/// Bodies in the shape of OpenAI's chat completions, written by hand so that they owe nothing to the code under test.
package enum Chat {
    /// The `usage` member of an answer.
    package struct Usage: Sendable {
        package var prompt: Int
        package var completion: Int

        package init(prompt: Int, completion: Int) {
            self.prompt = prompt
            self.completion = completion
        }

        fileprivate var json: String {
            #"{"prompt_tokens":\#(prompt),"completion_tokens":\#(completion),"total_tokens":\#(prompt + completion)}"#
        }
    }

    /// A complete, unstreamed answer.
    package static func answer(
        text: String, model: String = "scripted", usage: Usage? = Usage(prompt: 9, completion: 3),
        finish: String = "stop"
    ) -> String {
        let message = #"{"role":"assistant","content":\#(quote(text)),"refusal":null}"#
        let choice = #"{"index":0,"message":\#(message),"logprobs":null,"finish_reason":\#(quote(finish))}"#
        let tail = usage.map { #","usage":\#($0.json)"# } ?? ""
        return #"{\#(opening("chat.completion", model)),"choices":[\#(choice)]\#(tail)}"#
    }

    /// The data of a stream's events: the role, one event per text, the finish reason unless `finish` is nil, and the
    /// usage where there is one. `[DONE]` is the script's affair.
    package static func chunks(
        _ texts: [String], model: String = "scripted", usage: Usage? = nil, finish: String? = "stop"
    ) -> [String] {
        var events = [chunk(#"{"role":"assistant","content":""}"#, model)]
        events += texts.map { chunk(#"{"content":\#(quote($0))}"#, model) }
        if let finish { events.append(chunk("{}", model, finish: quote(finish))) }
        if let usage {
            events.append(#"{\#(opening("chat.completion.chunk", model)),"choices":[],"usage":\#(usage.json)}"#)
        }
        return events
    }

    /// An error body.
    package static func error(message: String, type: String = "server_error", code: Int) -> String {
        #"{"error":{"message":\#(quote(message)),"type":\#(quote(type)),"param":null,"code":"\#(code)"}}"#
    }

    /// A JSON string literal.
    package static func quote(_ text: String) -> String {
        var literal = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": literal += "\\\""
            case "\\": literal += "\\\\"
            case "\n": literal += "\\n"
            case "\r": literal += "\\r"
            case "\t": literal += "\\t"
            case ..<" ":
                let digits = String(scalar.value, radix: 16)
                literal += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: literal.unicodeScalars.append(scalar)
            }
        }
        return literal + "\""
    }

    private static func opening(_ object: String, _ model: String) -> String {
        #""id":"chatcmpl-scripted","object":"\#(object)","created":1700000000,"model":\#(quote(model))"#
    }

    private static func chunk(_ delta: String, _ model: String, finish: String = "null") -> String {
        let choice = #"{"index":0,"delta":\#(delta),"logprobs":null,"finish_reason":\#(finish)}"#
        return #"{\#(opening("chat.completion.chunk", model)),"choices":[\#(choice)]}"#
    }
}
