import NIOCore

@testable import quintet

/// Streams as they came, each event with its time in milliseconds.
enum ChatRecording {
    /// A single answer, as the gateway streams it.
    static let single: [(Int, String)] = [
        (300, #"{"id":"c","object":"chat.completion.chunk","model":"demo-small","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}"#),
        (400, #"{"id":"c","object":"chat.completion.chunk","model":"demo-small","choices":[{"index":0,"delta":{"content":"Hello"},"finish_reason":null}]}"#),
        (500, #"{"id":"c","object":"chat.completion.chunk","model":"demo-small","choices":[{"index":0,"delta":{"content":" there"},"finish_reason":null}]}"#),
        (600, #"{"id":"c","object":"chat.completion.chunk","model":"demo-small","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#),
        (650, #"{"id":"c","object":"chat.completion.chunk","model":"demo-small","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}"#),
        (700, "[DONE]"),
    ]

    /// Two members that interleave, a third that failed, and their synthesis.
    static let team: [(Int, String)] = [
        (200, member(1, "luna", "Design")), (300, member(0, "dev", "Build it")), (350, member(1, "luna", " first.")),
        (400, member(0, "dev", " now.")), (500, end(1, "luna", "demo-small", cost: 0.0001)), (900, end(0, "dev", "demo-large", cost: 0.002)),
        (950, #"{"choices":[],"quintet":{"failed_agents":[{"agent_type":"atlas","error":"deadline of 2 s"}],"degraded":true}}"#),
        (1200, member(2, "synthesis", "Design, then build.")),
        (1300, end(2, "synthesis", "demo-medium", cost: 0.0005)),
        (1350, #"{"model":"team","choices":[],"usage":{"total_tokens":90},"quintet":{"cost_usd":0.0026}}"#), (1400, "[DONE]"),
    ]

    static func member(_ index: Int, _ agent: String, _ text: String) -> String {
        #"{"model":"demo","choices":[{"index":\#(index),"delta":{"content":"\#(text)"},"finish_reason":null}],"quintet":{"agent":"\#(agent)"}}"#
    }

    static func end(_ index: Int, _ agent: String, _ model: String, cost: Double) -> String {
        #"{"model":"\#(model)","choices":[{"index":\#(index),"delta":{},"finish_reason":"stop"}],"quintet":{"agent":"\#(agent)","cost_usd":\#(cost)}}"#
    }

    /// The answer after each of the events.
    static func played(_ events: [(Int, String)]) -> [ChatAnswer] {
        var answer = ChatAnswer()
        return events.map { time, data in
            _ = answer.take(ByteBuffer(string: data), at: .milliseconds(time))
            return answer
        }
    }
}

extension Screen {
    static func pipe() -> Screen { Screen(isLive: false, width: 80, height: 24, style: .plain) }
    static func live(_ width: Int, _ height: Int = 24, style: Style = .plain) -> Screen {
        Screen(isLive: true, width: width, height: height, style: style)
    }
}
