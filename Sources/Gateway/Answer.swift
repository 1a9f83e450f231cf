package import Core
package import NIOCore
package import Wire

/// Who asks.
package struct Caller: Sendable, Equatable {
    /// Whose answers may be shared: a name made of the client's key, which says nothing of it.
    package var tenant: String
    /// The tenant's own user, and one session of theirs, where the request says so.
    package var user: String?
    package var session: String?

    package init(tenant: String = "local", user: String? = nil, session: String? = nil) {
        self.tenant = tenant
        self.user = user
        self.session = session
    }
}

/// One request on its way in.
package struct Ask: Sendable {
    package let requestID: String
    package let request: ChatRequest
    package let target: RequestFacts.Target
    package let priority: RequestFacts.Priority
    package let requestClass: RequestFacts.RequestClass?
    package let caller: Caller
    /// What the caller wants of the cache.
    package let cache: CacheDirectives
    /// Where the request runs: a call that is made for several runs where the first of them does.
    package let executor: (any TaskExecutor)?
    /// What binds it where it is a team's call.
    var member: Membership?

    struct Membership: Sendable {
        let latestEnd: Instant
        /// Takes its outcome.
        let book: MemberBook
    }

    package init(
        requestID: String, request: ChatRequest, target: RequestFacts.Target,
        priority: RequestFacts.Priority = .normal, requestClass: RequestFacts.RequestClass? = nil, caller: Caller = Caller(),
        cache: CacheDirectives? = nil, executor: (any TaskExecutor)? = nil
    ) {
        self.requestID = requestID
        self.request = request
        self.target = target
        self.priority = priority
        self.requestClass = requestClass
        self.caller = caller
        self.cache = cache ?? request.cache
        self.executor = executor
    }

    /// What the plan needs to know of it.
    package var facts: RequestFacts {
        var facts = RequestFacts(target: target, promptTokens: request.promptTokens)
        facts.priority = priority
        facts.key = caller.tenant
        facts.outputTokenLimit = request.outputTokenLimit
        facts.choiceCount = request.choiceCount
        facts.maxCost = request.policy.maxCost
        facts.allowedModels = request.policy.models
        facts.isStream = request.isStream
        facts.messageCount = request.messageCount
        facts.needs = request.needs
        facts.requestClass = requestClass
        facts.reasoningEffort = request.reasoningEffort
        if target.readsText {
            facts.text = request.lastUserText
            if request.messageCount > 2 { facts.earlierTexts = request.earlierUserTexts }
        }
        return facts
    }

    /// A number for the conversation within this process; nil for a prompt that no provider keeps.
    var conversation: UInt64? {
        guard request.promptTokens >= WarmPrompts.leastTokens else { return nil }
        var hasher = Hasher()
        hasher.combine(caller.tenant)
        if let session = caller.session { hasher.combine(session) } else { hasher.combine(request.conversationHash) }
        return UInt64(truncatingIfNeeded: hasher.finalize())
    }
}

/// Who answered, and what it took.
package struct AnswerHead: Sendable {
    /// The model's name.
    package let model: String
    /// The deployment's id.
    let deployment: String
    package let agent: Agent?
    package let routing: AgentRouter.Routing?
    package let complexity: Complexity?
    /// Why this model; nil for an answer out of the cache.
    package let reason: Plan.Reason?
    /// What was expected of it; nil for one that was not the plan's first, and for an answer out of the cache.
    package var expectation: CostForecast.Expectation?
    /// Those that failed before; the one that answers is not in it while it streams.
    package let failedAttempts: [AttemptRecord]
    /// What the cache had to do with it.
    package var cache = CacheNote.off
    /// What became of the attempt that was started beside a late one; nil where none was.
    package var hedge: HedgeOutcome?

    /// A receipt's line for a request that joined another's call.
    func sharedCall(saved: Money?) -> Receipt.Line {
        Receipt.Line(kind: .sharedCall, model: model, deployment: deployment, outcome: "ok", charge: .nothing, saved: saved)
    }

    /// All attempts, the one that answered included; none for an answer out of the cache.
    package var attemptCount: Int { reason == nil ? 0 : failedAttempts.count + 1 }
}

/// An answer that is all there.
package struct WholeAnswer: Sendable {
    /// The chat completion as JSON.
    package let body: ByteBuffer
    package let usage: Usage?
    /// Zero where the call is on nobody's account, or another's; nil where a part of it is unknown or estimated.
    package let cost: Money?
    package let attempts: [AttemptRecord]
    /// That of an answer for which no call was made.
    private let ownReceipt: Receipt?

    /// Made when somebody asks: most are never read.
    package var receipt: Receipt { ownReceipt ?? attempts.receipt }

    /// As the attempts brought it.
    init(body: ByteBuffer, usage: Usage?, attempts: [AttemptRecord]) {
        self.body = body
        self.usage = usage
        cost = attempts.cost
        self.attempts = attempts
        ownReceipt = nil
    }

    /// One that was there already.
    ///
    /// - Parameter line: what it saved.
    init(body: ByteBuffer, usage: Usage?, withoutCall line: Receipt.Line) {
        self.body = body
        self.usage = usage
        cost = .zero
        attempts = []
        ownReceipt = Receipt([line])
    }

    /// The same for a request that another's call answered.
    func shared(by head: AnswerHead) -> WholeAnswer {
        WholeAnswer(body: body, usage: usage, withoutCall: head.sharedCall(saved: cost))
    }

    /// The first choice's text.
    package var text: String { ProviderAnswer.whole(body)?.text ?? "" }
}

/// What a request gets.
package enum Answer: Sendable {
    case whole(AnswerHead, WholeAnswer)
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
    /// What the attempts cost the caller; nil where nobody was asked.
    package var receipt: Receipt?
    /// What the cheapest candidate would have cost, where all are dearer than the caller's limit.
    package var estimate: PlanFailure.Estimate?
    /// Somebody with more time, or in other words, might have had an answer: the failure is not told to those who joined.
    var isOfItsRequest = false

    /// The error as the caller gets it.
    package func body(withReceipt: Bool) -> ByteBuffer {
        let receipt = withReceipt ? receipt : nil
        guard let providerBody else { return ErrorAnswer.body(of: error, attempts: tried, receipt: receipt, estimate: estimate) }
        return receipt.map { ReceiptWriting.append($0, toErrorOf: providerBody) } ?? providerBody
    }

    /// The same for a request that joined the call of another, which pays for it.
    var shared: AnswerFailure {
        var failure = self
        if receipt != nil { failure.receipt = Receipt([]) }
        return failure
    }
}
