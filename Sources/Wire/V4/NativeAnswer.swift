package import Core
package import NIOCore

/// What the native API tells of an answer, besides its text.
package struct NativeFacts: Sendable {
    package struct Attempt: Sendable {
        package let model: String
        /// `ok`, or the fault.
        package let outcome: String
        package let seconds: Double

        package init(model: String, outcome: String, seconds: Double) {
            self.model = model
            self.outcome = outcome
            self.seconds = seconds
        }
    }

    package var requestID: String
    package var agent: Agent?
    package var model: String
    package var routing: AgentRouter.Routing?
    package var complexity: Complexity?
    package var reason: String
    package var attempts: [Attempt] = []
    /// Whether it came out of the cache.
    package var isCached = false
    package var usage: Usage?
    package var cost: Money?
    package var receipt: Receipt?
    /// Seconds from the request's arrival.
    package var seconds: Double = 0
    /// RFC 3339.
    package var timestamp: String

    package init(requestID: String, model: String, reason: String, timestamp: String) {
        self.requestID = requestID
        self.model = model
        self.reason = reason
        self.timestamp = timestamp
    }
}

/// Writes the answers and events of the native API.
package enum NativeAnswer {
    /// The answer of `/chat/optimized`.
    package static func optimized(_ content: String, _ facts: NativeFacts) -> ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                $0.key("content")
                $0.string(content)
                $0.members(of: facts)
            }
        }
    }

    /// The answer of `/chat/quick`.
    package static func quick(_ content: String, _ facts: NativeFacts) -> ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                $0.key("content")
                $0.string(content)
                $0.key("response_time")
                $0.number(facts.seconds)
                $0.key("cached")
                $0.bool(facts.isCached)
                $0.cost(facts.cost)
                $0.key("model_used")
                $0.string(facts.model)
                $0.receipt(of: facts)
            }
        }
    }

    /// The first event of `/chat/stream`.
    package static func meta(_ facts: NativeFacts) -> ByteBuffer {
        SSEFrame.event(
            "meta",
            JSONWriter.text { writer in
                writer.object {
                    $0.key("type")
                    $0.string("meta")
                    $0.key("request_id")
                    $0.string(facts.requestID)
                    $0.agent(facts.agent)
                    $0.key("model")
                    $0.string(facts.model)
                    $0.key("cached")
                    $0.bool(facts.isCached)
                }
            })
    }

    /// A piece of the text.
    package static func delta(_ text: String) -> ByteBuffer {
        SSEFrame.event(
            "delta",
            JSONWriter.text { writer in
                writer.object {
                    $0.key("type")
                    $0.string("delta")
                    $0.key("content")
                    $0.string(text)
                }
            })
    }

    /// The text goes on from another attempt.
    package static func resumed(_ resumption: Resumption) -> ByteBuffer {
        SSEFrame.event(
            "resumed",
            JSONWriter.text { writer in
                writer.object {
                    $0.key("type")
                    $0.string("resumed")
                    $0.key("model")
                    $0.string(resumption.model)
                    $0.key("by")
                    $0.string(resumption.by.rawValue)
                }
            })
    }

    /// The last event of a whole answer.
    package static func done(finishReason: String?, _ facts: NativeFacts) -> ByteBuffer {
        SSEFrame.event(
            "done",
            JSONWriter.text { writer in
                writer.object {
                    $0.key("type")
                    $0.string("done")
                    $0.key("finish_reason")
                    $0.string(orNull: finishReason)
                    $0.members(of: facts)
                }
            })
    }

    /// The last event of an answer that broke off.
    ///
    /// - Parameter body: the error as callers get it.
    package static func error(_ body: ByteBuffer) -> ByteBuffer {
        SSEFrame.event("error", body)
    }

    /// The answer of `/agents/available`.
    package static func agents(_ agents: [Agent]) -> ByteBuffer {
        JSONWriter.text { writer in
            writer.object {
                $0.key("agents")
                $0.array {
                    for agent in agents { $0.profile(of: agent, withDescription: true) }
                }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func members(of facts: NativeFacts) {
        agent(facts.agent)
        key("model_used")
        string(facts.model)
        key("tokens_used")
        if let usage = facts.usage { integer(usage.totalTokens) } else { null() }
        key("usage")
        self.usage(facts.usage)
        cost(facts.cost)
        key("response_time")
        number(facts.seconds)
        key("cached")
        bool(facts.isCached)
        key("timestamp")
        string(facts.timestamp)
        key("routing")
        routing(facts)
        key("attempts")
        attempts(facts.attempts)
        key("request_id")
        string(facts.requestID)
        receipt(of: facts)
    }

    fileprivate mutating func receipt(of facts: NativeFacts) {
        guard let receipt = facts.receipt else { return }
        key("quintet")
        object { $0.member(receipt) }
    }

    fileprivate mutating func agent(_ agent: Agent?) {
        key("agent")
        if let agent { profile(of: agent, withDescription: false) } else { null() }
    }

    fileprivate mutating func profile(of agent: Agent, withDescription: Bool) {
        object {
            $0.key("id")
            $0.string(agent.id)
            $0.key("name")
            $0.string(agent.name)
            $0.key("role")
            $0.string(agent.role)
            if withDescription {
                $0.key("description")
                $0.string(agent.description)
            }
        }
    }

    private mutating func usage(_ usage: Usage?) {
        guard let usage else { return null() }
        object {
            $0.key("prompt_tokens")
            $0.integer(usage.promptTokens)
            $0.key("completion_tokens")
            $0.integer(usage.completionTokens)
            $0.key("total_tokens")
            $0.integer(usage.totalTokens)
            $0.key("cached_prompt_tokens")
            $0.integer(usage.cachedPromptTokens)
            $0.key("cache_write_5m_tokens")
            $0.integer(usage.cacheWriteTokens)
            $0.key("cache_write_1h_tokens")
            $0.integer(usage.longCacheWriteTokens)
            $0.key("prompt_audio_tokens")
            $0.integer(usage.promptAudioTokens)
            $0.key("prompt_image_tokens")
            $0.integer(usage.promptImageTokens)
            $0.key("reasoning_tokens")
            $0.integer(usage.reasoningTokens)
            $0.key("completion_audio_tokens")
            $0.integer(usage.completionAudioTokens)
        }
    }

    /// In USD; null where it is unknown.
    fileprivate mutating func cost(_ cost: Money?) {
        key("cost")
        if let cost { number(cost.usd) } else { null() }
    }

    private mutating func routing(_ facts: NativeFacts) {
        object {
            $0.key("agent_confidence")
            if let routing = facts.routing { $0.number(routing.confidence) } else { $0.null() }
            if let routing = facts.routing { $0.details(of: routing) }
            $0.key("complexity")
            if let complexity = facts.complexity { $0.number(complexity.score) } else { $0.null() }
            $0.key("complexity_class")
            $0.string(orNull: facts.complexity?.tier.rawValue)
            $0.key("reason")
            $0.string(facts.reason)
        }
    }

    /// What the router found besides the agent.
    private mutating func details(of routing: AgentRouter.Routing) {
        key("is_default")
        bool(routing.isDefault)
        key("runner_up")
        string(orNull: routing.runnerUp?.agent)
        key("runner_up_confidence")
        if let second = routing.runnerUp { number(second.confidence) } else { null() }
        key("evidence")
        array { for word in routing.evidence { $0.string(word) } }
        key("proposal")
        array { for agent in routing.proposal { $0.string(agent) } }
    }

    private mutating func attempts(_ attempts: [NativeFacts.Attempt]) {
        array {
            for attempt in attempts {
                $0.object {
                    $0.key("model")
                    $0.string(attempt.model)
                    $0.key("outcome")
                    $0.string(attempt.outcome)
                    $0.key("seconds")
                    $0.number(attempt.seconds)
                }
            }
        }
    }
}
