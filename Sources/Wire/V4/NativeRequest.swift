package import Core
package import NIOCore

/// A request of the native API (`/api/ai/v4/chat/…`), turned into the one shape that the gateway works on.
package struct NativeRequest: Sendable {
    package let chat: ChatRequest
    package let target: RequestFacts.Target
    package let priority: RequestFacts.Priority
    /// `use_cache`: whether an answer may come from the cache, or go into it.
    package let usesCache: Bool
    /// `session_id`.
    package let session: String?

    /// Which of the native endpoints was called.
    package enum Kind: Sendable { case optimized, quick, stream }

    private static let fields = [
        "message", "agent_type", "context", "use_cache", "priority", "session_id", "model", "quintet",
    ]

    /// Reads a request.
    ///
    /// - Throws: ``GatewayError`` that names the field which cannot be used.
    package init(_ body: ByteBuffer, kind: Kind) throws(GatewayError) {
        let body = try NativeBody(body, fields: Self.fields)
        let root = body.root
        usesCache = body.usesCache
        session = body.session
        let model = try root.optional("model", as: .string)?.string
        let agent = try root.optional("agent_type", as: .string)?.string
        target = Self.target(agent: agent, model: model, kind: kind)
        priority = kind == .quick ? .quick : try Self.priority(root)
        do {
            chat = try ChatRequest(
                Self.chatBody(
                    model: model ?? "auto", context: body.context, message: body.message, policy: root["quintet"],
                    isStream: kind == .stream))
        } catch {
            throw error.inContext(from: body.context.startIndex)
        }
    }

    private static func target(agent: String?, model: String?, kind: Kind) -> RequestFacts.Target {
        switch (agent ?? (kind == .quick ? nil : "auto"), model ?? "auto") {
        case (nil, "auto"): .anyModel
        case (nil, let model): .model(model)
        case ("auto", "auto"): .auto
        case ("auto", let model): .autoOnModel(model)
        case (let agent?, "auto"): .agent(agent)
        case (let agent?, let model): .agentOnModel(agent: agent, model: model)
        }
    }

    private static func priority(_ root: JSONValue) throws(GatewayError) -> RequestFacts.Priority {
        guard let value = try root.optional("priority", as: .string) else { return .normal }
        guard let priority = value.string.flatMap(RequestFacts.Priority.init(rawValue:)), priority != .quick else {
            throw .invalid("priority", "'priority' must be one of normal, high, premium, not \(value.quoted).")
        }
        return priority
    }

    static func chatBody(
        model: String, context: ArraySlice<JSONValue>, message: JSONValue, policy: JSONValue?, isStream: Bool
    ) -> ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                $0.key("model")
                $0.string(model)
                $0.key("messages")
                $0.array {
                    for turn in context { $0.json(turn.text) }
                    $0.object {
                        $0.key("role")
                        $0.string("user")
                        $0.key("content")
                        $0.json(message.text)
                    }
                }
                if let policy {
                    $0.key("quintet")
                    $0.json(policy.text)
                }
                if isStream {
                    $0.key("stream")
                    $0.bool(true)
                }
            }
        }
    }
}

extension GatewayError {
    /// The error in the caller's words, who knows `messages` as `context`, of which only the last ones were read.
    func inContext(from first: Int) -> GatewayError {
        guard let param, let match = param.wholeMatch(of: /messages\[(\d+)\](.*)/), let index = Int(match.1) else {
            return self
        }
        let place = "context[\(first + index)]\(match.2)"
        var error = GatewayError(
            code, source, message.replacing("messages[\(index)]", with: "context[\(first + index)]"), param: place)
        error.isRetryable = isRetryable
        return error
    }
}
