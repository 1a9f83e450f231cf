/// Why an answer ended.
struct AnthropicStop {
    /// OpenAI's word for it. It has none for `pause_turn`, which leaves a turn unfinished: the caller is to send it back.
    let finishReason: String
    /// What a refusal says of itself.
    let refusal: JSONValue?

    /// - Parameter holder: the object with `stop_reason` and `stop_details`. nil where it gives no reason.
    init?(_ holder: JSONValue?) {
        guard let reason = holder?["stop_reason"]?.string else { return nil }
        finishReason =
            switch reason {
            case "max_tokens", "model_context_window_exceeded", "pause_turn": "length"
            case "tool_use": "tool_calls"
            case "refusal": "content_filter"
            default: "stop"
            }
        let explanation = holder?["stop_details"]?["explanation"]
        refusal = reason == "refusal" && explanation?.isNonEmptyString == true ? explanation : nil
    }
}
