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
        if hasOwnFields { edits.remove(Self.ownFields, from: document.root) }
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
        let leavesSampling = [root["temperature"], root["top_p"]].allSatisfy { $0?.isNull ?? true }
        if model.acceptsSampling, leavesSampling, let temperature = agent.temperature {
            set("temperature", of: root) { $0.number(temperature) }
        }
        if let limit = agent.maxTokens, request.outputTokenLimit == nil {
            set(limitField.rawValue, of: root) { $0.integer(min(limit, model.outputWindow ?? limit)) }
        }
    }

    fileprivate mutating func askForUsage(of root: JSONValue) {
        if let options = root["stream_options"], options.kind == .object {
            set("include_usage", of: options) { $0.bool(true) }
        } else {
            set("stream_options", of: root) { $0.object { $0.key("include_usage"); $0.bool(true) } }
        }
    }

    /// Gives an object's member this value, and the object the member where it has none.
    private mutating func set(_ name: String, of object: JSONValue, _ value: (inout JSONWriter) -> Void) {
        let text = JSONWriter.text(value)
        if let member = object.children.first(where: { $0.key == name }) { return replace(member.range, with: text) }
        var member = JSONWriter.text { $0.string(name) }
        member.writeStaticString(":")
        member.writeImmutableBuffer(text)
        insertMember(member, into: object)
    }
}
