package import Core
package import NIOCore

/// A request of `POST /api/ai/v4/chat/multi-agent`.
package struct NativeTeamRequest: Sendable {
    package let chat: ChatRequest
    package let wishes: TeamWishes
    /// `use_cache`: whether an answer may come from the cache, or go into it.
    package let usesCache: Bool
    /// `session_id`.
    package let session: String?

    private static let fields = [
        "message", "agents", "combine", "collaboration_mode", "quorum", "max_cost", "deadline_seconds", "context", "use_cache",
        "session_id", "stream", "quintet",
    ]

    /// Reads a request.
    ///
    /// - Throws: ``GatewayError`` that names the field which cannot be used.
    package init(_ body: ByteBuffer) throws(GatewayError) {
        let document: JSONDocument
        do { document = try JSONDocument(body) } catch {
            throw GatewayError(
                .invalidJSON, .client, "The request body cannot be read: \(error.problem.rawValue) (near byte \(error.offset)).")
        }
        let root = document.root
        guard root.kind == .object else {
            throw GatewayError(.invalidJSON, .client, "The request body must be a JSON object, not \(root.kind.withArticle).")
        }
        try root.refuseFields(besides: Self.fields)
        guard let message = try root.optional("message", as: .string) else {
            throw .missing("message", "You must send 'message', the text to answer.")
        }
        guard message.isNonEmptyString, message.string != nil else {
            throw .invalid("message", "'message' must be a non-empty string with valid escapes.")
        }
        usesCache = try root.optional("use_cache", as: .boolean)?.bool ?? true
        session = try root.optional("session_id", as: .string)?.string
        wishes = try Self.wishes(root)
        let turns = try root.optional("context", as: .array).map { Array($0.children) } ?? []
        let context = turns.suffix(NativeRequest.contextLimit)
        var chat: ChatRequest
        do {
            chat = try ChatRequest(
                NativeRequest.chatBody(
                    model: TeamRequest.modelName, context: context, message: message, policy: root["quintet"],
                    isStream: try root.optional("stream", as: .boolean)?.bool ?? false))
        } catch { throw error.inContext(from: context.startIndex) }
        if let value = root["deadline_seconds"], !value.isNull {
            chat.policy.deadline = try value.seconds(at: "deadline_seconds", upTo: 3600)
        }
        chat.policy.maxCost = wishes.maxCost ?? chat.policy.maxCost
        self.chat = chat
    }

    /// `combine` here; `quintet` may not say it once more.
    private static func wishes(_ root: JSONValue) throws(GatewayError) -> TeamWishes {
        var wishes = TeamWishes()
        (wishes.names.agents, wishes.names.combine) = ("agents", "combine")
        (wishes.names.quorum, wishes.names.maxCost) = ("quorum", "max_cost")
        if let own = root["quintet"], let key = own.children.lazy.compactMap(\.key).first(where: TeamWishes.ownKeys.contains) {
            throw .invalid("quintet.\(key)", "Here 'quintet.\(key)' is a field of its own: agents, combine, collaboration_mode, quorum.")
        }
        if let value = root["agents"], !value.isNull { wishes.agents = try value.names(at: "agents") }
        if let value = root["combine"], !value.isNull { wishes.combine = try value.choice(at: "combine") }
        if let value = root["collaboration_mode"], !value.isNull {
            wishes.isInTurn = try value.choice(at: "collaboration_mode") as TeamMode == .sequential
        }
        if let value = root["quorum"], !value.isNull { wishes.quorum = try value.wholeNumber(at: "quorum") }
        if let value = root["max_cost"], !value.isNull { wishes.maxCost = try value.dollars(at: "max_cost") }
        return wishes
    }
}
