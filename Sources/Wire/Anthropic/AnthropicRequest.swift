package import Core
package import NIOCore

/// Writes a chat completion request as a request of Anthropic's Messages API (version 2023-06-01).
///
/// ``AnthropicFields`` lists what becomes of each field.
package enum AnthropicRequest {
    /// The body that a deployment gets.
    ///
    /// - Parameter agent: whose prompt goes before all other instructions. Its temperature and token limit count only
    ///   where the caller sent none and the model takes them.
    /// - Throws: an error that names the field which Anthropic has no way to honour.
    package static func body(
        of request: ChatRequest, for model: Model, at deployment: Deployment, agent: Agent?
    ) throws(GatewayError) -> ByteBuffer {
        let root = request.document.root
        try AnthropicFields.check(root)
        let format = try AnthropicFormat(root, model: model)
        let conversation = try AnthropicTurns(request, agent: agent, instruction: format.instruction)
        let tools = try AnthropicTools(root)
        let effort = try AnthropicEffort(
            request, model: model, agent: agent, conversation: conversation, forcesTool: tools.forcesTool)
        let stop = try stopSequences(root)
        let output = try root.optional("output_config", as: .object)
        return JSONWriter.text { writer in
            writer.object {
                $0.member("model", deployment.modelName)
                $0.key("max_tokens")
                $0.integer(effort.maxTokens)
                if request.isStream {
                    $0.key("stream")
                    $0.bool(true)
                }
                $0.add(conversation)
                $0.add(tools)
                $0.addSampling(root, model: model, agent: agent, thinks: effort.thinks)
                $0.member("stop_sequences", stop)
                $0.member("thinking", effort.thinking)
                $0.addOutput(output, effort: effort.level, format: format.schema)
                $0.addIdentity(root)
                $0.members(of: root, except: AnthropicFields.handled)
            }
        }
    }

    /// `stop_sequences` as the caller sent them, else `stop` without blank ones, which Anthropic refuses.
    private static func stopSequences(_ root: JSONValue) throws(GatewayError) -> ByteBuffer? {
        if let own = try root.optional("stop_sequences", as: .array) { return own.text }
        guard let stop = root["stop"], !stop.isNull else { return nil }
        let sequences = stop.kind == .array ? Array(stop.children) : [stop]
        guard sequences.allSatisfy({ $0.kind == .string }) else {
            throw .invalid("stop", "'stop' must be a string or an array of strings.")
        }
        let kept = sequences.filter { !$0.isBlank }
        guard !kept.isEmpty else { return nil }
        return JSONWriter.text { $0.array { writer in for sequence in kept { writer.text(sequence) } } }
    }
}

extension JSONWriter {
    fileprivate mutating func add(_ conversation: AnthropicTurns) {
        if !conversation.system.isEmpty {
            key("system")
            array { writer in for block in conversation.system { writer.json(block.json) } }
        }
        key("messages")
        array { writer in
            for turn in conversation.turns {
                writer.object {
                    $0.member("role", turn.role.rawValue)
                    $0.key("content")
                    $0.array { writer in for block in turn.blocks { writer.json(block.json) } }
                }
            }
        }
    }

    fileprivate mutating func add(_ tools: AnthropicTools) {
        if !tools.definitions.isEmpty {
            key("tools")
            array { writer in for definition in tools.definitions { writer.json(definition) } }
        }
        member("tool_choice", tools.choice)
    }

    /// `temperature`, `top_p` and `top_k`, as far as Anthropic takes them:
    /// - a model without sampling takes none of them, thinking only a high `top_p`;
    /// - its temperatures end at 1;
    /// - of `temperature` and `top_p` current models take one. The one that says something wins, and of two the first.
    fileprivate mutating func addSampling(_ root: JSONValue, model: Model, agent: Agent?, thinks: Bool) {
        guard model.acceptsSampling else { return }
        let topP = root["top_p"]?.double
        guard !thinks else {
            if let topP, topP >= 0.95 { member("top_p", root["top_p"]) }
            return
        }
        let temperature = root["temperature"]?.double ?? (topP == nil ? agent?.temperature : nil)
        if let temperature, topP == nil || topP == 1 || temperature < 1 {
            key("temperature")
            number(min(1, temperature))
        } else {
            member("top_p", root["top_p"])
        }
        member("top_k", root["top_k"])
    }

    /// `output_config`: the caller's own, and what it leaves open.
    fileprivate mutating func addOutput(_ own: JSONValue?, effort: String?, format: ByteBuffer?) {
        let effort = own?["effort"] == nil ? effort : nil
        let format = own?["format"] == nil ? format : nil
        guard own != nil || effort != nil || format != nil else { return }
        key("output_config")
        object { writer in
            if let own { writer.members(of: own) }
            if let effort { writer.member("effort", effort) }
            writer.member("format", format)
        }
    }

    /// Who asks, and on which terms of service.
    ///
    /// `metadata` is Anthropic's if it has a `user_id`; otherwise it is OpenAI's, with keys of the caller's own that
    /// Anthropic refuses. It also refuses a user that looks like a person's address or number.
    fileprivate mutating func addIdentity(_ root: JSONValue) {
        if let metadata = root["metadata"], metadata["user_id"] != nil {
            member("metadata", metadata)
        } else if let user = root["user"]?.string ?? root["safety_identifier"]?.string, user.isOpaqueIdentifier {
            key("metadata")
            object { $0.member("user_id", user) }
        }
        switch root["service_tier"]?.string {
        case "auto": member("service_tier", "auto")
        case "default", "standard_only": member("service_tier", "standard_only")
        default: break
        }
    }
}

extension String {
    /// Whether it can be an identifier that tells nothing of a person: no e-mail address, no telephone number.
    fileprivate var isOpaqueIdentifier: Bool {
        let bytes = utf8
        guard (1...256).contains(bytes.count), !bytes.contains(UInt8(ascii: "@")) else { return false }
        let looksDialled = bytes.allSatisfy { (0x30...0x39).contains($0) || " +()-".utf8.contains($0) }
        return !(looksDialled && bytes.count >= 7)
    }
}
