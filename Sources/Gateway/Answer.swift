package import Core
package import NIOCore
package import Wire

/// One request on its way in.
package struct Ask: Sendable {
    package let requestID: String
    package let request: ChatRequest
    package let target: RequestFacts.Target
    package let priority: RequestFacts.Priority
    package let requestClass: RequestFacts.RequestClass?

    package init(
        requestID: String, request: ChatRequest, target: RequestFacts.Target,
        priority: RequestFacts.Priority = .normal, requestClass: RequestFacts.RequestClass? = nil
    ) {
        self.requestID = requestID
        self.request = request
        self.target = target
        self.priority = priority
        self.requestClass = requestClass
    }

    /// What the plan needs to know of it.
    var facts: RequestFacts {
        var facts = RequestFacts(target: target, promptTokens: request.promptTokens)
        facts.priority = priority
        facts.outputTokenLimit = request.outputTokenLimit
        facts.isStream = request.isStream
        facts.messageCount = request.messageCount
        facts.needs = request.needs
        facts.requestClass = requestClass
        facts.reasoningEffort = request.reasoningEffort
        if target.readsText { facts.text = request.lastUserText }
        return facts
    }
}

/// Who answered, and what it took.
package struct AnswerHead: Sendable {
    package let model: Model
    package let deployment: Deployment
    package let agent: Agent?
    package let routing: AgentRouter.Routing?
    package let complexity: Complexity?
    package let reason: Plan.Reason
    /// Those that failed before; the one that answers is not in it while it streams.
    package let failedAttempts: [AttemptRecord]

    /// All attempts, the one that answered included.
    package var attemptCount: Int { failedAttempts.count + 1 }
}

/// What a request gets.
package enum Answer: Sendable {
    /// The provider's answer as it came, and what was read of it.
    case whole(AnswerHead, body: ByteBuffer, content: ProviderAnswer.Whole, cost: Money?)
    /// A stream whose first content is there.
    case stream(AnswerHead, AnswerStream)
}

/// Why a request got no answer.
package struct AnswerFailure: Error, Sendable {
    package let error: GatewayError
    package var attempts: [AttemptRecord] = []
    /// What was tried, and what was not because it rests.
    package var tried: [ErrorAnswer.Attempt] = []
    /// The provider's own error in the shape that callers read, where it is theirs to see.
    package var providerBody: ByteBuffer?

    /// The error as the caller gets it.
    package var body: ByteBuffer { providerBody ?? ErrorAnswer.body(of: error, attempts: tried) }
}
