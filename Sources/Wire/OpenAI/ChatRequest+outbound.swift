package import Core
package import NIOCore

extension ChatRequest {
    /// The request as one deployment gets it: its own model name, the agent's prompt and sampling where there is an
    /// agent, and usage asked for; all else untouched.
    ///
    /// - Parameters:
    ///   - agent: whose prompt goes before the caller's messages. Its temperature and token limit count only where
    ///     the caller sent none and the model takes them.
    package func body(for model: Model, at deployment: Deployment, of provider: Provider, agent: Agent?) -> ByteBuffer {
        var edits = JSONEdits()
        edits.replace(modelValue.range, with: JSONWriter.text { $0.string(deployment.modelName) })
        if let agent { edits.add(agent, to: self, model: model, limitField: provider.outputLimitField) }
        // The gateway always wants to know what a stream cost, also where the caller does not.
        if isStream, !wantsUsage, provider.acceptsStreamOptions { edits.askForUsage(of: document.root) }
        return edits.applied(to: document)
    }
}

extension JSONEdits {
    fileprivate mutating func add(
        _ agent: Agent, to request: ChatRequest, model: Model, limitField: Provider.OutputLimitField
    ) {
        let root = request.document.root
        insertElement(
            JSONWriter.text { writer in
                writer.object {
                    $0.key("role")
                    $0.string("system")
                    $0.key("content")
                    $0.string(agent.prompt)
                }
            }, into: request.messages)
        if model.acceptsSampling, let temperature = agent.temperature, root["temperature"] == nil, root["top_p"] == nil {
            insertMember("temperature", root) { $0.number(temperature) }
        }
        if let limit = agent.maxTokens, request.outputTokenLimit == nil {
            insertMember(limitField.rawValue, root) { $0.integer(min(limit, model.outputWindow ?? limit)) }
        }
    }

    fileprivate mutating func askForUsage(of root: JSONValue) {
        guard let options = root["stream_options"], options.kind == .object else {
            if let null = root["stream_options"] {
                replace(null.range, with: ByteBuffer(string: #"{"include_usage":true}"#))
            } else {
                insertMember("stream_options", root) { $0.object { $0.key("include_usage"); $0.bool(true) } }
            }
            return
        }
        if let refused = options["include_usage"] {
            replace(refused.range, with: ByteBuffer(string: "true"))
        } else {
            insertMember("include_usage", options) { $0.bool(true) }
        }
    }

    private mutating func insertMember(
        _ name: String, _ object: JSONValue, _ value: (inout JSONWriter) -> Void
    ) {
        var member = JSONWriter.text { $0.string(name) }
        member.writeStaticString(":")
        member.writeImmutableBuffer(JSONWriter.text(value))
        insertMember(member, into: object)
    }
}
