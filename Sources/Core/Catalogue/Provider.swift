/// A base URL, a wire API and where its key comes from.
package struct Provider: Sendable, Equatable {
    /// The bytes on the wire.
    package enum API: String, Sendable, CaseIterable {
        /// OpenAI's chat completions.
        case openai
        /// Anthropic's Messages.
        case anthropic
    }

    package let id: String
    package let api: API
    /// Without a trailing slash: `https://api.openai.com/v1`.
    package let baseURL: String
    /// The environment variables that hold its keys, each of which is a way in of its own; none for a provider that needs no
    /// key.
    package let keyVariables: [String]
    /// The environment variable that turns a keyless provider on; nil for one that is always on.
    package let switchVariable: String?
    /// Whether a stream may be asked for its usage (`stream_options`). Some providers reject the field and send
    /// usage unasked.
    package let acceptsStreamOptions: Bool
    /// The field in which it takes an answer's token limit.
    package let outputLimitField: OutputLimitField
    /// Most calls in flight at once, with each key.
    package let inFlightLimit: Int
    /// Whether it can be called.
    package let state: State
    /// How it is asked to go on with a text of the assistant's, where the model does that at all.
    package let prefill: Prefill
    /// The ways in that can be used now; none while it is off.
    package let accesses: [Access]

    /// One way in: with one of the keys, or without any. Calls are limited, balanced and benched by it.
    package struct Access: Sendable, Equatable {
        /// The provider's id, from the second of its keys on with the key's number: `openai#2`. It never shows the key.
        package let id: String
        /// The variable that holds the key; nil where none is needed.
        package let keyVariable: String?

        package init(id: String, keyVariable: String?) {
            self.id = id
            self.keyVariable = keyVariable
        }
    }

    package enum OutputLimitField: String, Sendable, CaseIterable {
        case maxTokens = "max_tokens"
        case maxCompletionTokens = "max_completion_tokens"
    }

    package enum State: Sendable, Equatable {
        case on
        /// Listed, never chosen; with what to do about it.
        case off(mend: String)
    }

    package init(
        id: String, api: API, baseURL: String, keyVariables: [String], switchVariable: String?,
        acceptsStreamOptions: Bool, outputLimitField: OutputLimitField, inFlightLimit: Int, state: State,
        accesses: [Access], prefill: Prefill = Prefill()
    ) {
        self.id = id
        self.api = api
        self.baseURL = baseURL
        self.keyVariables = keyVariables
        self.switchVariable = switchVariable
        self.acceptsStreamOptions = acceptsStreamOptions
        self.outputLimitField = outputLimitField
        self.inFlightLimit = inFlightLimit
        self.state = state
        self.accesses = accesses
        self.prefill = prefill
    }

    /// What a provider wants besides a last message of the assistant's.
    package struct Prefill: Sendable, Equatable {
        /// Members of that message, like Mistral's `prefix`.
        package var messageFields: [String: Bool]
        /// Members of the request, like vLLM's `continue_final_message`.
        package var requestFields: [String: Bool]
        /// The answer begins with the assistant's text once more.
        package var isEchoed: Bool

        package init(messageFields: [String: Bool] = [:], requestFields: [String: Bool] = [:], isEchoed: Bool = false) {
            self.messageFields = messageFields
            self.requestFields = requestFields
            self.isEchoed = isEchoed
        }
    }

    package var isOn: Bool { state == .on }
}
