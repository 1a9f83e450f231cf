import Core
import NIOCore

/// How long the answer may get, and how much the model thinks before it.
///
/// A caller's own `thinking` object passes as it is. OpenAI's `reasoning_effort` becomes
/// - on a model that takes sampling: thinking on a budget, at most half of the answer's limit where the caller set one;
/// - on one that takes none: adaptive thinking at that effort. The models that refuse `temperature` are those that
///   refuse budgets. What they think is asked for in summary, so that a stream shows life while they do.
///
/// A forced tool call and a conversation to be continued rule thinking out; so does, on a budget, a tool call in the
/// history that came without its thoughts.
struct AnthropicEffort {
    let maxTokens: Int
    /// The `thinking` field.
    private(set) var thinking: ByteBuffer?
    /// `output_config.effort`.
    private(set) var level: String?
    /// Whether the model thinks, and so takes no sampling.
    private(set) var thinks = false

    /// Where nobody says how long an answer may get.
    private static let defaultLimit = 4096
    private static let smallestBudget = 1024

    init(
        _ request: ChatRequest, model: Model, agent: Agent?, conversation: AnthropicTurns, forcesTool: Bool
    ) throws(GatewayError) {
        let root = request.document.root
        let asked = request.outputTokenLimit ?? agent?.maxTokens
        let window = model.outputWindow ?? .max
        if let own = try root.optional("thinking", as: .object) {
            // A budget must stay below the limit; the caller's limit is the caller's business.
            let budget = max(0, own["budget_tokens"]?.int ?? 0)
            maxTokens = min(asked ?? budget + Self.defaultLimit, window)
            thinking = own.text
            thinks = own["type"]?.string != "disabled"
            return
        }
        let effort = try Effort(root)
        maxTokens = min(asked ?? (effort?.budget ?? 0) + Self.defaultLimit, window)
        guard let effort else { return }
        let mayThink = effort.budget > 0 && !forcesTool && !conversation.isPrefill
        if !model.acceptsSampling {
            level = effort.level
            if mayThink { think { $0.member("type", "adaptive"); $0.member("display", "summarized") } }
        } else if mayThink, !conversation.callsToolUnthinking, maxTokens > Self.smallestBudget {
            let budget = max(Self.smallestBudget, min(effort.budget, asked == nil ? maxTokens - 1 : maxTokens / 2))
            think { $0.member("type", "enabled"); $0.key("budget_tokens"); $0.integer(budget) }
        }
    }

    private mutating func think(_ members: (inout JSONWriter) -> Void) {
        thinking = JSONWriter.text { $0.object(members) }
        thinks = true
    }
}

/// `reasoning_effort`.
private enum Effort: String, CaseIterable {
    case none, minimal, low, medium, high, xhigh, max

    init?(_ root: JSONValue) throws(GatewayError) {
        guard let value = try root.optional("reasoning_effort", as: .string) else { return nil }
        guard let effort = value.string.flatMap(Effort.init(rawValue:)) else {
            let names = Effort.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalid("reasoning_effort", "'reasoning_effort' must be one of \(names), not \(value.quoted).")
        }
        self = effort
    }

    /// Tokens to think with; 0 for no thinking.
    var budget: Int {
        switch self {
        case .none, .minimal: 0
        case .low: 1024
        case .medium: 4096
        case .high: 16384
        case .xhigh, .max: 32768
        }
    }

    /// Anthropic's name for it.
    var level: String {
        switch self {
        case .none, .minimal: "low"
        default: rawValue
        }
    }
}
