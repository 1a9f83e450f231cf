package import Core
package import NIOCore

/// A chat completion request: the few fields that the gateway reads, over the bytes that the caller sent.
///
/// Everything it does not know stays in the document and reaches the provider byte for byte.
package struct ChatRequest: Sendable {
    /// The whole request.
    package let document: JSONDocument
    /// What the caller asked for by name: a model, `auto`, `agent/dev`.
    package let model: String
    /// Whether the answer is to be streamed.
    package let isStream: Bool
    /// Whether the caller wants a usage chunk at the end of the stream.
    package let wantsUsage: Bool
    /// What the model must be able to do.
    package let needs: Abilities
    /// Estimated tokens of the prompt: of its texts, tool calls and tools, and a fixed amount for each message and image.
    package let promptTokens: Int
    /// `max_completion_tokens`, or the older `max_tokens`.
    package let outputTokenLimit: Int?
    /// `reasoning_effort`, where it is one that the gateway knows.
    package let reasoningEffort: RequestFacts.ReasoningEffort?
    package let messageCount: Int
    /// `n`.
    package let choiceCount: Int
    /// What the caller wants of the gateway itself; never sent on.
    package var policy: RequestPolicy
    /// What the body's `cache` says; never sent on.
    package let cache: CacheDirectives
    /// `user`: who the caller's own user is.
    package let user: String?

    /// The request's fields that are for the gateway itself.
    static let ownFields: Set<String> = ["quintet", "cache"]
    let hasOwnFields: Bool
    let wantsLogProbabilities: Bool
    let modelValue: JSONValue
    let messages: JSONValue

    /// Reads a request.
    ///
    /// - Throws: ``GatewayError`` that names the field which cannot be used.
    package init(_ body: ByteBuffer) throws(GatewayError) {
        try self.init(JSONDocument.ofRequest(body))
    }

    package init(_ document: JSONDocument) throws(GatewayError) {
        let root = try document.requestObject
        try Self.refuseDoubledFields(in: root)
        guard let modelValue = root["model"], !modelValue.isNull else {
            throw .missing("model", "You must name a model: 'auto', 'agent/dev' or one that GET /v1/models lists.")
        }
        guard let model = modelValue.string, !model.isEmpty else {
            throw .invalid("model", "'model' must be a non-empty string, not \(modelValue.kind.withArticle).")
        }
        let isStream = try root.optional("stream", as: .boolean)?.bool ?? false
        let streamOptions = try root.optional("stream_options", as: .object)
        if streamOptions != nil, !isStream {
            throw .invalid("stream_options", "'stream_options' is only allowed when 'stream' is true.")
        }
        let messages = try ChatMessages(of: root)

        self.document = document
        self.model = model
        self.modelValue = modelValue
        self.isStream = isStream
        wantsUsage = try streamOptions?.optional("include_usage", as: .boolean)?.bool ?? false
        outputTokenLimit = try Self.outputLimit(root)
        choiceCount = try Self.choiceCount(root)
        try Self.checkSampling(root)
        let (own, wishes) = (root["quintet"], root["cache"])
        policy = try RequestPolicy(own)
        cache = try CacheDirectives(wishes)
        hasOwnFields = own != nil || wishes != nil
        user = root["user"]?.string
        wantsLogProbabilities = root["logprobs"]?.bool ?? false || root["top_logprobs"]?.int ?? 0 > 0
        let tools = try root.optional("tools", as: .array)
        var needs = messages.needs
        if let tools, !tools.isEmpty { needs.insert(.tools) }
        if let format = try root.optional("response_format", as: .object), format["type"]?.string == "json_schema" {
            needs.insert(.responseSchema)
        }
        self.needs = needs
        self.messages = messages.value
        messageCount = messages.count
        reasoningEffort = root["reasoning_effort"]?.string.flatMap(RequestFacts.ReasoningEffort.init(rawValue:))
        var text = messages.text
        if let tools { tools.add(to: &text) }
        promptTokens = text.tokens + messages.count * TokenEstimate.perMessage + messages.images * Self.tokensOfImage
    }

    /// An image of usual size.
    private static let tokensOfImage = 800

    /// The last user message's text, its parts joined; empty where there is none.
    package var lastUserText: String {
        var last: JSONValue?
        for message in messages.children where message["role"]?.string == "user" { last = message["content"] }
        return last.map(ChatMessages.text(of:)) ?? ""
    }

    /// Messages of the user before the last one that say what a conversation is about.
    private static let earlierLimit = 4

    /// The texts of the user's messages before the last one, the newest first; the newest few of a long conversation.
    package var earlierUserTexts: [String] {
        var newest: [JSONValue?] = []
        for message in messages.children where message["role"]?.string == "user" {
            if newest.count > Self.earlierLimit { newest.removeFirst() }
            newest.append(message["content"])
        }
        return newest.dropLast().reversed().map { $0.map(ChatMessages.text(of:)) ?? "" }
    }

    /// A number for the conversation that this request goes on with: the same for all its turns, within this process. It is
    /// made of the messages up to the user's first, which every turn repeats.
    package var conversationHash: UInt64 {
        var end = messages.range.lowerBound
        for message in messages.children {
            end = message.range.upperBound
            if message["role"]?.string == "user" { break }
        }
        var hasher = Hasher()
        document.bytes.withUnsafeReadableBytes { bytes in
            let beginning = UnsafeRawBufferPointer(rebasing: bytes[messages.range.lowerBound..<end])
            // Texts that agree in length, beginning and end are taken for the same.
            hasher.combine(beginning.count)
            hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: beginning.prefix(Self.hashedBytes)))
            hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: beginning.suffix(Self.hashedBytes)))
        }
        return UInt64(truncatingIfNeeded: hasher.finalize())
    }

    private static let hashedBytes = 2048

    /// Most fields of a request; OpenAI's own has about 40.
    private static let fieldLimit = 256

    /// A field that stands twice would mean one thing here and another at the provider.
    private static func refuseDoubledFields(in root: JSONValue) throws(GatewayError) {
        var fields = root.children
        guard fields.reduce(0, { count, _ in count + 1 }) <= fieldLimit else {
            throw GatewayError(.invalidJSON, .client, "The request has more than \(fieldLimit) fields.")
        }
        while let field = fields.next() {
            guard let key = field.key else { throw GatewayError(.invalidJSON, .client, "A field's name has a bad escape.") }
            // Requests have a dozen fields, so comparing each with those behind it is cheaper than a set.
            for other in fields where other.key == key {
                throw .invalid(key, "'\(key)' stands twice in the request; send it once.")
            }
        }
    }

    private static func outputLimit(_ root: JSONValue) throws(GatewayError) -> Int? {
        var limit: Int?
        for name in ["max_tokens", "max_completion_tokens"] as [StaticString] {
            guard let value = try root.optional(name, as: .number) else { continue }
            guard let tokens = value.int, tokens >= 1 else {
                throw .invalid("\(name)", "'\(name)' must be a whole number of at least 1.")
            }
            limit = tokens
        }
        return limit
    }

    private static func choiceCount(_ root: JSONValue) throws(GatewayError) -> Int {
        guard let value = try root.optional("n", as: .number) else { return 1 }
        guard let n = value.int, (1...128).contains(n) else {
            throw .invalid("n", "'n' must be a whole number from 1 to 128.")
        }
        return n
    }

    private static func checkSampling(_ root: JSONValue) throws(GatewayError) {
        if let value = try root.optional("temperature", as: .number)?.double {
            guard (0...2).contains(value) else { throw .invalid("temperature", "'temperature' must be from 0 to 2.") }
        }
        if let value = try root.optional("top_p", as: .number)?.double {
            guard (0...1).contains(value) else { throw .invalid("top_p", "'top_p' must be from 0 to 1.") }
        }
    }
}

extension JSONValue {
    /// The member, if it is there, not null, and of that kind.
    ///
    /// - Throws: an error that names the field, when it is of another kind.
    func optional(_ name: StaticString, as kind: Kind) throws(GatewayError) -> JSONValue? {
        guard let value = self[name], !value.isNull else { return nil }
        guard value.kind == kind else {
            throw .invalid("\(name)", "'\(name)' must be \(kind.withArticle), not \(value.kind.withArticle).")
        }
        return value
    }
}

extension JSONValue.Kind {
    var withArticle: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .null: "null"
        default: "a \(rawValue)"
        }
    }
}
