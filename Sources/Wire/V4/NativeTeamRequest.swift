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
        let body = try NativeBody(body, fields: Self.fields)
        let root = body.root
        usesCache = body.usesCache
        session = body.session
        wishes = try Self.wishes(root)
        var chat: ChatRequest
        do {
            chat = try ChatRequest(
                NativeRequest.chatBody(
                    model: TeamRequest.modelName, context: body.context, message: body.message, policy: root["quintet"],
                    isStream: try root.optional("stream", as: .boolean)?.bool ?? false))
        } catch { throw error.inContext(from: body.context.startIndex) }
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
